package view

import (
	"encoding/json"
	"time"

	"facet/fault"
	"facet/graph"
)

// An ID is the place of a Value in its Scope.
type ID int32

// None is no value.
const None ID = -1

// A Scope is the table of symbolic values that one view, shape or mutation recorded. Equal values are
// one entry; a Value refers only to earlier ones.
type Scope struct {
	Values []Value `json:"values"`
}

// An Op is what a Value is.
type Op string

// The operations.
const (
	OpQuery    Op = "query"    // the Query root
	OpEntity   Op = "entity"   // the subject of a shape; Type is its graph type
	OpItem     Op = "item"     // an item of the list Of
	OpAs       Op = "as"       // Of, known to be the member Name of its union or interface
	OpField    Op = "field"    // field Name of Of under Args
	OpViewer   Op = "viewer"   // the graph entity of type Name whose key is the context value Path: "Viewer" by "viewer.id", "Profile" by "viewer.profile.id"
	OpArg      Op = "arg"      // argument Name
	OpContext  Op = "context"  // who asks: Name is "viewer.id", "viewer.profile.id", "viewer.signedIn", "device.type", "device.form", "locale", "region", "cell:<experiment>"
	OpLiteral  Op = "literal"  // JSON
	OpInput    Op = "input"    // an input object of Args
	OpList     Op = "list"     // a list of List
	OpPick     Op = "pick"     // the first of Cases whose JSON equals Of, else Else (None: null)
	OpWhen     Op = "when"     // Then if Of is true, else Else; Then is Cases[0].Value
	OpIs       Op = "is"       // whether Of equals JSON; Boolean
	OpNot      Op = "not"      // Boolean
	OpAnd      Op = "and"      // of List; Boolean
	OpOr       Op = "or"       // of List; Boolean
	OpPage     Op = "page"     // the list Of, First items from the asker's position, Max at the most
	OpTake     Op = "take"     // the first First items of the list Of
	OpOrNull   Op = "orNull"   // Of; null if it failed or is late
	OpOrElse   Op = "orElse"   // Of; Else if it is null, failed or is late
	OpNotFound Op = "notFound" // Of; if it is null, the view is
	OpComputed Op = "computed" // the result of function Func over Args
	OpFormat   Op = "format"   // host function Name ("date", "number", "plural", "relative") over Args; reads the locale
	OpHandler  Op = "handler"  // what the handler returned; mutations of a handler only
	OpEffect   Op = "effect"   // the graph's Mutation field Name under Args; mutations only
)

// A Value is one symbolic value. Fields that its Op does not name are empty.
type Value struct {
	Op     Op              `json:"op"`
	Of     ID              `json:"of"`             // None if the op has no subject
	Name   string          `json:"name,omitempty"` //
	Path   string          `json:"path,omitempty"`
	Args   []*Named        `json:"args,omitempty"` // in order of declaration
	List   []ID            `json:"list,omitempty"`
	Cases  []Case          `json:"cases,omitempty"`
	Else   ID              `json:"else"` // None if there is none
	First  ID              `json:"first"`
	Max    int             `json:"max,omitempty"` // OpPage
	JSON   json.RawMessage `json:"json,omitempty"`
	Func   int             `json:"func,omitempty"`
	Within time.Duration   `json:"within,omitempty"` // OrNull, OrElse, NotFound
	Type   graph.TypeRef   `json:"type"`             // with the nullability that the value has on its own step
	Pos    fault.Pos       `json:"pos"`
}

// A Named is a named value.
type Named struct {
	Name  string `json:"name"`
	Value ID     `json:"value"`
}

// A Case is an arm of a pick.
type Case struct {
	JSON  json.RawMessage `json:"json,omitempty"`
	Value ID              `json:"value"`
}

// A Kind is what stands at one place of an answer.
type Kind string

// The kinds of outputs.
const (
	Leaf  Kind = "leaf"  // a scalar, an enum, a list of them, or a computed object
	Tree  Kind = "tree"  // an inline object
	Many  Kind = "many"  // a list whose items are Item
	Ref   Kind = "ref"   // a shape over the entity Value
	Union Kind = "union" // match: an arm by the member of Value
)

// An Output is what a view, shape or mutation gives at one place.
type Output struct {
	Kind Kind `json:"kind"`
	// Value is the leaf's value, the list, the entity of a Ref or the subject of a Union. For a Tree it is the
	// list item or entity whose null makes the object null, or None.
	Value ID `json:"value"`
	// Type is a Leaf's GraphQL type with its final nullability (see DESIGN's rule).
	Type graph.TypeRef `json:"type"`
	// NonNull is the final nullability of this place; for a Leaf it equals Type.NonNull.
	NonNull bool `json:"nonNull,omitempty"`
	// Name is the GraphQL type name of a Tree or Union.
	Name   string   `json:"name,omitempty"`
	Fields []*Field `json:"fields,omitempty"` // Tree
	Item   *Output  `json:"item,omitempty"`   // Many; its values stand on the OpItem value Each
	Each   ID       `json:"each"`             // Many: the OpItem value
	Paged  bool     `json:"paged,omitempty"`  // Many, Leaf: first/after and <list>Page exist
	Shape  string   `json:"shape,omitempty"`  // Ref
	Args   []*Named `json:"args,omitempty"`   // Ref: the shape's arguments in declared order
	Arms   []*Arm   `json:"arms,omitempty"`   // Union
}

// An Arm is what a match gives for one member. Members that are not named are null without an error.
type Arm struct {
	Member string  `json:"member"` // graph type
	As     ID      `json:"as"`     // the OpAs value
	Output *Output `json:"output"` // a Ref or a Tree; nil: null (other: null)
}

// A Field is a field of a Tree.
type Field struct {
	Name   string  `json:"name"`
	Output *Output `json:"output"`
	Cache  *Cache  `json:"cache,omitempty"`
	// Reads are the context inputs that the field depends on, transitively, sorted: "viewer.id", "cell:denser-rows", "locale".
	// A Ref's own fields are not counted.
	Reads []string  `json:"reads,omitempty"`
	Doc   string    `json:"doc,omitempty"`
	Pos   fault.Pos `json:"pos"`
}

// Field returns a field of a Tree by name, or nil.
func (o *Output) Field(name string) *Field {
	for _, f := range o.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// DefaultMax ends a paged list that states no max.
const DefaultMax = 200
