package scripts

import (
	"encoding/json"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/view"
)

// What the runtime recorded, as its JSON has it. Places are numbers of stacks.
type (
	recorded struct {
		Views     []*recView
		Mutations []*recMutation
		Shapes    []*recShape
		Objects   []*recObject
		Enums     []*recEnum
		Funcs     []*recFunc
		Handlers  []*recHandler
		Declared  []*recMetric
		Warmups   []recWarmup
		Cells     []string
		Orphans   []recOrphan
	}
	recView struct {
		Name   string
		Args   []recArg
		Keys   []string
		Cache  *recCache
		Budget *view.Size
		Values []recValue
		Output *recOutput
		At     int
	}
	recShape struct {
		Name, Type      string
		Args            []recArg
		Keyed, Loadable bool
		Values          []recValue
		Subject         view.ID
		Output          *recOutput
		At              int
	}
	recMutation struct {
		Name    string
		Args    []recArg
		Values  []recValue
		Effects []view.ID
		Output  *recOutput
		Sets    *view.Sets
		On      string
		As      []string
		Metrics []*view.Metric
		Handler int
		At      int
	}
	recCache struct {
		MaxAge time.Duration
		Scope  string
	}
	recArg struct {
		Name      string
		Type      graph.TypeRef
		Default   *string
		Min, Max  *float64
		MaxLength int
	}
	recValue struct {
		Op              view.Op
		Of, Else, First view.ID
		Name, Path      string
		Args            []*view.Named
		List            []view.ID
		Cases           []recCase
		Max             int
		JSON            *string
		Func            int
		Within          time.Duration
		Type            graph.TypeRef
		Pos             int
	}
	recCase struct {
		JSON  *string
		Value view.ID
	}
	recOutput struct {
		Kind   view.Kind
		Value  view.ID
		Type   graph.TypeRef
		Name   string
		Fields []*recField
		Item   *recOutput
		Each   view.ID
		Paged  bool
		Shape  string
		Args   []*view.Named
		Arms   []recArm
	}
	recField struct {
		Name   string
		Output *recOutput
		Cache  *recCache
		At     int
	}
	recArm struct {
		Member string
		As     view.ID
		Output *recOutput
	}
	recObject struct {
		Name   string
		Fields []*view.ObjectField
		At     int
	}
	recEnum struct {
		Name   string
		Values []string
		At     int
	}
	recFunc struct {
		Fn     int
		Inputs []view.FuncInput
		Result graph.TypeRef
		At     int
	}
	recWarmup struct{ View, Args string }
	recOrphan struct {
		What string
		At   int
	}
)

// decode turns what was recorded into the build's definitions. Names, nullability and what is derived come after it.
func (r *recorder) decode(text string, b *view.Build) (*recorded, error) {
	var rec recorded
	if err := json.Unmarshal([]byte(text), &rec); err != nil {
		return nil, fault.Wrap(fault.Internal, "scripts.decode", b.Package, err)
	}
	for _, v := range rec.Views {
		pos := r.pos(v.At)
		b.Views = append(b.Views, &view.View{Name: v.Name, Args: args(v.Args), Keys: v.Keys, Cache: v.Cache.cache(), Budget: v.Budget, Scope: r.scope(v.Values), Output: r.output(v.Output, pos), Pos: pos})
	}
	for _, m := range rec.Mutations {
		pos := r.pos(m.At)
		b.Mutations = append(b.Mutations, &view.Mutation{Name: m.Name, Args: args(m.Args), Scope: r.scope(m.Values), Effects: m.Effects, Output: r.output(m.Output, pos),
			Sets: m.Sets, On: m.On, As: m.As, Metrics: m.Metrics, Handler: m.Handler, Pos: pos})
	}
	for _, s := range rec.Shapes {
		pos := r.pos(s.At)
		b.Shapes = append(b.Shapes, &view.Shape{Name: s.Name, Type: s.Type, Args: args(s.Args), Keyed: s.Keyed, Loadable: s.Loadable, Scope: r.scope(s.Values),
			Subject: s.Subject, Output: r.output(s.Output, pos), Pos: pos})
	}
	for _, o := range rec.Objects {
		b.Objects = append(b.Objects, &view.Object{Name: o.Name, Fields: o.Fields, Pos: r.pos(o.At)})
	}
	for _, e := range rec.Enums {
		b.Enums = append(b.Enums, &view.Enum{Name: e.Name, Values: e.Values})
	}
	r.metrics(&rec, b)
	for _, w := range rec.Warmups {
		x := &view.Warmup{View: w.View}
		if w.Args != "{}" {
			x.Args = json.RawMessage(w.Args)
		}
		b.Warmups = append(b.Warmups, x)
	}
	b.Cells = rec.Cells
	return &rec, nil
}

func (c *recCache) cache() *view.Cache {
	if c == nil {
		return nil
	}
	return &view.Cache{MaxAge: c.MaxAge, Scope: c.Scope}
}

func raw(s *string) json.RawMessage {
	if s == nil {
		return nil
	}
	return json.RawMessage(*s)
}

func args(list []recArg) []*view.Arg {
	var out []*view.Arg
	for _, a := range list {
		out = append(out, &view.Arg{Name: a.Name, Type: a.Type, Default: raw(a.Default), Min: a.Min, Max: a.Max, MaxLength: a.MaxLength})
	}
	return out
}

func (r *recorder) scope(list []recValue) view.Scope {
	s := view.Scope{Values: make([]view.Value, len(list))}
	for i, v := range list {
		x := view.Value{Op: v.Op, Of: v.Of, Name: v.Name, Path: v.Path, Args: v.Args, List: v.List, Else: v.Else, First: v.First, Max: v.Max,
			JSON: raw(v.JSON), Func: v.Func, Within: v.Within, Type: v.Type, Pos: r.pos(v.Pos)}
		for _, c := range v.Cases {
			x.Cases = append(x.Cases, view.Case{JSON: raw(c.JSON), Value: c.Value})
		}
		s.Values[i] = x
	}
	return s
}

// output makes an output; pos is the place of what has none of its own.
func (r *recorder) output(o *recOutput, pos fault.Pos) *view.Output {
	if o == nil {
		return nil
	}
	out := &view.Output{Kind: o.Kind, Value: o.Value, Name: o.Name, Each: view.None, Paged: o.Paged, Shape: o.Shape, Args: o.Args}
	switch o.Kind {
	case view.Leaf:
		out.Type = o.Type
	case view.Many:
		out.Each = o.Each
		out.Item = r.output(o.Item, pos)
		if out.Item.Kind == view.Tree {
			out.Item.Value = o.Each
		}
	case view.Union:
		for _, a := range o.Arms {
			arm := &view.Arm{Member: a.Member, As: a.As, Output: r.output(a.Output, pos)}
			if arm.Output != nil && arm.Output.Kind == view.Tree {
				arm.Output.Value = a.As
			}
			out.Arms = append(out.Arms, arm)
		}
	}
	for _, f := range o.Fields {
		at := pos
		if f.At >= 0 {
			at = r.pos(f.At)
		}
		out.Fields = append(out.Fields, &view.Field{Name: f.Name, Output: r.output(f.Output, at), Cache: f.Cache.cache(), Pos: at})
	}
	return out
}
