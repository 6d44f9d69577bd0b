package graphql

import "github.com/vektah/gqlparser/v2/ast"

// release cuts a validated document from the schema that it was validated against: with what validation has left in it, each
// kept document would hold a copy of that schema. Variables keep their types, in the engine's small schema.
func (e *engine) release(doc *ast.QueryDocument) {
	for _, op := range doc.Operations {
		for _, v := range op.VariableDefinitions {
			if v.Definition = scalars()[v.Type.Name()]; v.Definition == nil {
				e.typed.Store(true)
				v.Definition = e.small().Types[v.Type.Name()]
			}
			releaseValue(v.DefaultValue)
			releaseDirectives(v.Directives)
		}
		releaseDirectives(op.Directives)
		releaseSet(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		f.Definition = nil
		releaseDirectives(f.Directives)
		releaseSet(f.SelectionSet)
	}
}

func releaseSet(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			s.Definition, s.ObjectDefinition = nil, nil
			releaseArguments(s.Arguments)
			releaseDirectives(s.Directives)
			releaseSet(s.SelectionSet)
		case *ast.InlineFragment:
			s.ObjectDefinition = nil
			releaseDirectives(s.Directives)
			releaseSet(s.SelectionSet)
		case *ast.FragmentSpread:
			s.ObjectDefinition = nil
			releaseDirectives(s.Directives)
		}
	}
}

func releaseDirectives(list ast.DirectiveList) {
	for _, d := range list {
		d.Definition, d.ParentDefinition = nil, nil
		releaseArguments(d.Arguments)
	}
}

func releaseArguments(list ast.ArgumentList) {
	for _, a := range list {
		releaseValue(a.Value)
	}
}

func releaseValue(v *ast.Value) {
	if v == nil {
		return
	}
	v.Definition, v.ExpectedType = nil, nil
	for _, c := range v.Children {
		releaseValue(c.Value)
	}
}

// link gives the variables in a valid document of one operation their definitions, as validation would have.
func link(doc *ast.QueryDocument) {
	l := linker(doc.Operations[0].VariableDefinitions)
	for _, v := range l {
		v.Used = true
		l.directives(v.Directives)
	}
	l.directives(doc.Operations[0].Directives)
	l.set(doc.Operations[0].SelectionSet)
	for _, f := range doc.Fragments {
		l.directives(f.Directives)
		l.set(f.SelectionSet)
	}
}

type linker ast.VariableDefinitionList

func (l linker) set(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			l.arguments(s.Arguments)
			l.directives(s.Directives)
			l.set(s.SelectionSet)
		case *ast.InlineFragment:
			l.directives(s.Directives)
			l.set(s.SelectionSet)
		case *ast.FragmentSpread:
			l.directives(s.Directives)
		}
	}
}

func (l linker) directives(list ast.DirectiveList) {
	for _, d := range list {
		l.arguments(d.Arguments)
	}
}

func (l linker) arguments(list ast.ArgumentList) {
	for _, a := range list {
		l.value(a.Value)
	}
}

func (l linker) value(v *ast.Value) {
	if v == nil {
		return
	}
	if v.Kind == ast.Variable {
		v.VariableDefinition = ast.VariableDefinitionList(l).ForName(v.Raw)
	}
	for _, c := range v.Children {
		l.value(c.Value)
	}
}
