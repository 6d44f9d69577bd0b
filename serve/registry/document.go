package registry

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"facet/fault"
)

// short is the media type of what an install needs of a package.
const short = "application/vnd.npm.install-v1+json"

// installed are the fields of a package.json that an install needs.
var installed = []string{"name", "version", "dependencies", "optionalDependencies", "devDependencies", "bundleDependencies", "bundledDependencies",
	"peerDependencies", "peerDependenciesMeta", "bin", "directories", "engines", "cpu", "os", "libc", "funding"}

// hoisted are the fields of the latest version that stand for the package.
var hoisted = []string{"description", "keywords", "homepage", "repository", "bugs", "license", "author"}

func (s *server) document(q *request, name string) error {
	if err := s.reads(q, name); err != nil {
		return err
	}
	p, err := s.Shelf.Package(q.r.Context(), name)
	if err != nil {
		return err
	}
	brief := strings.Contains(q.r.Header.Get("Accept"), short) && q.r.URL.Query().Get("write") == ""
	b, err := json.Marshal(render(p, s.base(q), brief))
	if err != nil {
		return fault.Wrap(fault.Internal, "registry", name, err)
	}
	if brief {
		return s.show(q, short, b)
	}
	return s.show(q, "application/json", b)
}

// render is a package as npm reads it.
func render(p *Package, base string, brief bool) map[string]any {
	versions := map[string]any{}
	times := map[string]string{}
	var modified time.Time
	for i := range p.Versions {
		v := &p.Versions[i]
		versions[v.Version] = v.render(p.Name, base, brief)
		at := v.Published.UTC()
		times[v.Version] = stamp(at)
		if modified.Before(at) {
			modified = at
		}
	}
	tags := maps.Clone(p.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	out := map[string]any{"name": p.Name, "dist-tags": tags, "versions": versions}
	if brief {
		out["modified"] = stamp(modified)
		return out
	}
	times["modified"] = stamp(modified)
	times["created"] = stamp(modified)
	for i := range p.Versions {
		if at := stamp(p.Versions[i].Published.UTC()); at < times["created"] {
			times["created"] = at
		}
	}
	out["_id"], out["_rev"], out["time"] = p.Name, p.Revision, times
	if latest := p.version(tags["latest"]); latest != nil {
		of := latest.fields()
		for _, name := range hoisted {
			if v, ok := of[name]; ok {
				out[name] = v
			}
		}
	}
	return out
}

// stamp is a time as npm writes it; equal lengths make the order of texts that of times.
func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z") }

// fields are those of the package.json.
func (v *Version) fields() map[string]json.RawMessage {
	var of map[string]json.RawMessage
	if json.Unmarshal(v.Manifest, &of) != nil || of == nil { // a manifest was parsed before it was stored
		of = map[string]json.RawMessage{}
	}
	return of
}

// render is a version as npm reads it: its package.json, and what the registry knows of it.
func (v *Version) render(name, base string, brief bool) map[string]any {
	of, out := v.fields(), map[string]any{}
	if brief {
		for _, f := range installed {
			if value, ok := of[f]; ok {
				out[f] = value
			}
		}
		if runs(of["scripts"]) {
			out["hasInstallScript"] = true
		}
	} else {
		for f, value := range of {
			if !strings.HasPrefix(f, "_") && f != "deprecated" {
				out[f] = value
			}
		}
		out["_id"] = name + "@" + v.Version
	}
	if of["bundleDependencies"] == nil && of["bundledDependencies"] == nil && len(v.Bundled) > 0 { // else npm would look for them in a registry
		out["bundleDependencies"] = v.Bundled
	}
	out["name"], out["version"] = name, v.Version
	out["dist"] = map[string]any{"integrity": v.Integrity, "shasum": v.Shasum, "tarball": base + name + "/-/" + file(name, v.Version), "fileCount": v.Files, "unpackedSize": v.Unpacked}
	if v.Deprecated != "" {
		out["deprecated"] = v.Deprecated
	}
	return out
}

// runs says whether an install runs something of the package.
func runs(scripts json.RawMessage) bool {
	var of map[string]json.RawMessage
	if json.Unmarshal(scripts, &of) != nil {
		return false
	}
	return of["preinstall"] != nil || of["install"] != nil || of["postinstall"] != nil
}

// file is the name of a version's tarball: the scope is not part of it.
func file(name, version string) string {
	return name[strings.LastIndexByte(name, '/')+1:] + "-" + version + ".tgz"
}

// fileVersion is the version that a tarball's name means; "" if it is none of the package.
func fileVersion(name, tarball string) string {
	version, ok := strings.CutPrefix(strings.TrimSuffix(tarball, ".tgz"), strings.TrimSuffix(file(name, ""), ".tgz"))
	if !ok || !strings.HasSuffix(tarball, ".tgz") {
		return ""
	}
	return version
}

func (s *server) manifest(q *request, name, want string) error {
	if err := s.reads(q, name); err != nil {
		return err
	}
	p, err := s.Shelf.Package(q.r.Context(), name)
	if err != nil {
		return err
	}
	v := p.version(want)
	if tagged, ok := p.Tags[want]; ok && v == nil {
		v = p.version(tagged)
	}
	if v == nil {
		return missing(name, want)
	}
	b, err := json.Marshal(v.render(name, s.base(q), false))
	if err != nil {
		return fault.Wrap(fault.Internal, "registry", name, err)
	}
	return s.show(q, "application/json", b)
}

func missing(name, version string) error {
	return &fault.Error{Kind: fault.NotFound, Op: "registry", Subject: name, Message: "has no version or tag " + version}
}

func (s *server) tarball(q *request, name, file string) error {
	if err := s.reads(q, name); err != nil {
		return err
	}
	version := fileVersion(name, file)
	if version == "" {
		return missing(name, file)
	}
	b, err := s.Shelf.Tarball(q.r.Context(), name, version)
	if err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if !s.Drafts {
		h.Set("Cache-Control", s.cached("max-age=31536000, immutable"))
	}
	q.w.WriteHeader(http.StatusOK)
	_, _ = q.w.Write(b)
	return nil
}
