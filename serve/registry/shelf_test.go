package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/fault"
)

// A table is a shelf in memory: packages of one version each, whose tarballs are their ids.
type table struct {
	packages map[string]*Package
	did      []string
	slow     chan struct{} // Publish waits for it
	publish  fault.Diagnostics
	err      error
}

func newTable(ids ...string) *table {
	t := &table{packages: map[string]*Package{}}
	for _, id := range ids {
		i := strings.LastIndexByte(id, '@')
		name, version := id[:i], id[i+1:]
		p := t.packages[name]
		if p == nil {
			p = &Package{Name: name, Revision: "1-a", Tags: map[string]string{}}
			t.packages[name] = p
		}
		p.Tags["latest"] = version
		p.Versions = append(p.Versions, Version{Version: version, Integrity: "sha512-" + id, Shasum: "cafe", Files: 2, Unpacked: 10, Published: time.Unix(1e9, 0),
			Manifest: fmt.Appendf(nil, `{"name": %q, "version": %q, "description": "for tests", "dependencies": {"a": "1"}, "_secret": 1, "deprecated": "no", "scripts": {"postinstall": "x"}}`, name, version)})
	}
	return t
}

func (t *table) Names(context.Context) ([]string, error) {
	var out []string
	for name := range t.packages {
		out = append(out, name)
	}
	slices.Sort(out)
	return out, nil
}

func (t *table) Package(_ context.Context, name string) (*Package, error) {
	if p := t.packages[name]; p != nil {
		return p, nil
	}
	return nil, &fault.Error{Kind: fault.NotFound, Subject: name, Message: "is not there"}
}

func (t *table) Tarball(ctx context.Context, name, version string) ([]byte, error) {
	p, err := t.Package(ctx, name)
	if err != nil || p.version(version) == nil {
		return nil, missing(name, version)
	}
	return []byte(name + "@" + version), nil
}

func (t *table) Publish(ctx context.Context, u Upload) (fault.Diagnostics, error) {
	if t.slow != nil {
		select {
		case <-t.slow:
		case <-ctx.Done():
		}
	}
	t.note("publish %s@%s %s %q by %s", u.Name, u.Version, u.Tag, u.Tarball, u.By)
	return t.publish, t.err
}

func (t *table) Tag(_ context.Context, name, tag, version string) error {
	t.note("tag %s %s %s", name, tag, version)
	return t.err
}

func (t *table) Untag(_ context.Context, name, tag string) error {
	t.note("untag %s %s", name, tag)
	return t.err
}

func (t *table) Deprecate(_ context.Context, name string, versions []string, message string) error {
	t.note("deprecate %s %v %q", name, versions, message)
	return t.err
}

func (t *table) Unpublish(_ context.Context, name string, versions []string) error {
	t.note("unpublish %s %v", name, versions)
	return t.err
}

func (t *table) note(format string, args ...any) { t.did = append(t.did, fmt.Sprintf(format, args...)) }

// A person holds a token of the same name.
type person string

func (p person) Name() string { return string(p) }

func (p person) May(verb, subject string) error {
	if verb == "read" && p != "writer" || verb == "publish" && p != "reader" && strings.HasPrefix(subject, "@a/") {
		return nil
	}
	return fault.New(fault.Forbidden, "%s may not %s %s", p, verb, subject)
}

func holder(token string) Holder {
	if token == "reader" || token == "writer" || token == "owner" {
		return person(token)
	}
	return nil
}

// ask sends a request, "PUT /@a%2fb", to a registry at /npm/.
func ask(t *testing.T, h http.Handler, line, token, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, "http://edge.example/npm"+path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func serveTable(s *table, change ...func(*Options)) http.Handler {
	o := Options{Shelf: s, Holder: holder, Prefix: "/npm/"}
	for _, f := range change {
		f(&o)
	}
	return Handler(o)
}
