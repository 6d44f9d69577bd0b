package scripts

import (
	"facet/fault"
	"facet/pack"
	"facet/view"
)

// documents puts the GraphQL documents of the package's app into the build. Whether its schema has what they ask for is seen where they are
// checked: the schema is made of the finished build.
func (r *recorder) documents(pkg *pack.Package, b *view.Build) {
	list, ds := pkg.Documents()
	r.diags = append(r.diags, ds...)
	if len(b.Devices) == 0 {
		if len(list) > 0 {
			r.diags.Add(list[0].Pos, "P055", "Put them into the packages of the devices whose apps send them", "a module has no endpoint that would answer documents")
		}
		return
	}
	only := pkg.Manifest.Edge.DocumentsOnly
	if only && len(list) == 0 {
		r.diags = append(r.diags, fault.Diagnostic{Pos: pkg.Pos("edge", "documents"), Severity: fault.Warn, Code: "P056",
			Text: "no other documents than the package's are answered, and it brings none", Fix: "Put them into documents/, and that into \"files\""})
	}
	out := make([]view.Document, len(list))
	for i, d := range list {
		out[i] = view.Document{ID: d.ID, Text: d.Text}
	}
	b.Documents = view.NewDocuments(only, out)
}
