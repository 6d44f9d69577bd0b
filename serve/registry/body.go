package registry

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"facet/fault"
)

// A body is what clients PUT: a package, whole or in part, perhaps with a tarball.
type body struct {
	Name        string                 `json:"name"`
	Revision    string                 `json:"_rev"`
	Tags        map[string]string      `json:"dist-tags"`
	Versions    map[string]bodyVersion `json:"versions"` // nil if it names none
	Attachments map[string]attachment  `json:"_attachments"`
}

type bodyVersion struct {
	Name       string          `json:"name"`
	Version    string          `json:"version"`
	Deprecated json.RawMessage `json:"deprecated"` // a text; some clients write false
	Dist       struct {
		Integrity string `json:"integrity"`
	} `json:"dist"`
}

type attachment struct {
	Data   string `json:"data"` // base64
	Length *int   `json:"length"`
}

// message is why the version is deprecated; "" if it is not.
func (v bodyVersion) message() string {
	var text string
	if json.Unmarshal(v.Deprecated, &text) != nil {
		return ""
	}
	return text
}

// parse reads the body of a PUT to a package.
func parse(name string, raw []byte, depth int) (*body, error) {
	if !shallow(raw, depth) {
		return nil, fault.New(fault.Limit, "the body is nested deeper than %d", depth)
	}
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Op: "registry", Message: "the body is no package as npm sends it", Err: err}
	}
	if b.Name != "" && b.Name != name {
		return nil, fault.New(fault.Invalid, "the body is of %.214q, the URL of %q", b.Name, name)
	}
	return &b, nil
}

// shallow says whether JSON nests no deeper. What is no JSON may be called either.
func shallow(raw []byte, most int) bool {
	depth, text := 0, false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{', c == '[':
			if depth++; depth > most {
				return false
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return true
}

// upload is what a body publishes: one version, one tarball, one tag.
func (b *body) upload(name string, most int) (Upload, error) {
	u := Upload{Name: name}
	if len(b.Versions) != 1 {
		return u, fault.New(fault.Invalid, "a publication has one version, and this has %d", len(b.Versions))
	}
	var stated bodyVersion
	for u.Version, stated = range b.Versions {
		if stated.Version != "" && stated.Version != u.Version || stated.Name != "" && stated.Name != name {
			return u, fault.New(fault.Invalid, "the body's version %.80q is of %.214q %.80q", u.Version, stated.Name, stated.Version)
		}
	}
	for tag, version := range b.Tags {
		if version != u.Version || u.Tag != "" {
			return u, fault.New(fault.Invalid, "a publication sets one tag, to its own version").WithHint("npm dist-tag add sets others")
		}
		u.Tag = tag
	}
	var packed *attachment
	for file, a := range b.Attachments {
		switch {
		case strings.HasSuffix(file, ".sigstore"):
			return u, fault.New(fault.Invalid, "this registry does not keep provenance").WithHint("publish with --provenance=false")
		case packed != nil || !strings.HasSuffix(file, ".tgz"):
			return u, fault.New(fault.Invalid, "a publication has one attachment, a .tgz")
		}
		packed = &a
	}
	if packed == nil {
		return u, fault.New(fault.Invalid, "the publication has no tarball")
	}
	if base64.StdEncoding.DecodedLen(len(packed.Data)) > most+2 {
		return u, fault.New(fault.TooLarge, "the tarball has more than %d bytes", most)
	}
	var err error
	if u.Tarball, err = base64.StdEncoding.DecodeString(packed.Data); err != nil {
		return u, &fault.Error{Kind: fault.Invalid, Op: "registry", Message: "the tarball is no base64", Err: err}
	}
	if packed.Length != nil && *packed.Length != len(u.Tarball) {
		return u, fault.New(fault.Invalid, "the tarball has %d bytes and the body says %d", len(u.Tarball), *packed.Length)
	}
	if sum, ok := strings.CutPrefix(stated.Dist.Integrity, "sha512-"); ok && !strings.Contains(sum, " ") {
		is := sha512.Sum512(u.Tarball)
		if want, err := base64.StdEncoding.DecodeString(sum); err != nil || !bytes.Equal(want, is[:]) {
			return u, fault.New(fault.Invalid, "the tarball is not the one that the body's integrity is of").WithHint("it changed on its way: publish again")
		}
	}
	return u, nil
}

// read reads a body of at most so many bytes, in the time that is left for that.
func (s *server) read(q *request, most int) ([]byte, error) {
	if e := q.r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, fault.New(fault.Invalid, "a body is taken without a Content-Encoding, not as %.20q", e)
	}
	arriving := http.NewResponseController(q.w) // a writer without deadlines is a test's
	_ = arriving.SetReadDeadline(time.Now().Add(s.Limits.Arrive))
	var b bytes.Buffer
	if n := q.r.ContentLength; n > 0 && n <= int64(most) {
		b.Grow(int(min(n, 1<<20))) // what is announced is not believed
	}
	_, err := io.Copy(&b, http.MaxBytesReader(q.w, q.r.Body, int64(most)))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, fault.New(fault.TooLarge, "the body has more than %d bytes", most)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fault.New(fault.Timeout, "the body did not arrive within %s", s.Limits.Arrive)
	case err != nil:
		return nil, &fault.Error{Kind: fault.Invalid, Op: "registry", Message: "the body could not be read", Err: err}
	}
	_ = arriving.SetReadDeadline(time.Time{}) // else the connection would be taken for lost while the answer is made
	return b.Bytes(), nil
}
