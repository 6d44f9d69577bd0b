package console

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"facet/view"
)

// The bounds of a sample: enough to see what a view gives, small enough to read.
const (
	sampleRows   = 3 // list items asked by index
	sampleDepth  = 8
	sampleFields = 60
)

// A Sample is a working request for a view over one protocol.
type Sample struct {
	Protocol string // "GraphQL", "REST", "JSON Graph"
	URL      string // a GET, relative to the edge's root
	Text     string // what a person would write: the query, the path sets, the URL
}

// Samples makes a working request per protocol for a view. args is a JSON object of the view's arguments, as its
// warm-up has it. A protocol that cannot ask for the view is left out.
func Samples(s *view.Surface, v *view.View, args json.RawMessage) []Sample {
	var given map[string]json.RawMessage
	if len(args) > 0 {
		if err := json.Unmarshal(args, &given); err != nil {
			return nil
		}
	}
	for _, a := range v.Args {
		if _, ok := given[a.Name]; a.Required() && !ok {
			return nil // nobody has said what a working value is
		}
	}
	base := "/" + url.PathEscape(s.Device) + "/" + url.PathEscape(s.Schema) + "/"
	q := &writer{surface: s}
	query := q.graphql(v, given)
	samples := []Sample{
		{"GraphQL", base + "graphql?query=" + url.QueryEscape(query), query},
		{"REST", base + restURL(v, given), "GET " + base + restURL(v, given)},
	}
	if paths, ok := q.paths(v, given); ok {
		text, err := json.Marshal(paths)
		if err == nil {
			samples = append(samples, Sample{"JSON Graph", base + "model.json?method=get&paths=" + url.QueryEscape(string(text)), pretty(paths)})
		}
	}
	return samples
}

func pretty(paths [][]any) string {
	lines := make([]string, len(paths))
	for i, p := range paths {
		b, err := json.Marshal(p)
		if err != nil {
			return ""
		}
		lines[i] = "  " + string(b)
	}
	return "[\n" + strings.Join(lines, ",\n") + "\n]"
}

func restURL(v *view.View, given map[string]json.RawMessage) string {
	values := url.Values{}
	for _, a := range v.Args {
		if raw, ok := given[a.Name]; ok {
			values.Set(a.Name, plain(raw))
		}
	}
	u := url.PathEscape(v.Name)
	if len(values) > 0 {
		u += "?" + values.Encode()
	}
	return u
}

// plain is a JSON value as it stands in a URL or a path: a string without its quotes.
func plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// A writer walks a view's output and follows each shape once.
type writer struct {
	surface *view.Surface
	inside  []string // shapes being followed
	fields  int
}

func (w *writer) follow(shape string) *view.Shape {
	found, ok := w.surface.Shape(shape)
	if !ok || slices.Contains(w.inside, shape) {
		return nil
	}
	return found.Def
}

func (w *writer) graphql(v *view.View, given map[string]json.RawMessage) string {
	var b strings.Builder
	w.inside, w.fields = nil, 0
	b.WriteString("{\n  " + v.Name)
	var args []string
	for _, a := range v.Args {
		if raw, ok := given[a.Name]; ok {
			args = append(args, a.Name+": "+string(raw))
		}
	}
	if len(args) > 0 {
		b.WriteString("(" + strings.Join(args, ", ") + ")")
	}
	w.tree(&b, v.Output, "  ")
	b.WriteString("\n}")
	return b.String()
}

