package control

import (
	"context"

	"facet/release"
)

// A Resolution is which version of every module a package would be built with in an environment now.
type Resolution struct {
	Package string // "name@version"
	Graph   string // version
	Edges   []Binding
	Lock    release.Lock
}

// A Binding is how one importer's dependency was resolved.
type Binding struct {
	Importer string // "name@version"
	Name     string // of the module
	Range    string
	Kind     string // "live" or "locked"
	Version  string
	Why      string // one sentence: "highest of 4 that ^2.1.0 allows", "the environment's 2.3.0"
}

// Resolve binds a package, "name", "name@1.2.3", "name@^1" or "name@tag", as a release of the environment would.
func (c *Control) Resolve(ctx context.Context, env, pkg string) (*Resolution, error) {
	return nil, nil
}
