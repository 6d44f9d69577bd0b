package scripts

import (
	"context"
	"encoding/json"
	"time"

	"facet/view"
)

// A Loader is what a handler's ctx.graph stands on. One goroutine uses it: that of Handlers.Run.
type Loader interface {
	// Load answers calls of the handler's private views, together, as one request: result i is that of call i. It returns when all
	// have answered or ctx is done.
	Load(ctx context.Context, calls []view.LoadCall) []view.Loaded
	// Mutate runs one of the handler's mutations.
	Mutate(ctx context.Context, call view.LoadCall) view.Loaded
}

// A HandlerCall is one request of a handler. All but Loader is data and may travel between processes.
type HandlerCall struct {
	Handler int             `json:"handler"` // index of Build.Handlers
	Args    json.RawMessage `json:"args"`    // a JSON object, checked against the declared arguments
	Context json.RawMessage `json:"context"` // {viewer: {id, signedIn, profile: {id}}, device: {type, form, appVersion}, locale, region}
	Now     time.Time       `json:"now"`     // what ctx.now() says
	Seed    uint64          `json:"seed"`    // what ctx.random() is made of
	CPU     time.Duration   `json:"cpu"`     // processor time that is left for it; 0, or more than its quota: that
	Loader  Loader          `json:"-"`
}

// Handlers are the handlers of one build, ready to run. They are safe for concurrent use.
type Handlers interface {
	// Run runs a handler until its promise is settled: the result, JSON of the declared type ("null" if it returns nothing), is
	// appended to dst. ctx ends it at once. The run says what it logged and counted whether or not it failed. Errors are
	// fault.Errors whose message a device may read.
	Run(ctx context.Context, c *HandlerCall, dst []byte) ([]byte, *view.HandlerRun, error)
	Close()
}
