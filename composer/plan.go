package composer

import (
	"context"
	"sync/atomic"
	"time"

	"facet/graph"
	"facet/view"
)

// A vid is the place of a plan value in plan.vals.
type vid = int32

const none vid = -1

// A vop is what a plan value is.
type vop uint8

const (
	vConst    vop = iota // lit
	vParam               // request parameter idx
	vContext             // who asks: name
	vRoot                // the Query root; also the answer of nothing
	vEntity              // the entity of space whose key parts are args
	vItem                // the item of domain dom
	vAs                  // of, if it is the member name
	vByMember            // args by the case of the union's item of
	vKeyPart             // key field idx of the entity of
	vField               // a field that comes with an object: of
	vFieldOp             // a field that has an operation of its own: column spec, by the entity of
	vEffect              // the answer of effect idx
	vPick                // cases by of, else els
	vWhen                // args[0] if of is true, else els
	vIs                  // whether of equals lit
	vNot                 //
	vAnd                 // of args
	vOr                  // of args
	vCut                 // the items of the list of in window idx
	vOrNull              //
	vOrElse              // els
	vOrAbsent            // orNotFound
	vComputed            // function idx of build2
	vFormat              // host function name
	vInput               // an input object: names and args
	vList                // a list of args
	vGuarded             // of, unless the guard forbids it
	vValid               // whether the arguments of root idx are right
	vSplit               // part idx of the entity key of
	vHandler             // what the handler returned
)

// A pval is one value that a plan needs, for every instance of its domain.
type pval struct {
	op    vop
	loads bool // some operation is behind it
	dom   int32
	of    vid
	els   vid
	memo  int32 // where results are kept; -1: not kept
	facts int32 // vField of a keyed type: in plan.facts; else -1
	slot  int32 // vField: >= 0 if the answer that gave the object gives the field
	spec  int32 // vFieldOp
	guard int32 // vGuarded
	idx   int32
	build int32
	space int32 // of composite values: the entity space of their type; -1 without one
	lit   cell  // the above is what reading touches: one line of the cache

	args  []vid
	slots []placeSlot // vField: the cell in the record, by the record's place
	cases []pcase
	name  string
	names []string
	ref   graph.TypeRef
	typ   *graph.Type // of composite values: the type of one item
	place *place      // of composite values: where their records come from; nil for entities by key
	from  []*place    // all places that their records may have, when the plan is finished
	depth int32       // nesting of the expression, bounded
}

// A placeSlot is where the records of a place hold a field.
type placeSlot struct {
	place uint32
	slot  int32
}

type pcase struct {
	lit   cell
	value vid
}

// A domain is the set of instances that values have: one for the request, one for each item of a list below it.
type domain struct {
	parent int32
	list   vid // a vCut or a list value of the parent domain
	depth  int32
	site   listSite
	alone  bool // the list owes all to the entity of the parent domain's item
}

// A space is the identity of the entities of one type.
type space struct {
	typ    *graph.Type
	kind   string // "" for the type's key; else whose needs tell its keyless objects apart
	parts  int
	key    []string
	guards []*graph.Guard
}

// A fact is one field of a keyed type, with everything in the plan that can give it.
type fact struct {
	typ       *graph.Type
	field     *graph.Field
	providers []provider // by level, then document order
	// loaded is the loader that gives the fact where its object's answer does not; nil while nobody needs it.
	loaded     *opPlan
	loadedSlot int32
	child      *place
}

// A provider gives a fact: a cell of the records that a column holds.
type provider struct {
	col   int32
	slot  int32
	level int32 // of the first plan op that fills the column
	order int32
	rows  bool // a loader's: null says that the entity does not exist
	op    *opPlan
}

// An opPlan is one operation of the graph as a plan uses it: what is wanted of its answers.
type opPlan struct {
	op      *graph.Operation
	index   int
	places  []*place
	root    *place        // of the value, if it is composite
	rows    *place        // batches: the row that holds key and value
	value   int32         // batches of a field: the cell of the row that holds the field; -1: the row itself
	col     int32         // loaders: the column of the entities
	space   int32         // of what the answers are about: entities to load, or parents
	loads   *graph.Type   // loaders: the type
	ref     graph.TypeRef // of the answer's value, rows for batches
	ready   bool          // field operations: the places are made
	prog    program
	fields  []string
	within  time.Duration // the most patient use's budget; 0 with patient
	patient bool
	ops     []*planOp
}

