package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Lock says which version of every module a build uses. The package that is built is an importer in it, not a module.
type Lock struct {
	Modules map[string]*Package          // by "name@version"
	Uses    map[string]map[string]string // importer "name@version" -> dependency name -> "name@version"
}

// Dep is the module that an importer ("name@version") means by a dependency's name.
func (l *Lock) Dep(importer, name string) (*Package, bool) {
	if l == nil {
		return nil, false
	}
	p, ok := l.Modules[l.Uses[importer][name]]
	return p, ok
}

// Order lists the modules so that each stands after all that it depends on; equals go by name.
func (l *Lock) Order() []*Package {
	var out []*Package
	seen := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		if seen[id] {
			return
		}
		seen[id] = true
		for _, name := range slices.Sorted(maps.Keys(l.Uses[id])) {
			visit(l.Uses[id][name])
		}
		if p, ok := l.Modules[id]; ok {
			out = append(out, p)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(l.Modules)) {
		visit(id)
	}
	return out
}

// String prints one line for each module, then one for each use, sorted: equal locks print the same text.
func (l *Lock) String() string {
	if l == nil {
		return ""
	}
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(l.Modules)) {
		fmt.Fprintf(&b, "module %s %s\n", id, l.Modules[id].Digest)
	}
	for _, importer := range slices.Sorted(maps.Keys(l.Uses)) {
		for _, name := range slices.Sorted(maps.Keys(l.Uses[importer])) {
			fmt.Fprintf(&b, "use %s: %s -> %s\n", importer, name, l.Uses[importer][name])
		}
	}
	return b.String()
}

// Digest is "sha256:<hex>" of String: equal for equal modules and uses.
func (l *Lock) Digest() string {
	sum := sha256.Sum256([]byte(l.String()))
	return "sha256:" + hex.EncodeToString(sum[:])
}
