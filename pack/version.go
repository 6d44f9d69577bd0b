package pack

import (
	"strings"

	"github.com/Masterminds/semver/v3"

	"facet/fault"
)

// A Version is a semantic version: "3.4.1", "2.0.0-rc.1". The zero Version is "0.0.0".
type Version struct{ v semver.Version }

// ParseVersion reads a full version. A leading "v" or "=" and surrounding space are
// taken off, as npm does; a missing part is an Invalid error.
func ParseVersion(s string) (Version, error) {
	t := strings.TrimLeft(strings.TrimSpace(s), "=v ")
	v, err := semver.StrictNewVersion(t)
	if err != nil {
		return Version{}, &fault.Error{Kind: fault.Invalid, Op: "pack.version", Subject: s, Message: "not a version", Err: err,
			Hint: "write three numbers, as in 1.4.0 or 2.0.0-rc.1"}
	}
	return Version{*v}, nil
}

// String prints the version without "v".
func (v Version) String() string { return v.v.String() }

// Compare orders by precedence; build metadata does not count.
func (v Version) Compare(w Version) int { return v.v.Compare(&w.v) }

// Major is the first number.
func (v Version) Major() uint64 { return v.v.Major() }

// Pre is the pre-release part: "rc.1", or "".
func (v Version) Pre() string { return v.v.Prerelease() }

// An Index is what the registry knows of one package: its versions and dist-tags. It is packages/{name}/index.json.
type Index struct {
	Name     string               `json:"name"`
	Versions map[string]Published `json:"versions"`
	Tags     map[string]string    `json:"dist-tags,omitempty"`
}

// Published is one version's entry in an Index.
type Published struct {
	Digest     string `json:"digest"`               // of the content, as Package.Digest
	Bytes      int64  `json:"bytes,omitempty"`      // of the tarball
	Deprecated string `json:"deprecated,omitempty"` // why it should not be used any more; Resolve takes it last
}