// A spec is a column of a field's operation: the operation under argument expressions and a window.
type spec struct {
	op     *opPlan
	field  *graph.Field
	args   []vid // by Operation.Args; none: not given
	strict []strict
	window int32 // in plan.windows; -1 if the operation is not paged
	fixed  bool  // the arguments are the same for every instance
	effect int32 // a mutation's effect: a column of its own, whatever else asks the same; -1
	needs  int   // the call's needs, last among the arguments of a vFieldOp
	col    int32 // the column, where it is fixed and the only one of its operation
}

// A strict is an argument of a spec that the graph declares non-null.
type strict struct {
	at  int // in spec.args
	els vid // its default, which stands for null; none: without it there is no call
}

// A window is a use of a paged list.
type window struct {
	asked int // in Request.Windows; -1: the list's own first
	first vid
	max   int
	take  bool
	count bool // its total is wanted
	whole bool // the list has no page: only the asked indices are shown
}

// A planOp is one operation at one level: all uses that are sent together.
type planOp struct {
	index    int
	level    int32
	op       *opPlan
	uses     []*use
	waits    []int32 // plan ops that must have answered
	behind   []int32 // plan ops of the same operation that must have been sent
	thenDone []int32 // reverse of waits
	thenSent []int32 // reverse of behind
	spec     int32   // of field operations; -1
	effect   int32   // mutations: the effect's number; -1
	owners   uint64
	maxAge   time.Duration // how old a kept answer may be by the views' policies; 0: as the graph says
}

// A use is one place in the plan that needs an operation.
type use struct {
	of    vid // the parent object, or the entity to load
	value vid // field operations: the vFieldOp
	dom   int32
	conds int32 // in plan.conds
	spec  int32 // of field operations; -1 for loaders
	needs []vid // by Operation.Needs
	args  []vid // by Operation.Args (loaders with arguments as keys)
	facts []int32
	guard int32 // in plan.guards; -1
	// exists says that the entity's existence is wanted, whatever else is.
	exists bool
	alone  bool // what is asked owes all to the entity of the domain's item
}

// A plan answers one Selection for every request that agrees in its forks.
type plan struct {
	sel      *Selection
	vals     []pval
	domains  []domain
	spaces   []space
	facts    []*fact
	places   []*place
	ops      []*opPlan
	steps    []*planOp
	specs    []*spec
	windows  []window
	conds    [][]vid // condition sets: all must be true
	params   []param
	roots    []*emitRoot
	consts   []byte
	guards   []guard
	columns  int32
	fixed    []fixedColumn
	memos    int32
	ways     [][]way // by memo: where computed values are shown
	effects  []int32 // plan ops of the effects, in order
	loaders  []*opPlan
	owners   []uint64 // by domain
	standing []standing
	lists    int32           // that can be shortened
	labels   context.Context // of profiles
	forks    []fork
	cells    []planCell
	reads    []string
	shows    []string      // fields of shapes, "Card.progress", each once
	stale    bool          // some mutation changes a field that it shows
	maxAge   time.Duration // the shortest policy of its views, and of fields that are no leaves; 0: none
	hint     atomic.Int64  // the size of the last answer
}

// A fork is a decision of the plan that another asker may take differently: the arm whose JSON equals the context value.
type fork struct {
	path  string
	cases [][]byte
	arm   int // len(cases): none
}

func (k *fork) choose(value []byte) int {
	for i, c := range k.cases {
		if sameJSON(c, value) {
			return i
		}
	}
	return len(k.cases)
}

// A param is an argument of a root.
type param struct {
	arg   *view.Arg
	value int // in Request.Values; -1: not given
	root  int
	// entity says that the value is an entity's key: a string, or a list of them.
	entity bool
	many   bool
	parts  int
}

// A fixedColumn is the column of a spec whose arguments are the same everywhere and that no other spec could equal.
type fixedColumn struct{ col, spec int32 }
