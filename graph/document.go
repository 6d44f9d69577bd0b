package graph

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

const (
	maxDocumentTokens = 20_000
	maxDocumentFields = 10_000 // with fragments where they are spread
)

// A Document is the one operation that a GraphQL connector sends. Fragments stand where they are spread.
type Document struct {
	Mutation   bool
	Name       string // "" without one
	Variables  []DocumentVariable
	Directives string // of the operation, as they are sent; mostly ""
	Fields     []*DocumentField

	uses []string // variables of Directives
}

// A DocumentVariable is one that the document declares.
type DocumentVariable struct {
	Name     string
	Type     string // "[ID!]!"
	Default  string // as it is sent; "" without one
	Required bool   // non-null without a default
}

// A DocumentField is a field, or an inline fragment.
type DocumentField struct {
	Key    string // the key in the answer; "" for a fragment
	Text   string // as it is sent, without what is selected below: "titles: byIds(ids: $ids)", "... on Film"
	Fields []*DocumentField

	uses []string // variables of Text
}

// document reads a connector's query.
func (b *builder) document(op *Operation, s str) *Document {
	if len(s.val) > maxMapping {
		b.add(s.pos(0), "G051", "split the connector", "the query is %d bytes long, more than %d", len(s.val), maxMapping)
		return nil
	}
	r := &documentReader{b: b, s: s, inner: newText("", s.val)}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: s.val}, maxDocumentTokens)
	if err != nil {
		at := 0
		if p := syntaxPos("", err); p.Line > 0 {
			at = r.inner.lines[min(p.Line, len(r.inner.lines))-1] + p.Col - 1
		}
		b.add(s.pos(min(at, len(s.val))), "G051", "", "the query cannot be read: %s", syntaxText(err))
		return nil
	}
	return r.operation(op, doc)
}

// A documentReader turns gqlparser's tree into a Document. The first mistake ends it.
type documentReader struct {
	b         *builder
	s         str
	inner     *text // of the query, for offsets
	fragments ast.FragmentDefinitionList
	open      []string // fragments that are being spread
	spread    []string // fragments that were
	declared  []string // variables
	used      []string
	count     int
	bad       bool
}

func (r *documentReader) fail(p *ast.Position, fix, format string, args ...any) {
	if r.bad {
		return
	}
	r.bad = true
	at := 0
	if p != nil {
		at = r.inner.offset(p.Start)
	}
	r.b.add(r.s.pos(at), "G051", fix, format, args...)
}

func (r *documentReader) operation(op *Operation, doc *ast.QueryDocument) *Document {
	if len(doc.Operations) != 1 {
		r.fail(nil, "give each its own connector", "the query has %d operations, and a connector sends one", len(doc.Operations))
		return nil
	}
	o := doc.Operations[0]
	r.fragments = doc.Fragments
	switch {
	case o.Operation == ast.Subscription:
		r.fail(o.Position, "send a query", "a subscription cannot be a connector's call")
	case op.Mutation && o.Operation != ast.Mutation:
		r.fail(o.Position, "begin it with mutation", "the mutation %s sends a query", op.subject())
	case !op.Mutation && o.Operation == ast.Mutation:
		r.fail(o.Position, "put it on a field of Mutation", "%s is no mutation and sends one", op.subject())
	}
	d := &Document{Mutation: o.Operation == ast.Mutation, Name: o.Name}
	for _, v := range o.VariableDefinitions {
		if slices.Contains(r.declared, v.Variable) {
			r.fail(v.Position, "", "the query declares $%s twice", v.Variable)
		}
		r.declared = append(r.declared, v.Variable)
		dv := DocumentVariable{Name: v.Variable, Type: v.Type.String(), Required: v.Type.NonNull && v.DefaultValue == nil}
		if v.DefaultValue != nil {
			dv.Default = printValue(v.DefaultValue)
		}
		d.Variables = append(d.Variables, dv)
	}
	d.Directives = r.directives(o.Directives, &d.uses)
	d.Fields = r.fields(o.SelectionSet)
	for _, v := range o.VariableDefinitions {
		if !slices.Contains(r.used, v.Variable) {
			r.fail(v.Position, "use it, or leave it out", "the query does not use its variable $%s", v.Variable)
		}
	}
	for _, f := range doc.Fragments {
		if !slices.Contains(r.spread, f.Name) {
			r.fail(f.Position, "leave it out", "the query does not spread its fragment %s", f.Name)
		}
	}
	if r.bad {
		return nil
	}
	return d
}

