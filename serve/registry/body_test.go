package registry

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
)

// TestUpload is what a body publishes, or why it does not.
func TestUpload(t *testing.T) {
	sum := sha512.Sum512([]byte("tar"))
	right := base64.StdEncoding.EncodeToString(sum[:])
	edit := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(good) }
	tests := []struct{ name, body, wrong string }{
		{"as npm sends it", good, ""},
		{"its integrity", edit(`"version": "2.0.0"`, `"version": "2.0.0", "dist": {"integrity": "sha512-`+right+`"}`), ""},
		{"another integrity", edit(`"version": "2.0.0"`, `"version": "2.0.0", "dist": {"integrity": "sha512-`+right[4:]+`"}`), "integrity"},
		{"no version", edit(`"2.0.0": {"name": "@a/b", "version": "2.0.0"}`, ``), "has one version, and this has 0"},
		{"two versions", edit(`{"2.0.0": {`, `{"1.0.0": {}, "2.0.0": {`), "this has 2"},
		{"another version within", edit(`"version": "2.0.0"`, `"version": "3.0.0"`), `"2.0.0" is of "@a/b" "3.0.0"`},
		{"another name within", edit(`{"name": "@a/b", "version"`, `{"name": "@a/c", "version"`), `"2.0.0" is of "@a/c"`},
		{"no tag", edit(`"latest": "2.0.0"`, ``), ""},
		{"two tags", edit(`"latest": "2.0.0"`, `"latest": "2.0.0", "next": "2.0.0"`), "one tag"},
		{"a tag of another version", edit(`"latest": "2.0.0"`, `"latest": "1.0.0"`), "one tag"},
		{"provenance", edit(`"_attachments": {`, `"_attachments": {"@a/b-2.0.0.sigstore": {"data": ""}, `), "provenance"},
		{"two tarballs", edit(`"_attachments": {`, `"_attachments": {"x.tgz": {"data": ""}, `), "one attachment"},
		{"no tarball", edit(`-2.0.0.tgz`, `-2.0.0.zip`), "one attachment"},
		{"no base64", edit(`dGFy`, `d!Fy`), "base64"},
		{"a wrong length", edit(`"length": 3`, `"length": 4`), "has 3 bytes and the body says 4"},
		{"too long", edit(`dGFy`, strings.Repeat("dGFy", 100)), "more than 100 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := parse("@a/b", []byte(tt.body), 8)
			if err != nil {
				t.Fatal(err)
			}
			u, err := b.upload("@a/b", 100)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("got %v; want %s", err, tt.wrong)
				}
				return
			}
			want := Upload{Name: "@a/b", Version: "2.0.0", Tag: "latest", Tarball: []byte("tar")}
			if tt.name == "no tag" {
				want.Tag = ""
			}
			if d := cmp.Diff(want, u); err != nil || d != "" {
				t.Errorf("%v want - got +\n%s", err, d)
			}
		})
	}
}

// FuzzBody: whatever a client sends, it is read within its bounds or refused as the client's mistake.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		good, `{}`, `{"versions": null}`, `{"versions": {"1.0.0": {"deprecated": false}}}`, `[[[[[[[[[]]]]]]]]]`, `{"_attachments": {"a.tgz": {"data": "=", "length": -1}}}`,
		`{"versions": {"1.0.0": {"dist": {"integrity": "sha512-x"}}}, "_attachments": {"a.tgz": {"data": ""}}}`, `{"name": "é\ud800"}`, "\"\\", `{"a": "[\"{"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		const most = 64
		b, err := parse("@a/b", []byte(raw), 8)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.Limit {
				t.Errorf("%v is %s", err, k)
			}
			return
		}
		if !json.Valid([]byte(raw)) {
			t.Error("what is no JSON was read")
		}
		for _, v := range b.Versions {
			_ = v.message()
		}
		u, err := b.upload("@a/b", most)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.TooLarge {
				t.Errorf("%v is %s", err, k)
			}
			return
		}
		if len(u.Tarball) > most+2 || u.Name != "@a/b" || b.Versions[u.Version].Version != "" && b.Versions[u.Version].Version != u.Version {
			t.Errorf("%+v", u)
		}
	})
}

// FuzzPath: any path is taken apart or refused, and no part is empty.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"@a%2fb", "@a/b/-/b-1.0.0.tgz", "-/package/@a%2Fb/dist-tags/x", "", "//", "%", "@", "@/", "@a", "a/%2e%2e/b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		p, ok := parts(escaped)
		if ok != (len(p) > 0) {
			t.Errorf("%q %v", p, ok)
		}
		for _, one := range p {
			if one == "" {
				t.Errorf("%q has an empty part", p)
			}
		}
	})
}
