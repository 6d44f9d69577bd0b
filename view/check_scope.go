package view

import (
	"encoding/json"
)

// id says whether i is a value of the scope, and reports it if it is not.
func (c *checker) id(s *Scope, i ID, what string) bool {
	if i < 0 || int(i) >= len(s.Values) {
		c.fail("%s is value %d of %d", what, i, len(s.Values))
		return false
	}
	return true
}

func (c *checker) named(s *Scope, list []*Named) {
	for _, n := range list {
		if n == nil {
			c.fail("a named value is empty")
			return
		}
		c.id(s, n.Value, n.Name)
	}
}

// uses is what a Value of an Op refers to by the fields Of, First and Else.
type uses struct {
	of, first, orElse bool
	optionalElse      bool // Else may be None
	name              bool
	list, cases, json bool
}

var opUses = map[Op]uses{
	OpQuery:    {},
	OpEntity:   {},
	OpItem:     {of: true},
	OpAs:       {of: true, name: true},
	OpField:    {of: true, name: true},
	OpViewer:   {name: true},
	OpArg:      {name: true},
	OpContext:  {name: true},
	OpLiteral:  {json: true},
	OpInput:    {},
	OpList:     {list: true},
	OpPick:     {of: true, cases: true, orElse: true, optionalElse: true},
	OpWhen:     {of: true, cases: true, orElse: true, optionalElse: true},
	OpIs:       {of: true, json: true},
	OpNot:      {of: true},
	OpAnd:      {list: true},
	OpOr:       {list: true},
	OpPage:     {of: true, first: true},
	OpTake:     {of: true, first: true},
	OpOrNull:   {of: true},
	OpOrElse:   {of: true, orElse: true},
	OpNotFound: {of: true},
	OpComputed: {},
	OpFormat:   {name: true},
	OpHandler:  {},
	OpEffect:   {name: true},
}

// scope checks that every value refers to earlier ones only, by the fields that its op names.
func (c *checker) scope(s *Scope, args []*Arg, mutation bool) {
	if len(s.Values) > maxValues {
		c.fail("it has %d values; the limit is %d", len(s.Values), maxValues)
		return
	}
	depths := make([]int, len(s.Values))
	for i := range s.Values {
		v := &s.Values[i]
		if c.value(v, ID(i), args, mutation); c.err != nil {
			return
		}
		for _, of := range v.Operands() {
			depths[i] = max(depths[i], depths[of]+1)
		}
		if depths[i] > maxStack {
			c.fail("value %d stands on %d others, one upon another; the limit is %d", i, depths[i], maxStack)
			return
		}
	}
}

func (c *checker) value(v *Value, at ID, args []*Arg, mutation bool) {
	u, ok := opUses[v.Op]
	if !ok {
		c.fail("value %d has the unknown op %q", at, v.Op)
		return
	}
	earlier := func(i ID, field string) {
		if i < 0 || i >= at {
			c.fail("value %d (%s): %s is %d, which is no earlier value", at, v.Op, field, i)
		}
	}
	place := func(used bool, i ID, field string) {
		switch {
		case used:
			earlier(i, field)
		case i != None && i != 0:
			c.fail("value %d (%s) has a %s, which its op does not name", at, v.Op, field)
		}
	}
	place(u.of, v.Of, "of")
	place(u.first, v.First, "first")
	if !u.optionalElse || v.Else != None {
		place(u.orElse, v.Else, "else")
	}
	for _, a := range v.Args {
		if a == nil {
			c.fail("value %d has an empty argument", at)
			return
		}
		earlier(a.Value, "argument "+a.Name)
	}
	for _, i := range v.List {
		earlier(i, "list item")
	}
	for _, k := range v.Cases {
		earlier(k.Value, "case")
	}
	if u.cases && len(v.Cases) == 0 {
		c.fail("value %d (%s) has no arm", at, v.Op)
	}
	if u.name && v.Name == "" {
		c.fail("value %d (%s) has no name", at, v.Op)
	}
	if u.json && !json.Valid(v.JSON) {
		c.fail("value %d (%s) has no JSON", at, v.Op)
	}
	if v.Max < 0 || v.Within < 0 {
		c.fail("value %d (%s) has a negative bound", at, v.Op)
	}
	switch v.Op {
	case OpArg:
		if !hasArg(args, v.Name) {
			c.fail("value %d is the argument %q, which is not there", at, v.Name)
		}
	case OpComputed:
		if v.Func < 0 || v.Func >= len(c.b.Funcs) {
			c.fail("value %d runs function %d of %d", at, v.Func, len(c.b.Funcs))
		}
	case OpHandler:
		if v.Func < 0 || v.Func >= len(c.b.Handlers) {
			c.fail("value %d is of handler %d of %d", at, v.Func, len(c.b.Handlers))
		}
		fallthrough
	case OpEffect:
		if !mutation {
			c.fail("value %d is of a mutation and stands elsewhere", at)
		}
	}
	if v.Type.Elem != nil || v.Type.Name != "" { // values that are only steps may have no type
		c.ref(v.Type)
	}
}

// output checks one place of an answer and all below it.
func (c *checker) output(s *Scope, o *Output, depth int) {
	if c.err != nil {
		return
	}
	if o == nil {
		c.fail("an output is missing")
		return
	}
	if depth > maxDepth {
		c.fail("its outputs are deeper than %d", maxDepth)
		return
	}
	if o.Kind != Tree || o.Value != None {
		c.id(s, o.Value, string(o.Kind))
	}
	c.named(s, o.Args)
	switch o.Kind {
	case Leaf:
		c.ref(o.Type)
	case Tree:
		c.name(o.Name)
		if len(o.Fields) > maxDefinitions {
			c.fail("%s has %d fields", o.Name, len(o.Fields))
			return
		}
		seen := make(map[string]bool, len(o.Fields))
		for _, f := range o.Fields {
			if f == nil {
				c.fail("%s has an empty field", o.Name)
				return
			}
			c.name(f.Name)
			if seen[f.Name] {
				c.fail("%s has the field %s twice", o.Name, f.Name)
			}
			seen[f.Name] = true
			c.output(s, f.Output, depth+1)
		}
	case Many:
		if c.id(s, o.Each, "each") && s.Values[o.Each].Op != OpItem {
			c.fail("each is value %d, which is no item", o.Each)
		}
		c.output(s, o.Item, depth+1)
	case Ref:
		if sh := c.shape(o.Shape); sh != nil && len(sh.Args) != len(o.Args) {
			c.fail("shape %s takes %d arguments and is given %d", o.Shape, len(sh.Args), len(o.Args))
		}
	case Union:
		c.name(o.Name)
		for _, a := range o.Arms {
			if a == nil {
				c.fail("%s has an empty arm", o.Name)
				return
			}
			c.name(a.Member)
			if a.Output == nil {
				continue
			}
			c.id(s, a.As, "arm "+a.Member)
			if a.Output.Kind != Ref && a.Output.Kind != Tree {
				c.fail("%s gives a %s for %s; a match gives objects", o.Name, a.Output.Kind, a.Member)
			}
			c.output(s, a.Output, depth+1)
		}
	default:
		c.fail("an output has the unknown kind %q", o.Kind)
	}
}
