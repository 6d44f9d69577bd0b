package control

import (
	"facet/fault"
	"facet/pack"
	"facet/release"
)

// deprecated warns of versions that should not be used any more: the package's own, and those of the modules that it is linked with.
func deprecated(r *resolver, p *pack.Package, lock release.Lock) (fault.Diagnostics, error) {
	ids := map[string]bool{p.ID(): true}
	for _, uses := range lock {
		for _, id := range uses {
			ids[id] = true
		}
	}
	var ds fault.Diagnostics
	for _, id := range sorted(ids) {
		name, version := pack.SplitID(id)
		in, err := r.index(name)
		if fault.KindOf(err) == fault.NotFound {
			continue // its first version is being published
		}
		if err != nil {
			return nil, err
		}
		if why := in.Versions[version].Deprecated; why != "" {
			ds = append(ds, fault.Diagnostic{Pos: fault.Pos{File: p.Manifest.Name + "/" + pack.File}, Severity: fault.Warn, Code: codeOld, Text: id + " is deprecated: " + why})
		}
	}
	return ds, nil
}