func (r *documentReader) fields(set ast.SelectionSet) (list []*DocumentField) {
	for _, sel := range set {
		if r.count++; r.count > maxDocumentFields {
			r.fail(nil, "split the connector", "the query has more than %d fields", maxDocumentFields)
		}
		if r.bad {
			return nil
		}
		switch f := sel.(type) {
		case *ast.Field:
			list = append(list, r.field(f))
		case *ast.InlineFragment:
			d := &DocumentField{Text: "..."}
			if f.TypeCondition != "" {
				d.Text += " on " + f.TypeCondition
			}
			d.Text += r.directives(f.Directives, &d.uses)
			d.Fields = r.fields(f.SelectionSet)
			list = append(list, d)
		case *ast.FragmentSpread:
			def := r.fragments.ForName(f.Name)
			switch {
			case def == nil:
				r.fail(f.Position, "", "the query has no fragment %s", f.Name)
				return nil
			case slices.Contains(r.open, f.Name):
				r.fail(f.Position, "", "the fragment %s spreads itself", f.Name)
				return nil
			}
			r.spread = append(r.spread, f.Name)
			r.open = append(r.open, f.Name)
			d := &DocumentField{Text: "... on " + def.TypeCondition}
			d.Text += r.directives(f.Directives, &d.uses)
			d.Fields = r.fields(def.SelectionSet)
			r.open = r.open[:len(r.open)-1]
			list = append(list, d)
		}
	}
	return list
}

func (r *documentReader) field(f *ast.Field) *DocumentField {
	d := &DocumentField{Key: f.Alias, Text: f.Name}
	if f.Alias != f.Name {
		d.Text = f.Alias + ":" + f.Name
	}
	if len(f.Arguments) > 0 {
		d.Text += "(" + r.arguments(f.Arguments, &d.uses) + ")"
	}
	d.Text += r.directives(f.Directives, &d.uses)
	d.Fields = r.fields(f.SelectionSet)
	return d
}

func (r *documentReader) directives(list ast.DirectiveList, uses *[]string) string {
	var b strings.Builder
	for _, d := range list {
		b.WriteString(" @" + d.Name)
		if len(d.Arguments) > 0 {
			b.WriteString("(" + r.arguments(d.Arguments, uses) + ")")
		}
	}
	return b.String()
}

func (r *documentReader) arguments(list ast.ArgumentList, uses *[]string) string {
	parts := make([]string, len(list))
	for i, a := range list {
		r.uses(a.Value, a.Position, uses)
		parts[i] = a.Name + ":" + printValue(a.Value)
	}
	return strings.Join(parts, ",")
}

func (r *documentReader) uses(v *ast.Value, at *ast.Position, into *[]string) {
	if v.Kind == ast.Variable {
		if !slices.Contains(r.declared, v.Raw) {
			r.fail(at, meant(v.Raw, r.declared), "the query does not declare $%s", v.Raw)
		}
		r.used = append(r.used, v.Raw)
		*into = append(*into, v.Raw)
	}
	for _, c := range v.Children {
		r.uses(c.Value, at, into)
	}
}

func printValue(v *ast.Value) string {
	switch v.Kind {
	case ast.Variable:
		return "$" + v.Raw
	case ast.StringValue, ast.BlockValue:
		return string(quoteJSON(v.Raw))
	case ast.ListValue, ast.ObjectValue:
		parts := make([]string, len(v.Children))
		for i, c := range v.Children {
			parts[i] = printValue(c.Value)
			if v.Kind == ast.ObjectValue {
				parts[i] = c.Name + ":" + parts[i]
			}
		}
		if v.Kind == ast.ObjectValue {
			return "{" + strings.Join(parts, ",") + "}"
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return v.Raw
}

// String is the document as it is sent.
func (d *Document) String() string {
	var b strings.Builder
	word := "query"
	if d.Mutation {
		word = "mutation"
	}
	b.WriteString(word)
	if d.Name != "" {
		b.WriteString(" " + d.Name)
	}
	for i, v := range d.Variables {
		sep := ","
		if i == 0 {
			sep = "("
		}
		b.WriteString(sep + "$" + v.Name + ":" + v.Type)
		if v.Default != "" {
			b.WriteString("=" + v.Default)
		}
	}
	if len(d.Variables) > 0 {
		b.WriteByte(')')
	}
	b.WriteString(d.Directives)
	printFields(&b, d.Fields)
	return b.String()
}

func printFields(b *strings.Builder, list []*DocumentField) {
	for i, f := range list {
		sep := " "
		if i == 0 {
			sep = "{"
		}
		b.WriteString(sep + f.Text)
		if len(f.Fields) > 0 {
			printFields(b, f.Fields)
		}
	}
	b.WriteByte('}')
}