// tree writes the selection set of an output, if it has one.
func (w *writer) tree(b *strings.Builder, o *view.Output, indent string) {
	in := indent + "  "
	switch o.Kind {
	case view.Many:
		w.tree(b, o.Item, indent)
	case view.Leaf:
		if obj, ok := w.surface.Object(o.Type.Named()); ok {
			b.WriteString(" {")
			for _, f := range obj.Fields {
				if _, nested := w.surface.Object(f.Type.Named()); !nested {
					b.WriteString(" " + f.Name)
				}
			}
			b.WriteString(" }")
		}
	case view.Tree:
		b.WriteString(" {\n")
		w.members(b, o, in)
		b.WriteString(indent + "}")
	case view.Ref:
		sh := w.follow(o.Shape)
		if sh == nil {
			b.WriteString(" { __typename }")
			return
		}
		w.inside = append(w.inside, o.Shape)
		b.WriteString(" {\n")
		if sh.Keyed {
			b.WriteString(in + "id\n")
		}
		w.members(b, sh.Output, in)
		b.WriteString(indent + "}")
		w.inside = w.inside[:len(w.inside)-1]
	case view.Union:
		b.WriteString(" {\n" + in + "__typename\n")
		for _, arm := range o.Arms {
			if arm.Output == nil {
				continue
			}
			name := arm.Output.Name
			if arm.Output.Kind == view.Ref {
				name = arm.Output.Shape
			}
			b.WriteString(in + "... on " + name)
			w.tree(b, arm.Output, in)
			b.WriteString("\n")
		}
		b.WriteString(indent + "}")
	}
}

func (w *writer) members(b *strings.Builder, o *view.Output, in string) {
	wrote := false
	for _, f := range o.Fields {
		if len(in) > 2*sampleDepth || w.fields >= sampleFields || w.recursive(f.Output) {
			continue
		}
		w.fields++
		wrote = true
		b.WriteString(in + f.Name)
		w.tree(b, f.Output, in)
		b.WriteString("\n")
	}
	if !wrote {
		b.WriteString(in + "__typename\n")
	}
}

// recursive says whether an output leads back into a shape that is being followed.
func (w *writer) recursive(o *view.Output) bool {
	for o.Kind == view.Many {
		o = o.Item
	}
	return o.Kind == view.Ref && slices.Contains(w.inside, o.Shape)
}

// paths writes a view as JSON Graph path sets; ok is false if the view is not in the JSON Graph.
func (w *writer) paths(v *view.View, given map[string]json.RawMessage) (sets [][]any, ok bool) {
	w.inside, w.fields = nil, 0
	at := []any{v.Name}
	keys := v.Keys
	if keys == nil {
		for _, a := range v.Args {
			if a.Required() {
				keys = append(keys, a.Name)
			}
		}
	}
	for _, k := range keys {
		raw, known := given[k]
		if !known || len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
			return nil, false
		}
		at = append(at, plain(raw))
	}
	w.walk(v.Output, at, &sets)
	return sets, len(sets) > 0
}

func (w *writer) walk(o *view.Output, at []any, sets *[][]any) {
	if len(*sets) >= sampleFields {
		return
	}
	with := func(more ...any) []any { return append(slices.Clone(at), more...) }
	switch o.Kind {
	case view.Leaf:
		*sets = append(*sets, at)
	case view.Many:
		*sets = append(*sets, with("length"))
		w.walk(o.Item, with(map[string]int{"to": sampleRows - 1}), sets)
	case view.Tree:
		w.object(o, at, false, sets)
	case view.Ref:
		sh := w.follow(o.Shape)
		if sh == nil {
			return
		}
		w.inside = append(w.inside, o.Shape)
		w.object(sh.Output, at, sh.Keyed, sets)
		w.inside = w.inside[:len(w.inside)-1]
	case view.Union:
		*sets = append(*sets, with("__typename"))
		for _, arm := range o.Arms {
			if arm.Output != nil {
				w.walk(arm.Output, at, sets)
			}
		}
	}
}

// object writes the leaves of an object as one path set, the rest one by one.
func (w *writer) object(o *view.Output, at []any, keyed bool, sets *[][]any) {
	var leaves []any
	if keyed {
		leaves = append(leaves, "id")
	}
	for _, f := range o.Fields {
		if f.Output.Kind == view.Leaf && !f.Output.Paged { // a list that is not paged is one value
			leaves = append(leaves, f.Name)
		}
	}
	if len(leaves) > 0 {
		*sets = append(*sets, append(slices.Clone(at), leaves))
	}
	for _, f := range o.Fields {
		switch {
		case f.Output.Kind == view.Leaf && f.Output.Paged:
			*sets = append(*sets, append(slices.Clone(at), f.Name, map[string]int{"to": sampleRows - 1}))
		case f.Output.Kind != view.Leaf && len(at) < sampleDepth && !w.recursive(f.Output):
			w.walk(f.Output, append(slices.Clone(at), f.Name), sets)
		}
	}
}
