package registry

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
)

const good = `{"name": "@a/b", "dist-tags": {"latest": "2.0.0"}, "versions": {"2.0.0": {"name": "@a/b", "version": "2.0.0"}}, "_attachments": {"@a/b-2.0.0.tgz": {"data": "dGFy", "length": 3}}}`

// TestRequests is what each request does, and what it is answered.
func TestRequests(t *testing.T) {
	const whole = `{"_id": "@a/b", "_rev": "1-a", "name": "@a/b", "versions": {"1.0.0": {"deprecated": "old"}, "1.1.0": {}}}`
	tests := []struct {
		line, token, body string
		status            int
		did, says         string
	}{
		{"GET /@a%2fb", "reader", "", 200, "", `"_rev":"1-a"`},
		{"GET /@a/b", "reader", "", 200, "", `"tarball":"http://edge.example/npm/@a/b/-/b-1.1.0.tgz"`},
		{"GET /@a%2Fb", "writer", "", 200, "", `"dist-tags":{"latest":"1.1.0"}`},
		{"GET /c", "writer", "", 403, "", "may not read"},
		{"GET /@a%2fb", "", "", 401, "", `//edge.example/npm/:_authToken=${FACET_TOKEN}`},
		{"GET /@a%2fb", "stranger", "", 401, "", "not known here"},
		{"GET /@a%2fno", "reader", "", 404, "", `{"error":"@a/no: is not there","reason":"not_found"}`},
		{"GET /@a%2fb/1.0.0", "reader", "", 200, "", `"_id":"@a/b@1.0.0"`},
		{"GET /@a%2fb/latest", "reader", "", 200, "", `"_id":"@a/b@1.1.0"`},
		{"GET /@a%2fb/9.0.0", "reader", "", 404, "", "no version or tag 9.0.0"},
		{"GET /@a%2fb/-/b-1.0.0.tgz", "reader", "", 200, "", "@a/b@1.0.0"},
		{"GET /@a/b/-/b-1.0.0.tgz", "", "", 401, "", "token"},
		{"GET /@a/b/-/c-1.0.0.tgz", "reader", "", 404, "", ""},
		{"GET /@a/b/-/b-1.0.0.zip", "reader", "", 404, "", ""},
		{"GET /c/-/c-1.0.0.tgz", "reader", "", 200, "", "c@1.0.0"},
		{"GET /", "reader", "", 404, "", ""},
		{"GET //x", "reader", "", 404, "", ""},
		{"GET /x//y", "reader", "", 404, "", "nothing at this path"},
		{"PATCH /@a%2fb", "owner", "", 404, "", "does not answer PATCH"},

		{"PUT /@a%2fb", "owner", good, 201, `publish @a/b@2.0.0 latest "tar" by owner`, `{"ok":true}`},
		{"PUT /@a%2fb", "reader", good, 403, "", "may not publish @a/b"},
		{"PUT /c", "owner", good, 403, "", ""},
		{"PUT /@a%2fb", "", good, 401, "", ""},
		{"PUT /@a%2fc", "owner", good, 400, "", `the body is of \"@a/b\", the URL of \"@a/c\"`},
		{"PUT /@a%2fb", "owner", `{`, 400, "", "no package as npm sends it"},
		{"PUT /@a%2fb", "owner", strings.Repeat("[", 100), 422, "", "nested deeper"},
		{"PUT /@a%2fb", "owner", `{"name": "@a/b", "maintainers": []}`, 501, "", "no owners"},

		{"PUT /@a%2fb", "owner", whole, 201, `deprecate @a/b [1.0.0] "old"`, ""},
		{"PUT /@a%2fb", "owner", strings.Replace(whole, "1-a", "1-b", 1), 409, "", "changed since it was read"},
		{"PUT /@a%2fb", "owner", `{"versions": {"1.0.0": {"deprecated": "x"}}}`, 201, `deprecate @a/b [1.0.0] "x"`, ""}, // without a revision nothing is unpublished
		{"PUT /@a%2fb/-rev/1-a", "owner", `{"versions": {"1.0.0": {"deprecated": false}}}`, 201, "unpublish @a/b [1.1.0]", ""},
		{"PUT /@a%2fb/-rev/1-b", "owner", `{"versions": {}}`, 409, "", ""},
		{"PUT /@a%2fb/-rev/1-a", "owner", `{"_id": "@a/b"}`, 501, "", ""},
		{"DELETE /@a%2fb/-rev/1-a", "owner", "", 200, "unpublish @a/b [1.0.0 1.1.0]", ""},
		{"DELETE /@a%2fb/-rev/1-b", "owner", "", 409, "", ""},
		{"DELETE /c/-rev/1-a", "owner", "", 403, "", ""},
		{"DELETE /@a/b/-/b-1.0.0.tgz/-rev/1-a", "owner", "", 409, "", "goes with it"},
		{"DELETE /@a/b/-/b-0.9.0.tgz/-rev/1-a", "owner", "", 200, "", ""},
		{"DELETE /@a/b/-/b-0.9.0.tgz/-rev/1-a", "reader", "", 403, "", ""},

		{"GET /-/package/@a%2fb/dist-tags", "reader", "", 200, "", `{"latest":"1.1.0"}`},
		{"PUT /-/package/@a%2fb/dist-tags/beta", "owner", `"1.0.0"`, 201, "tag @a/b beta 1.0.0", ""},
		{"PUT /-/package/@a%2fb/dist-tags/beta", "owner", `1.0.0`, 400, "", "no version in quotes"},
		{"PUT /-/package/@a%2fb/dist-tags/beta", "reader", `"1.0.0"`, 403, "", ""},
		{"DELETE /-/package/@a%2fb/dist-tags/beta", "owner", "", 200, "untag @a/b beta", ""},
		{"DELETE /-/package/@a%2fb/dist-tags/beta", "", "", 401, "", ""},
		{"POST /-/package/@a%2fb/dist-tags", "owner", "", 404, "", ""},

		{"GET /-/ping", "", "", 200, "", "{}"},
		{"GET /-/whoami", "owner", "", 200, "", `{"username":"owner"}`},
		{"GET /-/whoami", "", "", 401, "", ""},
		{"GET /-/v1/search?text=A&size=1", "reader", "", 200, "", `"total":1`},
		{"GET /-/v1/search", "reader", "", 200, "", `"total":2`},
		{"GET /-/v1/search?from=1&size=x", "reader", "", 200, "", `"name":"c"`},
		{"GET /-/v1/search", "writer", "", 403, "", ""},
		{"POST /-/npm/v1/security/advisories/bulk", "", "{}", 200, "", "{}"},
		{"POST /-/npm/v1/security/audits/quick", "", "{}", 200, "", `"critical":0`},
		{"GET /-/npm/v1/keys", "", "", 200, "", `{"keys":[]}`},
		{"PUT /-/user/org.couchdb.user:me", "", "{}", 501, "", "no accounts"},
		{"POST /-/v1/login", "", "{}", 501, "", "_authToken"},
		{"GET /-/nothing", "owner", "", 404, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.line+" "+tt.token, func(t *testing.T) {
			s := newTable("@a/b@1.0.0", "@a/b@1.1.0", "c@1.0.0")
			w := ask(t, serveTable(s), tt.line, tt.token, tt.body)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("got %d %s; want %d %s", w.Code, w.Body, tt.status, tt.says)
			}
			if d := cmp.Diff(tt.did, strings.Join(s.did, "; ")); d != "" {
				t.Errorf("did, want - got +\n%s", d)
			}
			if w.Code >= 400 && (w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("WWW-Authenticate") != "") {
				t.Error(w.Header())
			}
		})
	}
}

