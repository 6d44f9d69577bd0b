package catalog

import (
	"bytes"
	"errors"
	"sync"
	"weak"

	"github.com/klauspost/compress/s2"

	"facet/fault"
	"facet/release"
	"facet/view"
)

// A BuildError names the build that is at fault.
type BuildError struct {
	Build string // digest
	Err   error
}

// Error is the cause's, after the build.
func (e *BuildError) Error() string {
	return "build " + release.Short(e.Build) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *BuildError) Unwrap() error { return e.Err }

func buildOf(err error) string {
	var b *BuildError
	if errors.As(err, &b) {
		return b.Build
	}
	return ""
}

// A resting build is in memory: nothing that happens to the store or the disk keeps
// it from being opened. At first it is its verified bytes, compressed; once somebody
// had them decoded it is packed, which is smaller and opens faster. While somebody
// uses the decoded build, everybody gets the same one; then the garbage collector has it.
type resting struct {
	what   release.Build
	bytes  []byte       // nil once it is packed
	packed *view.Packed // nil before
	mu     sync.Mutex
	live   weak.Pointer[view.Build]
}

// rest decodes a build, which proves that it can be, and puts it to rest. The decoded one is what wake gives for as long as somebody keeps it.
func rest(body []byte, what release.Build) (*resting, *view.Build, error) {
	b, err := view.Decode(body)
	if err != nil {
		return nil, nil, err
	}
	r := &resting{what: release.Build{Package: b.Package, Version: b.Version, Graph: b.Graph}, live: weak.Make(b)}
	if err := r.is(what); err != nil {
		return nil, nil, err
	}
	if r.packed = b.Pack(); r.packed == nil {
		r.bytes = bytes.Clone(s2.Encode(nil, body)) // without the room for the worst case
	}
	return r, b, nil
}

// restProven puts a verified build to rest as it is: this program decoded and opened the same bytes before.
func restProven(body []byte, what release.Build) *resting {
	return &resting{what: release.Build{Package: what.Package, Version: what.Version, Graph: what.Graph}, bytes: bytes.Clone(s2.Encode(nil, body))}
}

// is compares the build with what a release says of it.
func (r *resting) is(what release.Build) error {
	if r.what.Package != what.Package || r.what.Version != what.Version || r.what.Graph != what.Graph {
		return fault.New(fault.Invalid, "it is of %s@%s, not of %s@%s", r.what.Package, r.what.Version, what.Package, what.Version)
	}
	return nil
}

// wake gives the decoded build.
func (r *resting) wake() (*view.Build, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b := r.live.Value(); b != nil {
		return b, nil
	}
	b, err := r.open()
	if err != nil {
		return nil, err
	}
	r.live = weak.Make(b)
	return b, nil
}

// open decodes the build, and packs it the first time.
func (r *resting) open() (*view.Build, error) {
	if r.packed != nil {
		return r.packed.Build()
	}
	body, err := s2.Decode(nil, r.bytes)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "catalog.build", "", err)
	}
	b, err := view.Decode(body)
	if err != nil {
		return nil, err
	}
	if r.packed = b.Pack(); r.packed != nil {
		r.bytes = nil
	}
	return b, nil
}
