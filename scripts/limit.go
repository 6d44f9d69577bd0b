package scripts

import (
	"runtime"
	"time"

	"facet/fault"
	"facet/view"
)

// RunOptions bound the calls of computed functions.
type RunOptions struct {
	CPU       time.Duration // of one call, processor time of its own thread; 0: 10 ms
	CallStack int           // depth of calls inside one; 0: 256
	Memory    int64         // bytes that one call may make; 0: 8 MiB
	Output    int           // bytes of a result; 0: 64 KiB
	Machines  int           // runtimes that exist at a time; 0: two for each processor
	Wait      time.Duration // for a free runtime, and for the package's share; 0: 1 s
	Share     *Share        // the package's share of the processors, kept over its builds' versions; nil: unbounded
	Broke     func(Break)   // told of every call that broke a limit, on the call's goroutine: it must be quick; nil: nobody
	Unlimited bool          // no limits at all: only for measuring what they cost
	// EngineOnly runs in the engine what else would run as Go closures: only for comparing the two.
	EngineOnly bool
}

func (o RunOptions) filled() RunOptions {
	if o.CPU <= 0 {
		o.CPU = 10 * time.Millisecond
	}
	if o.CallStack <= 0 {
		o.CallStack = 256
	}
	if o.Memory <= 0 {
		o.Memory = 8 << 20
	}
	if o.Output <= 0 {
		o.Output = 64 << 10
	}
	if o.Machines <= 0 {
		o.Machines = 2 * runtime.GOMAXPROCS(0)
	}
	if o.Wait <= 0 {
		o.Wait = time.Second
	}
	return o
}

// A Break is one call that broke a limit.
type Break struct {
	Function string // its name: "Card.progress"
	Limit    string // one of the Limit constants
	Kind     fault.Kind
	Pos      fault.Pos // of the line that ran, where it is known; else of the function
	At       time.Time
	Text     string // what was too much, for the package's owner
}

// The limits that a call can break.
const (
	LimitCPU    = "cpu"    // of the call, or of the request
	LimitMemory = "memory" // made by the call
	LimitOutput = "output" // bytes of the result
	LimitDepth  = "depth"  // of the result, or of text read or written as JSON
	LimitString = "string" // one string
	LimitArray  = "array"  // one list
	LimitRegex  = "regex"  // what one match may look at
	LimitStack  = "stack"  // calls inside calls
	LimitShare  = "share"  // the package's of the processors
)

// Callable are the functions of one build, in this process or in another one.
type Callable interface {
	Computes() []view.Compute // in the order of Build.Funcs
	Batches() []view.Batch    // the same, over many rows at once
	Close()
}

// Stats are what functions did since they were opened.
type Stats struct {
	Calls  uint64
	CPU    time.Duration     // of the calls, processor time
	Breaks map[string]uint64 // by limit
}
