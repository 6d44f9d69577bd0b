package registry

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"facet/fault"
)

// put takes a PUT to a package. With a tarball it is a publication; else the client sends the package as it should be: npm deprecate changes
// messages, npm unpublish leaves versions out, and names the revision that it read.
func (s *server) put(q *request, name, revision string) error {
	if err := s.publishes(q, name); err != nil {
		return err
	}
	select {
	case s.uploads <- struct{}{}: // each takes memory, and perhaps a build
		defer func() { <-s.uploads }()
	default:
		return &busyError{fault.New(fault.Limit, "%d publications are being worked on", s.Limits.Uploads).WithHint("try again in a second")}
	}
	raw, err := s.read(q, s.Limits.Tarball/3*4+s.Limits.Body)
	if err != nil {
		return err
	}
	b, err := parse(name, raw, s.Limits.Depth)
	if err != nil {
		return err
	}
	if len(b.Attachments) > 0 {
		return s.publish(q, name, b)
	}
	if b.Versions == nil {
		return &absentError{fault.New(fault.Invalid, "this registry has no owners or settings of a package").WithHint("who may publish it say the scopes of tokens")}
	}
	return s.edit(q, name, revision, b)
}

func (s *server) publish(q *request, name string, b *body) error {
	u, err := b.upload(name, s.Limits.Tarball)
	if err != nil {
		return err
	}
	u.By = q.holder.Name()
	ds, err := s.Shelf.Publish(q.r.Context(), u)
	if err != nil && ds.Failed() {
		return fault.New(fault.Invalid, "%s@%s is not published\n%s", name, u.Version, list(ds))
	}
	if err != nil {
		return err
	}
	if len(ds) > 0 { // npm prints this header, whatever it was asked to print
		q.w.Header().Set("Npm-Notice", strings.Map(oneLine, list(ds)))
	}
	s.note(q, "published", name, u.Version)
	return done(q, http.StatusCreated)
}

// oneLine keeps what may stand in a header.
func oneLine(r rune) rune {
	switch {
	case r == '\n':
		return ' '
	case r < ' ' || r > '~':
		return -1
	}
	return r
}

// mostTold is how many diagnostics are printed: the first are of more use than a screen of the last.
const mostTold = 20

func list(ds fault.Diagnostics) string {
	var b strings.Builder
	for i, d := range ds {
		if i == mostTold {
			b.WriteString("and more: edge check lists all\n")
			break
		}
		b.WriteString(d.String() + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// edit makes a package what the body says it should be.
func (s *server) edit(q *request, name, revision string, b *body) error {
	p, err := s.current(q, name, cmp.Or(revision, b.Revision))
	if err != nil {
		return err
	}
	byMessage := map[string][]string{}
	var gone []string
	for i := range p.Versions {
		v := &p.Versions[i]
		want, ok := b.Versions[v.Version]
		switch {
		case !ok && revision != "": // only a client that unpublishes names the revision in the URL
			gone = append(gone, v.Version)
		case ok && want.message() != v.Deprecated:
			byMessage[want.message()] = append(byMessage[want.message()], v.Version)
		}
	}
	for _, message := range slices.Sorted(maps.Keys(byMessage)) {
		if err := s.Shelf.Deprecate(q.r.Context(), name, byMessage[message], message); err != nil {
			return err
		}
		s.note(q, "deprecated", name, byMessage[message]...)
	}
	if err := s.unpublish(q, name, gone); err != nil {
		return err
	}
	return done(q, http.StatusCreated)
}

// current is a package if the client's revision of it is the newest.
func (s *server) current(q *request, name, revision string) (*Package, error) {
	p, err := s.Shelf.Package(q.r.Context(), name)
	if err != nil {
		return nil, err
	}
	if revision != "" && revision != p.Revision {
		return nil, fault.New(fault.Conflict, "%s was changed since it was read", name).WithHint("try again")
	}
	return p, nil
}

// remove takes all versions of a package away.
func (s *server) remove(q *request, name, revision string) error {
	if err := s.publishes(q, name); err != nil {
		return err
	}
	p, err := s.current(q, name, revision)
	if err != nil {
		return err
	}
	var all []string
	for i := range p.Versions {
		all = append(all, p.Versions[i].Version)
	}
	if err := s.unpublish(q, name, all); err != nil {
		return err
	}
	return done(q, http.StatusOK)
}

func (s *server) unpublish(q *request, name string, versions []string) error {
	if len(versions) == 0 {
		return nil
	}
	if err := s.Shelf.Unpublish(q.r.Context(), name, versions); err != nil {
		return err
	}
	s.note(q, "unpublished", name, versions...)
	return nil
}

// removeTarball is what npm asks for after it has unpublished a version: then the tarball is gone already.
func (s *server) removeTarball(q *request, name, file string) error {
	if err := s.publishes(q, name); err != nil {
		return err
	}
	p, err := s.Shelf.Package(q.r.Context(), name)
	if err != nil {
		return err
	}
	if v := fileVersion(name, file); p.version(v) != nil {
		return fault.New(fault.Conflict, "%s@%s is published: its tarball goes with it", name, v)
	}
	return done(q, http.StatusOK)
}

// tags answers -/package/{name}/dist-tags[/{tag}].
func (s *server) tags(q *request, name string, rest []string) error {
	tag := strings.Join(rest, "/")
	switch {
	case tag == "" && q.r.Method == http.MethodGet:
		if err := s.reads(q, name); err != nil {
			return err
		}
		p, err := s.Shelf.Package(q.r.Context(), name)
		if err != nil {
			return err
		}
		tags := maps.Clone(p.Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		send(q, http.StatusOK, tags)
		return nil
	case tag != "" && (q.r.Method == http.MethodPut || q.r.Method == http.MethodPost):
		if err := s.publishes(q, name); err != nil {
			return err
		}
		raw, err := s.read(q, 1<<10)
		if err != nil {
			return err
		}
		var version string
		if err := json.Unmarshal(raw, &version); err != nil {
			return &fault.Error{Kind: fault.Invalid, Op: "registry", Message: "the body is no version in quotes", Err: err}
		}
		if err := s.Shelf.Tag(q.r.Context(), name, tag, version); err != nil {
			return err
		}
		s.note(q, "tagged "+tag, name, version)
		return done(q, http.StatusCreated)
	case tag != "" && q.r.Method == http.MethodDelete:
		if err := s.publishes(q, name); err != nil {
			return err
		}
		if err := s.Shelf.Untag(q.r.Context(), name, tag); err != nil {
			return err
		}
		s.note(q, "untagged "+tag, name)
		return done(q, http.StatusOK)
	}
	return nothing(q)
}

func (s *server) note(q *request, what, name string, versions ...string) {
	s.Log.Info().Str("who", q.holder.Name()).Str("package", name).Strs("versions", versions).Msg("registry: " + what)
}
