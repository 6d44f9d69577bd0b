// Package view is what a package records into: views, shapes, mutations and computed signatures as data, with their printing, encoding, schema and its diff.
package view

import (
	"encoding/json"
	"time"

	"facet/fault"
	"facet/graph"
)

// A Build is what one package version records into, against locked modules and one graph version.
// It is immutable; the same inputs give the same bytes.
type Build struct {
	Format    int               `json:"format"` // of the encoding; Format below is the newest
	Package   string            `json:"package"`
	Version   string            `json:"version"`
	Devices   []string          `json:"devices,omitempty"`
	Schema    string            `json:"schema,omitempty"` // "v3"; "" for a module
	Graph     string            `json:"graph"`            // digest of the graph version
	Locks     map[string]string `json:"locks,omitempty"`  // linked module -> version; several, "1.2.0, 2.0.0", where the ranges of its importers do not meet
	Views     []*View           `json:"views,omitempty"`  // in order of export
	Mutations []*Mutation       `json:"mutations,omitempty"`
	Shapes    []*Shape          `json:"shapes,omitempty"`   // in order of first use
	Objects   []*Object         `json:"objects,omitempty"`  // results of computed.object
	Enums     []*Enum           `json:"enums,omitempty"`    // oneOf, and the graph's that are used
	Inputs    []*Input          `json:"inputs,omitempty"`   // the graph's that are used by arguments
	Funcs     []*Func           `json:"funcs,omitempty"`    // computed functions; a Value's Func is an index here
	Handlers  []*Handler        `json:"handlers,omitempty"` // a Mutation's Handler counts here
	Metrics   []*Declared       `json:"metrics,omitempty"`  // declared business metrics, in order of export
	Warmups   []*Warmup         `json:"warmups,omitempty"`
	Documents *Documents        `json:"documents,omitempty"` // of its app, known from the first request; nil if there are none
	Cells     []string          `json:"cells,omitempty"`     // experiments that are read, sorted
	Limits    json.RawMessage   `json:"limits,omitempty"`    // the manifest's edge.limits
	Health    json.RawMessage   `json:"health,omitempty"`    // the manifest's edge.health
	Sunset    json.RawMessage   `json:"sunset,omitempty"`    // the manifest's edge.sunset
	Sources   []string          `json:"sources,omitempty"`   // file names that Pos values index, package files first
}

// Format is the newest encoding of builds.
const Format = 1

// A View is a named entry point: a Query field, a REST resource, a JSON Graph path.
type View struct {
	Name   string    `json:"name"`
	Args   []*Arg    `json:"args,omitempty"`
	Keys   []string  `json:"keys,omitempty"` // arguments that are JSON Graph keys after the name, in order; by default the required ones
	Cache  *Cache    `json:"cache,omitempty"`
	Budget *Size     `json:"budget,omitempty"` // nil: the package's
	Scope  Scope     `json:"scope"`
	Output *Output   `json:"output"`
	Doc    string    `json:"doc,omitempty"`
	Pos    fault.Pos `json:"pos"`
}

// A Shape is a named projection of a graph type: a GraphQL type and a JSON Graph identity.
type Shape struct {
	Name     string    `json:"name"`
	Type     string    `json:"type"`               // the graph type
	Args     []*Arg    `json:"args,omitempty"`     // non-null scalars or enums
	Keyed    bool      `json:"keyed,omitempty"`    // it has `id` and `key`
	Loadable bool      `json:"loadable,omitempty"` // it is a JSON Graph identity and a Node
	Scope    Scope     `json:"scope"`
	Subject  ID        `json:"subject"` // the OpEntity value
	Output   *Output   `json:"output"`  // an object named like the shape; without `id` and `key`
	Doc      string    `json:"doc,omitempty"`
	Pos      fault.Pos `json:"pos"`
}

// A Mutation is named effects, recorded: a Mutation field, a REST POST, a JSON Graph call or set.
type Mutation struct {
	Name    string    `json:"name"`
	Args    []*Arg    `json:"args,omitempty"`
	Scope   Scope     `json:"scope"`
	Effects []ID      `json:"effects"`          // OpEffect values, in the order that they run
	Output  *Output   `json:"output,omitempty"` // nil: it returns nothing
	Sets    *Sets     `json:"sets,omitempty"`
	On      string    `json:"on,omitempty"` // the shape below which it is callable
	As      []string  `json:"as,omitempty"` // its path there: ["myList", "push"]
	Metrics []*Metric `json:"metrics,omitempty"`
	// Handler is the place in Build.Handlers of the code behind it, plus one; 0: its effects are recorded. A handler's Output is a
	// Leaf over an OpHandler value, or nil.
	Handler int `json:"handler,omitempty"`
	// Invalidates is derived from the graph's @writes.
	Invalidates []*Invalidation `json:"invalidates,omitempty"`
	Doc         string          `json:"doc,omitempty"`
	Pos         fault.Pos       `json:"pos"`
}

