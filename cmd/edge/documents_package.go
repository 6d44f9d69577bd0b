package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/serve/graphql"
	"facet/view"
)

// A documentRow is an operation of a document that a package brings, and what it takes of a request.
type documentRow struct {
	budgetRow
	op graphql.Operation // with the first of its selections
	of pack.Document
}

// id is what apps ask for the document by.
func (r documentRow) id() string { return cmp.Or(r.of.ID, pack.DocumentHash(r.of.Text)) }

// documentRows reads the documents of a package as the edge will: each is parsed, measured, validated against the package's own schema, and
// planned for every way that its conditions can fall. What is wrong with them has its file and line.
func documentRows(ctx context.Context, pkg *pack.Package, b *view.Build, g *graph.Graph) ([]documentRow, fault.Diagnostics, error) {
	if b.Documents.Len() == 0 || len(b.Devices) == 0 {
		return nil, nil, nil
	}
	list, _ := pkg.Documents() // what is wrong with their files was said when the package was built
	surface, ds := view.NewSurface(b.Devices[0], b.Schema, b)
	if err := ds.Err(); err != nil {
		return nil, nil, err
	}
	e, err := composer.NewEngine(composer.Config{Graph: g, Surface: surface})
	if err != nil {
		return nil, nil, err
	}
	d := composer.Defaults()
	limits := b.Budget().Within(view.Budget{Calls: d.Calls, Entities: d.Entities, Items: d.Items, Bytes: int64(d.Bytes), CPU: d.CPU})
	checker := graphql.NewChecker(surface)
	var rows []documentRow
	var wrong fault.Diagnostics
	for _, doc := range list {
		if ctx.Err() != nil { // whoever publishes has gone
			return nil, nil, context.Cause(ctx)
		}
		ops, mistakes := checker.Read(doc.Text)
		for _, m := range mistakes {
			pos, text := placeIn(doc, m.Line, m.Col, m.Text)
			wrong.Add(pos, "D001", "Write it whole, as the app sends it, of what the package's views give; edge dev tells clients the schema", "%s", strings.TrimSuffix(text, "."))
		}
		for _, op := range ops {
			row := documentRow{op: op, of: doc}
			row.Bytes, row.Shorten, row.CPU = limits.Bytes, limits.Shorten, limits.CPU
			row.pos, _ = placeIn(doc, op.Line, 1, "")
			if row.Proof, err = proveOperation(e, documentName(doc, op), op); err != nil {
				wrong.Add(row.pos, "D002", fault.HintOf(err), "%s cannot be planned: %s", documentName(doc, op), fault.Public(err))
				continue
			}
			row.op.Selections = slices.Clone(op.Selections[:min(1, len(op.Selections))])
			rows = append(rows, row)
		}
	}
	return rows, wrong, nil
}

// proveOperation joins the proofs of all the ways that an operation can be asked.
func proveOperation(e *composer.Engine, name string, op graphql.Operation) (composer.Proof, error) {
	out := composer.Proof{Name: name, Kind: kindDocument}
	for _, sel := range op.Selections {
		p, err := e.ProveSelection(name, sel)
		if err != nil {
			return out, err
		}
		out.Package = p.Package
		out.Join(p)
	}
	return out, nil
}

// kindDocument is the kind of a row that is an operation of a document.
const kindDocument = "document"

// documentName is how people know an operation: by its name, else by its document's file.
func documentName(doc pack.Document, op graphql.Operation) string {
	if op.Name != "" {
		return op.Name
	}
	if doc.Entry {
		return clip(doc.ID, 40)
	}
	return path.Base(doc.Pos.File)
}

// placeIn is where a line of a document stands in the package's files. A manifest has a document in one string: there its entry is the place, and
// the text says which line of it.
func placeIn(doc pack.Document, line, col int, text string) (fault.Pos, string) {
	if line <= 0 {
		return doc.Pos, text
	}
	if doc.Entry {
		return doc.Pos, fmt.Sprintf("line %d of the document %q: %s", line, clip(doc.ID, 40), text)
	}
	return fault.Pos{File: doc.Pos.File, Line: line, Col: max(1, col)}, text
}

// documentMistakes are what is wrong with a package's documents: those that its schema does not answer, and those that are not proved to stay
// within the budget that its manifest states.
func documentMistakes(ctx context.Context, pkg *pack.Package, b *view.Build, g *graph.Graph) fault.Diagnostics {
	rows, ds, err := documentRows(ctx, pkg, b, g)
	if err != nil {
		ds.Add(fault.Pos{File: pack.File}, "D002", fault.HintOf(err), "the documents cannot be planned: %v", err)
		return ds
	}
	limits := b.Budget()
	for _, r := range rows {
		for _, d := range r.Check(limits, r.pos) {
			d.Pos = r.pos
			ds = append(ds, d)
		}
	}
	return ds
}

// An explainedDocuments is what explain and publish say of a package's documents.
type explainedDocuments struct {
	Count int  `json:"count"`
	Bytes int  `json:"bytes"`
	Only  bool `json:"only,omitempty"` // nothing else is answered over GraphQL
}

func documentsOf(b *view.Build) *explainedDocuments {
	if b == nil || b.Documents == nil {
		return nil
	}
	return &explainedDocuments{b.Documents.Len(), b.Documents.Bytes(), b.Documents.Only()}
}

// String is a line for people.
func (d *explainedDocuments) String() string {
	text := count(d.Count, "GraphQL document")
	if d.Bytes > 0 {
		text += fmt.Sprintf(" (%d bytes)", d.Bytes)
	}
	if d.Only {
		text += "; no others are answered"
	}
	return text
}

// operationsOf are the operations of a name that is no view's and no mutation's.
func operationsOf(s *view.Surface, rows []documentRow, name string) []documentRow {
	if _, ok := s.View(name); ok {
		return nil
	}
	if _, ok := s.Mutation(name); ok {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r documentRow) bool { return r.Name != name })
}

// explainDocument is the plan of an operation as an app asks it where no condition holds.
func explainDocument(e *composer.Engine, r documentRow, a *asker.Asker) (explained, error) {
	x := explained{Name: r.Name, Kind: kindDocument, Worst: &r.budgetRow, Document: &explainedFile{r.id(), r.pos}}
	if len(r.op.Selections) == 0 {
		return x, nil
	}
	var err error
	x.Explanation, err = e.Explain(r.op.Selections[0], nil, a)
	return x, err
}

// printDocuments says how many documents of a package the edge knows; nothing if it brings none.
func printDocuments(out io.Writer, n int, only bool) {
	if n > 0 || only {
		fmt.Fprintf(out, "  %s\n", &explainedDocuments{Count: n, Only: only})
	}
}
