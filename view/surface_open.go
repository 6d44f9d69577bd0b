package view

import "sync"

// OpenSurface makes the device schema of builds that NewSurface has made one of before, for the same device and in the same order. Nothing is
// held against anything again, and types are derived when they are asked for.
func OpenSurface(device, schema string, builds ...*Build) *Surface {
	s := emptySurface(device, schema, builds)
	s.asked = &asked{types: map[string]*Type{}}
	for i, b := range builds {
		for _, v := range b.Views {
			if _, ok := s.views[v.Name]; !ok { // another package brings the same
				s.views[v.Name] = Found[*View]{v, i}
				s.viewOrder = append(s.viewOrder, v.Name)
			}
		}
		for _, mu := range b.Mutations {
			if _, ok := s.mutations[mu.Name]; !ok {
				s.mutations[mu.Name] = Found[*Mutation]{mu, i}
				s.mutationOrder = append(s.mutationOrder, mu.Name)
				s.private(i, mu.Handler)
			}
		}
		for _, sh := range b.Shapes {
			if _, ok := s.shapes[sh.Name]; !ok {
				s.shapes[sh.Name] = Found[*Shape]{sh, i}
				s.shapeOrder = append(s.shapeOrder, sh.Name)
			}
		}
		for _, o := range b.Objects {
			s.objects[o.Name] = o
		}
		for _, e := range b.Enums {
			s.enums[e.Name] = e
		}
		for _, in := range b.Inputs {
			s.inputs[in.Name] = in
		}
	}
	s.reads = readsOf(builds)
	return s
}

func emptySurface(device, schema string, builds []*Build) *Surface {
	return &Surface{Device: device, Schema: schema, Builds: builds,
		views: map[string]Found[*View]{}, mutations: map[string]Found[*Mutation]{}, shapes: map[string]Found[*Shape]{},
		loads: map[string]Found[*View]{}, effects: map[string]Found[*Mutation]{}, objects: map[string]*Object{}, enums: map[string]*Enum{}, inputs: map[string]*Input{}}
}

// all are the types of the surface by name.
func (s *Surface) all() map[string]*Type {
	s.derived.Do(func() { (&merger{s: s, roots: map[string]taken{}}).types() })
	return s.types
}

// asked are the types that somebody asked for. Most requests ask for few.
type asked struct {
	mu      sync.Mutex
	types   map[string]*Type
	outputs map[string]*Output // trees and unions; nil: not looked for yet
}

func (a *asked) of(s *Surface, name string) *Type {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, ok := a.types[name]
	if !ok {
		t = a.derive(s, name)
		if t != nil { // what somebody else made up is not kept
			a.types[name] = t
		}
	}
	return t
}

func (a *asked) derive(s *Surface, name string) *Type {
	if f, ok := s.shapes[name]; ok {
		return f.Def.asType()
	}
	if o := s.objects[name]; o != nil {
		return o.asType()
	}
	if e := s.enums[name]; e != nil {
		return e.asType()
	}
	if in := s.inputs[name]; in != nil {
		return in.asType()
	}
	if a.outputs == nil {
		a.find(s)
	}
	switch o := a.outputs[name]; {
	case o == nil && IsScalar(name):
		return nil
	case o == nil: // what comes by itself, and scalars of the graph
		return s.all()[name]
	case o.Kind == Union:
		return o.asUnion()
	default:
		return &Type{Name: name, Class: ClassObject, Fields: outputFields(o)}
	}
}

// find looks for the outputs that are types.
func (a *asked) find(s *Surface) {
	a.outputs = map[string]*Output{}
	var in func(o *Output)
	enter := func(o *Output) {
		if _, ok := a.outputs[o.Name]; !ok {
			a.outputs[o.Name] = o
		}
	}
	below := func(o *Output) {
		for _, f := range o.Fields {
			in(f.Output)
		}
	}
	in = func(o *Output) {
		switch o.Kind {
		case Tree:
			enter(o)
			below(o)
		case Many:
			in(o.Item)
		case Union:
			enter(o)
			for _, arm := range o.Arms {
				if arm.Output != nil {
					in(arm.Output)
				}
			}
		}
	}
	for _, name := range s.shapeOrder {
		below(s.shapes[name].Def.Output)
	}
	for _, name := range s.viewOrder {
		in(s.views[name].Def.Output)
	}
	for _, name := range s.mutationOrder {
		if o := s.mutations[name].Def.Output; o != nil {
			in(o)
		}
	}
}
