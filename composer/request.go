// Package composer answers selections over views: it plans which tier operations a selection needs, sends each as soon as its keys are known, and writes one answer.
package composer

import (
	"encoding/json"
	"time"

	"facet/asker"
	"facet/fault"
)

// A Selection is what one request asks of a device schema, whatever its protocol. It holds no values: those come with the
// Request, so that a Selection and its plan serve many requests. It is read-only once it has been answered.
type Selection struct {
	Roots []*Root
	// Mutation says that the roots are mutations: they run one after another, each an identity scope of its own.
	Mutation bool
}

// A RootKind is what a root names.
type RootKind uint8

// The kinds of roots.
const (
	RootView     RootKind = iota // a view by name
	RootMutation                 // a mutation by name
	RootEntity                   // an entity by shape, shape arguments and key (GraphQL node, REST node, JSON Graph identity)
	RootTypename                 // __typename of the root type; Name is the type's name
	RootLoad                     // a handler's private view: "<handler>.<name>"; by a Handling alone
	RootEffect                   // a handler's private mutation, likewise
)

// A Root is one asked entry. Arguments that are wrong fail their root only: it is null, with an error at its path.
type Root struct {
	Kind RootKind
	Key  string // the response key (Tree format)
	Name string // the view, mutation or shape
	Args []Arg  // of the view or mutation; of the shape for RootEntity
	// Entity indexes Request.Values: the entity's key, a JSON string; RootEntity only.
	Entity int
	// Many says that the value is a list of keys (a RootEntity of a JSON Graph): one root asks for all of them, and its
	// plan serves any number.
	Many bool
	Sub  []*Node
	// Path is where the root stands in a JSON Graph: ["film", "jaws-1975"]; JSON Graph format only. A RootEntity has none.
	Path []string
	// Window indexes Request.Windows and pages a root that is a list; -1: its first page. A list view "films" has a root
	// "filmsPage", too.
	Window int
}

// An Arg gives an argument the value Request.Values[Value].
type Arg struct {
	Name  string
	Value int
}

// A Node asks for one field of an object, or of every item of a list.
type Node struct {
	Key  string // the response key; siblings have distinct keys, except under different On
	Name string // the field; "__typename", "id", "key"; "<list>Page" with "length" and "next" below; "length" below a list (JSON Graph)
	// On holds the names of the output types (shapes, objects) that the node is asked for; nil: all.
	On  []string
	Sub []*Node
	// Window indexes Request.Windows: the part of a paged list that is asked for; -1: its first page. Lists that are not
	// paged take windows with Only (JSON Graph: the asked indices, so that those past the end are answered as missing).
	Window int
	// Group is the delivery group of the node: 0, until @defer.
	Group int
}

// A Window is the part of a list that is asked for.
type Window struct {
	First int     // items; -1: not given, the list's own first
	After int     // the index to start from (an opened cursor): 0 is the start
	Only  []Range // JSON Graph: these indices, ascending and disjoint; then First and After are not used
}

// A Range is the indices From to To, both in it.
type Range struct{ From, To int }

// A Format is how the answer is written.
type Format uint8

// The formats.
const (
	FormatTree  Format = iota // nested JSON with null propagation, as GraphQL says: GraphQL and REST
	FormatGraph               // a JSON Graph: references, atoms, errors at the leaf
)

// A Request is one asking of a Selection.
type Request struct {
	Selection   *Selection
	Values      []json.RawMessage // arguments' values, checked by the composer against their declarations
	Windows     []Window
	Asker       *asker.Asker
	Format      Format
	Idempotency string // a mutation's idempotency key, or ""
	Facts       bool   // list the facts that were read
}

// A Part is one delivery of an answer. Without deferred groups there is exactly one.
type Part struct {
	Path []any // where Data belongs; nil for the first part
	// Data is the JSON of the part: an object of the roots' response keys (Tree), or the value of "jsonGraph" (Graph).
	// "null" if a null reached the root. It belongs to the caller until Release.
	Data   []byte
	Errors []Error
	// Shortened are the lists that a budget of bytes cut.
	Shortened []Shortened
	Degraded  []Degraded // nulls and defaults that stand because something failed or was late
	// Invalidated is what mutations made stale, in the order of their declaration: of a mutation whose effect failed all that it
	// may write if an effect before it did happen, else nothing.
	Invalidated []Invalidated
	// Writes is what Invalidated was made from, for other device schemas.
	Writes   []Write
	Metrics  []Metric // business metrics that mutations moved; none of a recorded mutation whose effect failed
	Runs     []Run    // of handlers
	Cache    CacheState
	Exposed  []Exposure // the arms of experiments that the answer depends on
	Stats    Stats
	Facts    []Fact
	NotFound bool // some root is null because of an orNotFound, or an entity root does not exist
	Whole    bool // of a Graph: all that was asked for is there or marked missing, each once
	Last     bool
	Release  func() // gives Data back; may be nil

	framed []byte // Data in its buffer, with what is free before it; nil: nothing is
}

// An Error is a failure at a path of the answer.
type Error struct {
	Path    []any // strings and ints: response keys and indices
	Kind    fault.Kind
	Message string // may be shown to the device
	Err     error  // for logs
}

// Degraded names a null or a default given because something failed or was late.
type Degraded struct {
	Path []any      `json:"path"`
	Kind fault.Kind `json:"code"`
}

// Invalidated is something that a mutation made stale, with its values filled in.
type Invalidated struct {
	Path  []string // the JSON Graph path, cut before the first key that is not known
	Shape string   // "" if it is a view
	ID    string   // the opaque id if all keys are known
	Field string
	View  string
}

// CacheState is what may be done with an answer.
type CacheState struct {
	// Storable is false for an answer with any error or degraded place.
	Storable bool
	MaxAge   time.Duration // the least of the views' policies; 0: none stated
	Public   bool          // no context of a viewer was read, and the policy says so
	Reads    []string      // context inputs that the answer depends on, sorted
	// Invalidatable says that a mutation of the package invalidates a view of the answer: it is private, no-cache with an ETag.
	Invalidatable bool
}

// Stats are the costs of one answer.
type Stats struct {
	Calls  int // tier calls
	Kept   int // calls that were not made: all of their answer was kept
	Levels int // the longest chain of calls
	Bytes  int // of tier answers
	Plan   time.Duration
	Time   time.Duration
}

// A Fact is something that an answer read: the vocabulary of @writes, cache keys and live queries.
type Fact struct {
	Type, Key, Field string
	Args             string // canonical JSON
	Context          []string
}