// Sets lets JSON Graph `set` reach a mutation: setting Field of Shape calls it with the entity's key and the value.
type Sets struct {
	Shape string `json:"shape"`
	Field string `json:"field"`
	Key   string `json:"key"`   // the argument that takes the entity's key
	Value string `json:"value"` // the argument that takes the value
}

// A Metric is a business counter that a mutation moves.
type Metric struct {
	Name string   `json:"name"`
	By   []*Named `json:"by,omitempty"` // labels
}

// An Invalidation says what a mutation makes stale: a field of a shape, or a view.
type Invalidation struct {
	Shape string  `json:"shape,omitempty"`
	Field string  `json:"field,omitempty"`
	Args  []Maybe `json:"args,omitempty"` // the shape's arguments, in declared order
	Key   []Maybe `json:"key,omitempty"`  // the entity's key parts
	View  string  `json:"view,omitempty"` // a view that reads the field outside a shape; Shape is "" then
}

// A Maybe is a value of the mutation's scope, or not known (None): the path is cut before it.
type Maybe struct {
	Value ID `json:"value"`
}

// A Cache is a view's or a field's cache policy.
type Cache struct {
	MaxAge time.Duration `json:"maxAge"`
	Scope  string        `json:"scope,omitempty"` // "viewer" or "public"; "" derives it
}

// An Arg is an argument of a view, shape or mutation.
type Arg struct {
	Name      string          `json:"name"`
	Type      graph.TypeRef   `json:"type"`
	Default   json.RawMessage `json:"default,omitempty"`
	Min       *float64        `json:"min,omitempty"`
	Max       *float64        `json:"max,omitempty"`
	MaxLength int             `json:"maxLength,omitempty"` // of strings, in UTF-16 units; 0: the environment's limit
	Doc       string          `json:"doc,omitempty"`
}

// Required says whether the asker must give it.
func (a *Arg) Required() bool { return a.Type.NonNull && a.Default == nil }

// An Object is the declared result of computed functions.
type Object struct {
	Name   string         `json:"name"`
	Fields []*ObjectField `json:"fields"`
	Pos    fault.Pos      `json:"pos"`
}

// An ObjectField is a field of an Object.
type ObjectField struct {
	Name string        `json:"name"`
	Type graph.TypeRef `json:"type"` // scalars, enums, Objects, lists of them
}

// An Enum is an enum of the device schema.
type Enum struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
	Graph  bool     `json:"graph,omitempty"` // the graph's own
}

// An Input is an input type of the graph that arguments use.
type Input struct {
	Name   string `json:"name"`
	Fields []*Arg `json:"fields"`
}

// A Func is a computed function: closed, so a program of its own.
type Func struct {
	Name   string        `json:"name"`   // for people: "Card.progress"
	Source string        `json:"source"` // a JavaScript expression that evaluates to the function, ES2017, no free names
	Inputs []FuncInput   `json:"inputs"` // in the order of the call's arguments; the function takes them as one object
	Result graph.TypeRef `json:"result"`
	Format bool          `json:"format,omitempty"` // it uses format.*: the locale is its last input, "$locale"
	Pos    fault.Pos     `json:"pos"`
	// Lines maps the lines and columns of Source back to the files of the author (JSON of the scripts package), may be empty.
	Lines json.RawMessage `json:"lines,omitempty"`
}

// A FuncInput is a named input of a Func.
type FuncInput struct {
	Name string        `json:"name"`
	Type graph.TypeRef `json:"type"`
}

// A Warmup is a request that a package wants made before it serves.
type Warmup struct {
	View string          `json:"view"`
	Args json.RawMessage `json:"args,omitempty"` // a JSON object
}

// A Compute runs a computed function: in holds one JSON value per input (nil is null); the result, a JSON
// value of the declared type, is appended to dst. What it takes is put on the request's account, which may be nil.
// It may be called from many goroutines at once. Its errors are fault.Errors whose message a device may read:
// Limit and Timeout say that a bound was broken.
type Compute func(a *Account, in [][]byte, dst []byte) ([]byte, error)

// An Account is what the script functions of one build may spend for one request. One goroutine at a time uses it.
type Account struct {
	Left   time.Duration // processor time; at 0 or less every further call fails with Limit
	Spent  time.Duration
	Waited time.Duration // for its package's turn; a request waits no longer than one call may
	Calls  int
}
