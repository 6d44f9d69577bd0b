package graph

import (
	"time"

	"facet/fault"
)

// A Source is a tier as the graph names it. Its address is environment configuration.
type Source struct {
	Name    string
	Kind    string    // "http", "grpc", "graphql"
	BaseURL *Template // where it is: http's baseURL, grpc's address, graphql's url; may name $env and $config only
	Headers []Header
	Timeout time.Duration // of one operation; 0: the environment's default
	Cache   Cache         // of its operations that state none
	Pos     fault.Pos

	TLS         bool      // grpc: for an address that does not say it by its scheme
	Descriptors *Template // grpc: where the descriptors come from; nil: server reflection
}

// A Header is sent with each call: a fixed template, or one forwarded from the device's request.
type Header struct {
	Name  string
	Value *Template // nil when From is set
	From  string    // the request header that is forwarded
}

// On says what an operation hangs on.
type On string

// What an operation can hang on.
const (
	OnType  On = "type"  // loads entities by key
	OnField On = "field" // gives one field, from its arguments and its parent's fields
)

// An Operation is one way to call a tier: a @connect.
type Operation struct {
	Index  int    // in Graph.Operations
	ID     string // stable within a graph: "catalog.Title" (type), "bookmarks.Title.bookmark" (field); a second one has "#2"
	Source *Source
	On     On
	Type   *Type  // the type that it loads (OnType) or the field's parent (OnField)
	Field  *Field // OnField, and entity: true loaders

	// The call: the one that is of the source's kind.
	HTTP    *HTTP
	GRPC    *GRPC
	GraphQL *GraphQL

	// Batch says that $batch is used: one call takes the keys of many parents (entities); rows are matched to them by Keys.
	Batch   bool
	MaxSize int // keys of one call; 0: no limit given

	// Needs are the parent's fields that the call takes, by $this.x or $batch.x, in order of first mention:
	// for most operations just the key.
	Needs []string
	// Args are the arguments that the call takes by $args.x, in order of first mention.
	Args []string
	// Context are the request-context paths that the call takes ("viewer.id", "locale"): an operation with any is bound to them.
	Context []string

	Page *Page // set if the call uses $page

	// Selection is how the answer becomes the graph's type. Where Rows (OnType, or batched), it maps a row of Type: its key
	// fields with its other fields or, on a field, with the one Field. Otherwise it maps the field's value.
	Selection *Selection
	// Entity says that entity: true was written: on a Query field whose arguments are the key. Parse has made it a loader of
	// the type then: On is OnType, $args became $this, and the field is a Reference.
	Entity   bool
	Mutation bool // hangs on a Mutation field: not repeated, not shared
	Timeout  time.Duration
	Cache    Cache // its own, or its source's; of reads
	Pos      fault.Pos
}

// HTTP is how an HTTP operation is called.
type HTTP struct {
	Method  string
	Path    *Template // path and query, "/titles/{$args.id}?w={$args.width}"; values are escaped for their place
	Headers []Header
	Body    *Selection // the request body as a mapping over variables; nil: none
	// IdempotencyHeader names the header that carries a mutation's idempotency key; "" if it has none.
	IdempotencyHeader string
}

// A Page says how a list operation is paged.
type Page struct {
	Offset, Limit, After bool  // which of $page.offset, $page.limit, $page.after the call names
	Total                *Path // where the answer has the total; nil: not declared
	Next                 *Path // where the answer has the next $page.after; nil: not declared
	// Items is true by contract: the operation's Selection maps the list itself.
}

// A Var is where an expression's value comes from.
type Var string

// The variables of templates and mappings.
const (
	VarArgs    Var = "$args"    // a field's arguments
	VarThis    Var = "$this"    // the parent's fields
	VarBatch   Var = "$batch"   // the parents' fields, as a list
	VarConfig  Var = "$config"  // environment configuration, known at start
	VarEnv     Var = "$env"     // environment variables, known at start
	VarContext Var = "$context" // who asks: viewer, device, locale, region
	VarPage    Var = "$page"    // offset, limit, after
	VarRequest Var = "$request" // headers of the device's request, listed ones only
)

// An Expr is a variable with a path below it: "$args.filter.name".
type Expr struct {
	Var  Var
	Path []string
}

// A Template is text with expressions in braces.
type Template struct {
	Parts []TemplatePart
	Text  string // as written
	Pos   fault.Pos
}

// A TemplatePart is literal text, or an expression if Expr is set.
type TemplatePart struct {
	Text string
	Expr *Expr

	pos fault.Pos // of Expr
}

// A Path leads into a JSON answer: steps are object keys.
type Path struct {
	Steps []string // empty: the value itself
}

// A Selection maps a JSON value onto a graph type: `$.titles { id title: name art { url } }`.
// It is applied to each item if the value at Path is a list.
type Selection struct {
	Path  Path
	Items []*SelectionItem // nil: the value as it is (a scalar, or JSON)
	// Match tells a union's or interface's member; nil elsewhere.
	Match *Match
	// Expr is set in request bodies: the value is a variable's.
	Expr *Expr
	// Literal is set when the mapping is a constant (JSON), as `$("text")` writes it.
	Literal []byte
	// Misfit is set where an answer gives a leaf: JSON that is no value of it, which a tier puts where it knows that the value
	// failed. It is nil where any JSON is a value.
	Misfit []byte
	Pos    fault.Pos
}

// A SelectionItem gives one field.
type SelectionItem struct {
	Field string     // the graph field's name (request bodies: the key)
	Value *Selection // where it comes from, relative to the object that the item stands in; Value.Path may leave it by "$." only in request bodies
	Pos   fault.Pos
}

// A Match tells the member of a union or interface by a value of the answer.
type Match struct {
	On    Path // the JSON value that decides; "__typename" results name the member
	Cases []MatchCase
	// Default is the selection where no case fits; nil: another value is bad_answer at that item.
	Default *MatchCase
}

// A MatchCase is one arm: where the deciding value equals JSON, the item is a Member, mapped by Selection.
type MatchCase struct {
	JSON      []byte // the literal; nil for Default
	Member    string // the member's type name
	Selection *Selection
}
