// Package model is what the control API shows that control has in another form.
package model

import (
	"context"
	"sync"

	"facet/pack"
)

// A Package is one name; its index is read when a field asks for it, once.
type Package struct {
	Name  string
	index func(context.Context) (pack.Index, error)
}

// Known is a package whose index was read already.
func Known(in pack.Index, err error) (*Package, error) {
	if err != nil {
		return nil, err
	}
	return &Package{Name: in.Name, index: func(context.Context) (pack.Index, error) { return in, nil }}, nil
}

// Named is a package whose index is there to be read.
func Named(name string, read func(context.Context, string) (pack.Index, error)) Package {
	var once sync.Once
	var in pack.Index
	var err error
	return Package{Name: name, index: func(ctx context.Context) (pack.Index, error) {
		once.Do(func() { in, err = read(ctx, name) })
		return in, err
	}}
}

// Index is what is published of the package.
func (p *Package) Index(ctx context.Context) (pack.Index, error) { return p.index(ctx) }

// A Module is what live bindings of one line follow.
type Module struct{ Line, Version string }

// A Mount is a package's track on a route.
type Mount struct {
	Route, Package, Version, Track string
	Weight                         int
	Build                          string // digest
	Bytes                          int64  // of the build
	Graph                          string // version
	Locks                          []string
}