// TestDocument is the whole of a package, and what an install gets of it.
func TestDocument(t *testing.T) {
	s := newTable("@a/b@1.0.0", "@a/b@1.1.0")
	p := s.packages["@a/b"]
	p.Versions[0].Deprecated, p.Versions[1].Bundled = "old", []string{"a"}
	h := serveTable(s, func(o *Options) { o.Public, o.URL = true, "https://npm.example/x/" })
	read := func(w interface{ Result() *http.Response }) map[string]any {
		t.Helper()
		var out map[string]any
		if err := json.NewDecoder(w.Result().Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	dist := func(version string) map[string]any {
		return map[string]any{"integrity": "sha512-@a/b@" + version, "shasum": "cafe", "tarball": "https://npm.example/x/@a/b/-/b-" + version + ".tgz", "fileCount": 2.0, "unpackedSize": 10.0}
	}
	const at = "2001-09-09T01:46:40.000Z"
	w := ask(t, h, "GET /@a%2fb", "", "")
	want := map[string]any{
		"_id": "@a/b", "_rev": "1-a", "name": "@a/b", "description": "for tests", "dist-tags": map[string]any{"latest": "1.1.0"},
		"time": map[string]any{"created": at, "modified": at, "1.0.0": at, "1.1.0": at},
		"versions": map[string]any{
			"1.0.0": map[string]any{"_id": "@a/b@1.0.0", "name": "@a/b", "version": "1.0.0", "description": "for tests", "dependencies": map[string]any{"a": "1"}, "scripts": map[string]any{"postinstall": "x"}, "deprecated": "old", "dist": dist("1.0.0")},
			"1.1.0": map[string]any{"_id": "@a/b@1.1.0", "name": "@a/b", "version": "1.1.0", "description": "for tests", "dependencies": map[string]any{"a": "1"}, "scripts": map[string]any{"postinstall": "x"}, "bundleDependencies": []any{"a"}, "dist": dist("1.1.0")},
		},
	}
	if d := cmp.Diff(want, read(w)); d != "" {
		t.Errorf("want - got +\n%s", d)
	}
	brief := ask(t, h, "GET /@a%2fb", "", "", "Accept", short+"; q=1.0, application/json; q=0.8")
	want = map[string]any{
		"name": "@a/b", "modified": at, "dist-tags": map[string]any{"latest": "1.1.0"},
		"versions": map[string]any{
			"1.0.0": map[string]any{"name": "@a/b", "version": "1.0.0", "dependencies": map[string]any{"a": "1"}, "hasInstallScript": true, "deprecated": "old", "dist": dist("1.0.0")},
			"1.1.0": map[string]any{"name": "@a/b", "version": "1.1.0", "dependencies": map[string]any{"a": "1"}, "hasInstallScript": true, "bundleDependencies": []any{"a"}, "dist": dist("1.1.0")},
		},
	}
	if d := cmp.Diff(want, read(brief)); d != "" || brief.Header().Get("Content-Type") != short {
		t.Errorf("%v want - got +\n%s", brief.Header(), d)
	}

	if tag := w.Header().Get("ETag"); tag == "" || tag == brief.Header().Get("ETag") || ask(t, h, "GET /@a%2fb", "", "", "If-None-Match", `"x", `+tag).Code != http.StatusNotModified {
		t.Error("no 304", tag)
	}
	for i := range 30 {
		p.Versions = append(p.Versions, Version{Version: "2.0." + string(rune('A'+i))})
	}
	z := ask(t, h, "GET /@a%2fb", "", "", "Accept-Encoding", "br, gzip;q=0.5")
	r, err := gzip.NewReader(z.Body)
	if err != nil || z.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal(err, z.Header())
	}
	if b, err := io.ReadAll(r); err != nil || !json.Valid(b) {
		t.Error(err)
	}
	if w := ask(t, h, "GET /@a%2fb", "", "", "Accept-Encoding", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" {
		t.Error(w.Header())
	}
}

// TestRefusals is what becomes of what the shelf refuses.
func TestRefusals(t *testing.T) {
	s := newTable("@a/b@1.0.0", "@a/b@1.1.0")
	h := serveTable(s)
	s.publish, s.err = fault.Diagnostics{{Pos: fault.Pos{File: "src/a.ts", Line: 3, Col: 4}, Severity: fault.Err, Code: "F1", Text: "bad"}}, fault.New(fault.Invalid, "it has mistakes")
	if w := ask(t, h, "PUT /@a%2fb", "owner", good); w.Code != 400 || w.Body.String() != `{"error":"@a/b@2.0.0 is not published\nsrc/a.ts:3:4: error F1: bad","reason":"invalid"}` {
		t.Error(w.Code, w.Body)
	}
	s.publish[0].Severity, s.publish[0].Text, s.err = fault.Warn, "odd\x00 “line”\nbreak", nil
	if w := ask(t, h, "PUT /@a%2fb", "owner", good); w.Code != 201 || w.Header().Get("Npm-Notice") != "src/a.ts:3:4: warning F1: odd line break" {
		t.Error(w.Code, w.Header())
	}
	s.publish, s.err = nil, fault.Wrap(fault.Internal, "store", "", io.ErrUnexpectedEOF)
	if w := ask(t, h, "PUT /@a%2fb", "owner", good); w.Code != 500 || strings.Contains(w.Body.String(), "EOF") {
		t.Error(w.Code, w.Body)
	}
	s.err = &fault.Error{Kind: fault.Conflict, Subject: "@a/b@1.1.0", Message: "is served", Hint: "yank it"}
	if w := ask(t, h, "DELETE /@a%2fb/-rev/1-a", "owner", ""); w.Code != 409 || !strings.Contains(w.Body.String(), `@a/b@1.1.0: is served\nyank it`) {
		t.Error(w.Code, w.Body)
	}
}

// TestBusy: publications take memory and builds, so only so many are worked on.
func TestBusy(t *testing.T) {
	s := newTable()
	s.slow = make(chan struct{})
	h := serveTable(s, func(o *Options) { o.Limits = Limits{Uploads: 1, Time: time.Minute} })
	first := make(chan int)
	go func() {
		for { // the place may be another's for a moment
			if code := ask(t, h, "PUT /@a%2fb", "owner", good).Code; code != http.StatusTooManyRequests {
				first <- code
				return
			}
		}
	}()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		w := ask(t, h, "PUT /@a%2fb", "owner", "{")
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") != "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(w.Code, w.Body)
		}
	}
	close(s.slow)
	if code := <-first; code != http.StatusCreated {
		t.Error(code)
	}
	if w := ask(t, h, "PUT /@a%2fb", "owner", good); w.Code != http.StatusCreated {
		t.Error(w.Code, w.Body)
	}
	small := serveTable(newTable(), func(o *Options) { o.Limits = Limits{Tarball: 3, Body: 300} })
	if w := ask(t, small, "PUT /@a%2fb", "owner", good+strings.Repeat(" ", 400)); w.Code != http.StatusRequestEntityTooLarge {
		t.Error(w.Code, w.Body)
	}
}
