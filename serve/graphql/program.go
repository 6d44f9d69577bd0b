package graphql

import (
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"facet/composer"
	"facet/fault"
	"facet/view"
)

// A program is a validated operation, compiled into a Selection for each way that its conditions and its nodes can fall.
type program struct {
	e          *engine
	op         *ast.OperationDefinition
	fragments  ast.FragmentDefinitionList
	simple     bool            // all variables are of GraphQL's own scalars, no list
	defaults   []any           // of simple variables, in order
	conditions []string        // the variables in @skip and @include, in order
	nodes      []*ast.Argument // the id of each node(id:) root, in order; the same field of two aliases stands twice
	nodeOf     map[*ast.Field]int

	mu   sync.Mutex
	made map[string]*compiled
}

// maxCompiled bounds the Selections that one operation keeps.
const maxCompiled = 64

// A compiled is a Selection with what its values are made of for each request. It is read-only.
type compiled struct {
	selection *composer.Selection
	values    []value
	windows   []window
	own       []*own   // roots that the edge itself answers
	keys      []string // the response keys of all roots in order; nil without own roots
}

// An own root is answered here: introspection, and entities that cannot be.
type own struct {
	key    string
	fields []*ast.Field // nil: null
}

// A value is what Request.Values gets at one place.
type value struct {
	fixed []byte     // JSON, if no variable is in it
	ast   *ast.Value // else
	arg   *view.Arg
	node  int // the key of node root node; -1 for arguments
	part  int // of a node root: 0 is the key, n the n-th argument of its shape
}

// A window is what Request.Windows gets at one place; nil values are not given.
type window struct{ first, after *ast.Value }

// program prepares an operation. Its errors are limits.
func (e *engine) program(op *ast.OperationDefinition, fragments ast.FragmentDefinitionList) (*program, *fault.Error) {
	p := &program{e: e, op: op, fragments: fragments, made: map[string]*compiled{}, nodeOf: map[*ast.Field]int{}}
	p.plainVariables()
	p.scan(op.SelectionSet, true, map[string]bool{})
	if n := e.h.limits.Conditions; len(p.conditions) > n {
		return nil, past("variables in @skip and @include", n)
	}
	return p, nil
}

// plainVariables looks whether the variables are all simple.
func (p *program) plainVariables() {
	for _, v := range p.op.VariableDefinitions {
		if scalars()[v.Type.NamedType] == nil {
			return
		}
		var value any
		if v.DefaultValue != nil {
			var err error
			if value, err = v.DefaultValue.Value(nil); err != nil {
				return
			}
		}
		p.defaults = append(p.defaults, value)
	}
	p.simple = true
}

// scan finds conditions everywhere and nodes among the roots.
func (p *program) scan(set ast.SelectionSet, root bool, seen map[string]bool) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			p.condition(s.Directives)
			if root && s.Name == "node" && p.op.Operation == ast.Query {
				if _, ok := p.nodeOf[s]; !ok {
					p.nodeOf[s] = len(p.nodes)
					p.nodes = append(p.nodes, s.Arguments.ForName("id"))
				}
			}
			p.scan(s.SelectionSet, false, seen)
		case *ast.InlineFragment:
			p.condition(s.Directives)
			p.scan(s.SelectionSet, root, seen)
		case *ast.FragmentSpread:
			p.condition(s.Directives)
			f := p.fragments.ForName(s.Name)
			if f == nil || seen[s.Name] {
				continue
			}
			seen[s.Name] = true
			p.scan(f.SelectionSet, root, seen)
		}
	}
}

func (p *program) condition(ds ast.DirectiveList) {
	for _, d := range ds {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		if a := d.Arguments.ForName("if"); a != nil && a.Value.Kind == ast.Variable && !slices.Contains(p.conditions, a.Value.Raw) {
			p.conditions = append(p.conditions, a.Value.Raw)
		}
	}
}

// A target is the entity that a node root means in one request.
type target struct {
	shape *view.Shape // nil: none
	parts []string    // the key, then the shape's arguments as JSON
}

// byDefault are the conditions where nobody says how they fall: at their defaults, else false.
func (p *program) byDefault() map[string]any {
	vars := make(map[string]any, len(p.conditions))
	for _, c := range p.conditions {
		on := false
		if d := p.op.VariableDefinitions.ForName(c); d != nil && d.DefaultValue != nil {
			v, err := d.DefaultValue.Value(nil)
			truth, ok := v.(bool)
			on = err == nil && ok && truth
		}
		vars[c] = on
	}
	return vars
}

// compile gives the Selection for one request's variables. Each condition among them is true or false.
func (p *program) compile(vars map[string]any) (*compiled, []target, *fault.Error) {
	var key strings.Builder
	for _, c := range p.conditions {
		switch on, ok := vars[c].(bool); {
		case !ok: // a default keeps the type from saying so
			return nil, nil, fault.New(fault.Invalid, "$%s stands in @skip or @include: it is true or false, not null", c)
		case on:
			key.WriteByte('1')
		default:
			key.WriteByte('0')
		}
	}
	targets := make([]target, len(p.nodes))
	for i, a := range p.nodes {
		targets[i] = p.e.target(a, vars)
		key.WriteByte('|')
		if sh := targets[i].shape; sh != nil {
			key.WriteString(sh.Name)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.made[key.String()]; ok {
		return c, targets, nil
	}
	b := &builder{p: p, e: p.e, vars: vars, targets: targets, out: &compiled{}, left: p.e.h.limits.Nodes}
	c, err := b.build()
	if err == nil && len(p.made) < maxCompiled {
		p.made[key.String()] = c
	}
	return c, targets, err
}

// target opens the id of a node root. What is no id of this schema is nobody.
func (e *engine) target(a *ast.Argument, vars map[string]any) target {
	raw, err := a.Value.Value(vars)
	id, ok := raw.(string)
	if err != nil || !ok {
		return target{}
	}
	name, args, key, ok := view.DecodeID(id)
	if !ok {
		return target{}
	}
	sh, ok := e.surface.Shape(name)
	if !ok || !sh.Def.Loadable || len(args) != len(sh.Def.Args) {
		return target{}
	}
	t := target{shape: sh.Def, parts: []string{string(quoted(key))}}
	for i, a := range sh.Def.Args {
		v, ok := keyValue(args[i], a.Type.Name)
		if !ok {
			return target{}
		}
		t.parts = append(t.parts, v)
	}
	return t
}
