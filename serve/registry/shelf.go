package registry

import (
	"context"
	"encoding/json"
	"time"

	"facet/fault"
)

// A Shelf holds the packages that the registry shows and changes. Its errors are faults: NotFound for what is not published,
// Conflict for a version that is taken or that somebody is served by. Its methods may be called from several goroutines.
type Shelf interface {
	// Names lists what is published, sorted.
	Names(ctx context.Context) ([]string, error)
	// Package is what is published of one package, with at least one version.
	Package(ctx context.Context, name string) (*Package, error)
	// Tarball is a version as it was uploaded, byte by byte.
	Tarball(ctx context.Context, name, version string) ([]byte, error)
	// Publish checks a tarball and stores it. Diagnostics say what is wrong with it, and with an error that nothing was stored.
	Publish(ctx context.Context, u Upload) (fault.Diagnostics, error)
	Tag(ctx context.Context, name, tag, version string) error
	Untag(ctx context.Context, name, tag string) error
	// Deprecate notes on versions why they should not be used any more; "" takes that back.
	Deprecate(ctx context.Context, name string, versions []string, message string) error
	// Unpublish takes versions away: all, or none if anybody is served by one of them.
	Unpublish(ctx context.Context, name string, versions []string) error
}

// A Package is what is published under one name.
type Package struct {
	Name     string
	Revision string            // names this state of it: another state has another
	Tags     map[string]string // dist-tag -> version, one of Versions
	Versions []Version         // lowest first
}

// A Version is one version of a package.
type Version struct {
	Version    string
	Manifest   json.RawMessage // its package.json
	Integrity  string          // of the tarball: "sha512-" and base64
	Shasum     string          // of the tarball: SHA-1 in hex
	Bundled    []string        // dependencies that the tarball brings below node_modules
	Files      int
	Unpacked   int64 // bytes of the files
	Deprecated string
	Published  time.Time
}

// version is the version of that name; nil if there is none.
func (p *Package) version(name string) *Version {
	for i := range p.Versions {
		if p.Versions[i].Version == name {
			return &p.Versions[i]
		}
	}
	return nil
}

// An Upload is what a client publishes.
type Upload struct {
	Name, Version string // as the client names them: the tarball has to agree
	Tag           string // that shall mean the version
	Tarball       []byte
	By            string // who publishes
}

// A Holder is one who holds a known token.
type Holder interface {
	Name() string
	// May is nil if the holder has the scope to "read", or to "publish" a package; else it is Forbidden and names the scope.
	May(verb, subject string) error
}
