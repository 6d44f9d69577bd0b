package pack

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"facet/fault"
)

// A Version is a semantic version: "3.4.1", "2.0.0-rc.1". The zero Version is "0.0.0".
type Version struct{ v semver.Version }

// ParseVersion reads a full version. Surrounding space and a leading "v" are taken off, as
// npm does; a missing part, or a number past 2^53-1, is an Invalid error.
func ParseVersion(s string) (Version, error) {
	t := strings.TrimPrefix(strings.TrimSpace(s), "v")
	var err error
	if len(t) <= maxVersion {
		var v *semver.Version
		if v, err = semver.StrictNewVersion(t); err == nil && max(v.Major(), v.Minor(), v.Patch()) <= maxNumber {
			return Version{*v}, nil
		}
	}
	return Version{}, &fault.Error{Kind: fault.Invalid, Op: "pack.version", Subject: s, Message: "is no version", Err: err,
		Hint: "write three numbers, as in 1.4.0 or 2.0.0-rc.1"}
}

func makeVersion(n [3]uint64, pre string) Version {
	return Version{*semver.New(n[0], n[1], n[2], pre, "")}
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
	// Unpublished says when versions were taken out: as in npm, none of them is ever published again.
	Unpublished map[string]time.Time `json:"unpublished,omitempty"`
}

// Published is one version's entry in an Index.
type Published struct {
	Digest     string `json:"digest"`               // of the content, as Package.Digest
	Bytes      int64  `json:"bytes,omitempty"`      // of the tarball
	Deprecated string `json:"deprecated,omitempty"` // why it should not be used any more; Resolve takes it last
	Yanked     string `json:"yanked,omitempty"`     // why nothing new may be bound to it; Resolve never takes it
	Latest     bool   `json:"latest,omitempty"`     // it was tagged latest when it was yanked
}

// Resolve picks the version that want means. A dist-tag of the index stands for its version, and
// a version that is published, build metadata included, for itself.
// Of a range it is the highest version in it, of several that differ in build metadata alone the one
// tagged latest; deprecated versions count only where no other matches, yanked ones never: not by a tag and not by their
// number either. No match is a NotFound error that names what there is, a text that is neither tag nor range is Invalid.
func Resolve(want string, in Index) (Version, error) {
	one := strings.TrimSpace(want)
	if tagged, ok := in.Tags[one]; ok {
		one = tagged
	} else if _, ok := in.Versions[want]; ok { // the one version, where a range would not look at build metadata
		one = want
	} else {
		one = ""
	}
	if one != "" {
		if why := in.Versions[one].Yanked; why != "" {
			return Version{}, fault.New(fault.NotFound, "%s@%s was yanked: %s", in.Name, one, why).WithHint("there are: %s", in.list())
		}
		return ParseVersion(one)
	}
	r, err := ParseRange(want)
	if err != nil && in.Name != "" && tagLike.MatchString(want) {
		return Version{}, fault.New(fault.Invalid, "%s has no version and no tag %q", in.Name, want).WithHint("there are: %s", in.list())
	}
	if err != nil {
		return Version{}, err
	}
	var good, old []Version
	for text, p := range in.Versions {
		v, err := ParseVersion(text)
		if err != nil || !r.Contains(v) || p.Yanked != "" {
			continue
		}
		if p.Deprecated != "" {
			old = append(old, v)
			continue
		}
		good = append(good, v)
	}
	for _, vs := range [][]Version{good, old} {
		if len(vs) > 0 {
			best := slices.MaxFunc(vs, total)
			// Of versions that differ in build metadata alone, the tag knows which came last.
			if i := slices.IndexFunc(vs, func(v Version) bool { return v.String() == in.Tags["latest"] }); i >= 0 && vs[i].Compare(best) == 0 {
				best = vs[i]
			}
			return best, nil
		}
	}
	return Version{}, fault.New(fault.NotFound, "no version of %s matches %q", in.Name, want).
		WithHint("there are: %s", in.list())
}

// tagLike is a word that is no part of a range.
var tagLike = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9._-]*$`)

// total is Compare, made total by build metadata so that a maximum does not depend on map order.
func total(v, w Version) int {
	if c := v.Compare(w); c != 0 {
		return c
	}
	return strings.Compare(v.String(), w.String())
}

// list is the newest twenty versions and the tags, for people.
func (in Index) list() string {
	var vs []Version
	for text, p := range in.Versions {
		if v, err := ParseVersion(text); err == nil && p.Yanked == "" {
			vs = append(vs, v)
		}
	}
	if len(vs) == 0 {
		return "none"
	}
	slices.SortFunc(vs, func(a, b Version) int { return total(b, a) })
	words := make([]string, 0, 21)
	for _, v := range vs[:min(len(vs), 20)] {
		words = append(words, v.String())
	}
	if len(vs) > 20 {
		words = append(words, "…")
	}
	return strings.Join(words, ", ")
}
