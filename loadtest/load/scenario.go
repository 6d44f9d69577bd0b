// Package load asks an edge at a planned rate, whether it keeps up or not, and says how long each answer took from the moment it was due.
package load

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// A Scenario is what devices ask, how often, and for how long.
type Scenario struct {
	Name string `json:"name,omitempty"`
	// Instances are the addresses that are asked in turn, "http://10.0.0.1:8080". A command's -base stands over them.
	Instances []string `json:"instances,omitempty"`
	// Rate is how many arrivals are due a second, each a request or a session. They are due whether the edge answers or not (an open loop).
	Rate float64 `json:"rate,omitempty"`
	// Duration is how long, as "30s"; the last answers are waited for.
	Duration Duration `json:"duration,omitempty"`
	// Stages are ramps, one after another, instead of Rate and Duration.
	Stages []Stage `json:"stages,omitempty"`
	// Arrivals is "constant" (or ""), evenly spaced, or "poisson", as those of many devices that know nothing of one another.
	Arrivals string `json:"arrivals,omitempty"`
	// Warmup is asked first, at the first rate, and not counted.
	Warmup Duration `json:"warmup,omitempty"`
	// Timeout ends a request; "" is 10s.
	Timeout Duration `json:"timeout,omitempty"`
	// Drain is how long sessions may go on after the last arrival; "" is 10s.
	Drain Duration `json:"drain,omitempty"`
	// InFlight bounds the requests at once; 0 is 4096. What is due past it is counted as dropped, never sent late.
	InFlight int `json:"inFlight,omitempty"`
	// Requests ends the run after so many; 0 has no end of that kind.
	Requests int64 `json:"requests,omitempty"`
	// Abort ends the run when it goes wrong.
	Abort *Abort `json:"abort,omitempty"`
	// Seed makes the order of the mix and all random values; equal seeds give equal ones.
	Seed uint64 `json:"seed,omitempty"`
	// Headers go with every request.
	Headers map[string]string `json:"headers,omitempty"`
	// Turn, as "2s", gives each row in turn the whole rate for so long, whatever the weights; "" mixes them.
	Turn Duration `json:"turn,omitempty"`
	// Variables stand for "{name}" in paths, headers and bodies.
	Variables map[string]*Variable `json:"variables,omitempty"`
	// Mix is what is asked, each row as often as its weight says.
	Mix []Row `json:"mix,omitempty"`
	// Devices are mixes with a path, headers and a weight of their own, beside Mix or instead of it.
	Devices []Device `json:"devices,omitempty"`
	// Admin is where the films world's tiers are told to misbehave, "$TIERS_ADMIN"; faults that name a tier go there.
	Admin string `json:"admin,omitempty"`
	// Faults are what is done to the world while it is asked.
	Faults []Fault `json:"faults,omitempty"`
	// Metrics are the pages of instances' counters; none: /metrics of each instance.
	Metrics []string `json:"metrics,omitempty"`
	// Sample is how often they are read; "" is a sixtieth of the run, a second at least.
	Sample Duration `json:"sample,omitempty"`

	dir string // of the file, for data files
}

// A Stage is a time with a rate that stays or changes evenly.
type Stage struct {
	// From is the rate at its beginning; not given: where the stage before ended, 0 for the first one.
	From *float64 `json:"from,omitempty"`
	To   float64  `json:"to"`
	For  Duration `json:"for"`
}

// Abort says when a run has shown enough.
type Abort struct {
	Failed int64    `json:"failed,omitempty"` // requests
	Share  float64  `json:"share,omitempty"`  // of the last second's answers that failed, 0 to 1
	P99    Duration `json:"p99,omitempty"`    // of the last second's answers
	// After is when Share and P99 are first looked at; "" is 5s. Each must hold for three seconds together.
	After Duration `json:"after,omitempty"`
}

// A Device is a kind of client.
type Device struct {
	Name   string `json:"name"`
	Weight int    `json:"weight,omitempty"` // against other devices and the rows of the scenario's own mix; 0 is 1
	// Path comes before the paths of its rows: "/tv/v2".
	Path    string            `json:"path,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Mix     []Row             `json:"mix"`
}

// A Row is one kind of request, or a session of several.
type Row struct {
	Name   string `json:"name"`
	Device string `json:"device,omitempty"` // for the report; "" is that of Devices, or the path's first name
	View   string `json:"view,omitempty"`   // for the report; "" is what the request names
	Weight int    `json:"weight,omitempty"` // 0 is 1
	Method string `json:"method,omitempty"` // "" is GET, or POST with a body
	// Path is below the base address. "{key}" stands for one of Values["key"], or a variable, chosen anew for each request.
	// GraphQL and JSON Graph need none below a device: it is "/graphql" and "/model.json".
	Path    string              `json:"path,omitempty"`
	Headers map[string]string   `json:"headers,omitempty"`
	Body    json.RawMessage     `json:"body,omitempty"` // JSON; "{key}" in its strings stands for a value too
	Values  map[string][]string `json:"values,omitempty"`

	GraphQL   *GraphQL   `json:"graphql,omitempty"`
	JSONGraph *JSONGraph `json:"jsonGraph,omitempty"`
	Stream    *Stream    `json:"stream,omitempty"`
	// Idempotent sends an Idempotency-Key that no other request has.
	Idempotent bool `json:"idempotent,omitempty"`

	// Status are the statuses that are right; empty means 200, and 294 (a partial answer) where GraphQL is asked.
	Status []int   `json:"status,omitempty"`
	Expect *Expect `json:"expect,omitempty"`

	// Steps make the row a session: a user who asks one after another.
	Steps []Row `json:"steps,omitempty"`
	// Repeat goes through the steps so often; 0 is 1.
	Repeat int `json:"repeat,omitempty"`
	// Think is the time before each step but the first. A step's own stands over its session's.
	Think *Think `json:"think,omitempty"`
	// Save takes values of a step's answer, by JSON pointer, as variables of later steps: {"film": "/data/home/rows/0/items/0/id"}.
	Save map[string]string `json:"save,omitempty"`
}

// GraphQL is a document to ask for.
type GraphQL struct {
	Query     string          `json:"query,omitempty"`
	Operation string          `json:"operation,omitempty"`
	Variables json.RawMessage `json:"variables,omitempty"` // an object; "{key}" in its strings stands for a value
	Get       bool            `json:"get,omitempty"`       // ask by GET
	// APQ sends the document's hash, and the document only when the edge does not know it.
	APQ bool `json:"apq,omitempty"`
	// Document is a trusted document's id, instead of Query.
	Document string `json:"document,omitempty"`
}

// JSONGraph is one of get, set and call.
type JSONGraph struct {
	Get  json.RawMessage `json:"get,omitempty"`  // paths
	Set  json.RawMessage `json:"set,omitempty"`  // {"jsonGraph": …, "paths": …}
	Call json.RawMessage `json:"call,omitempty"` // {"callPath": …, "arguments": …, "pathSuffixes": …, "paths": …}
	Post bool            `json:"post,omitempty"` // get by POST
}

// A Stream is an answer of events. It takes until its first event, and is then listened to.
type Stream struct {
	// Socket asks graphql over a WebSocket of its own (graphql-transport-ws), instead of server-sent events.
	Socket bool `json:"socket,omitempty"`
	// For is how long it is listened to; "" until it ends or Events have come.
	For Duration `json:"for,omitempty"`
	// Events end it; 0 has no end of that kind.
	Events int `json:"events,omitempty"`
}

// Think is the time that a user looks at an answer.
type Think struct {
	Time Duration `json:"time"` // the mean
	// Spread is "" for always the same time, "exponential", or "uniform" from half of it to one and a half times.
	Spread string `json:"spread,omitempty"`
}

// Expect is what an answer of a right status must be.
type Expect struct {
	JSON     map[string]json.RawMessage `json:"json,omitempty"`    // a JSON pointer -> the value there
	Present  []string                   `json:"present,omitempty"` // JSON pointers where something is, not null
	Contains []string                   `json:"contains,omitempty"`
	MinBytes int                        `json:"minBytes,omitempty"`
	MaxBytes int                        `json:"maxBytes,omitempty"`
	Headers  map[string]string          `json:"headers,omitempty"` // a header -> what it contains
	Errors   bool                       `json:"errors,omitempty"`  // errors within an answer are expected, and not counted
}

// A Variable is a list of values and how one is picked. Exactly one of Values, File and Range is given.
type Variable struct {
	Values []json.RawMessage `json:"values,omitempty"` // strings or other JSON
	// File is CSV with a header (.csv), a JSON array (.json), or lines (anything else), beside the scenario.
	File   string    `json:"file,omitempty"`
	Column string    `json:"column,omitempty"` // of the CSV, or member of the array's objects; "" is the first column, or the value itself
	Range  *[2]int64 `json:"range,omitempty"`  // from, to: both are in it
	Format string    `json:"format,omitempty"` // "guest-{}": what stands around each value
	// Pick is "random" (or ""), "turn" for one after another, or "zipf": the first often, the last rarely.
	Pick string  `json:"pick,omitempty"`
	Skew float64 `json:"skew,omitempty"` // of zipf, above 1; 0 is 1.1
	// Per is "request" (or ""), or "session": picked once for all of its steps.
	Per string `json:"per,omitempty"`
}

// A Fault is something that happens at a time of the run, counted from the end of the warmup.
type Fault struct {
	At   Duration `json:"at"`
	For  Duration `json:"for,omitempty"` // after which Undo is done; "" is never
	Note string   `json:"note,omitempty"`
	// Tier is one of the films world's, or "all"; Trouble is what the world's admin interface takes: {"lag": "200ms"}. It is undone by itself.
	Tier    string          `json:"tier,omitempty"`
	Trouble json.RawMessage `json:"trouble,omitempty"`
	Do      *Hook           `json:"do,omitempty"` // or any request
	Undo    *Hook           `json:"undo,omitempty"`
}

// A Hook is a request that a script makes. "$NAME" in the URL and headers is a variable of the process.
type Hook struct {
	Method  string            `json:"method,omitempty"` // "" is POST
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// A Duration is written as "1m30s".
type Duration time.Duration

// UnmarshalJSON reads "1m30s".
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a duration is a string such as \"30s\", not %s", b)
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is no duration such as \"1m30s\"", s)
	}
	*d = Duration(v)
	return nil
}

// MarshalJSON writes "1m30s".
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// String writes "1m30s".
func (d Duration) String() string { return time.Duration(d).String() }

func (d Duration) or(other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return time.Duration(d)
}

// Length is how long arrivals are counted for, without the warmup.
func (s *Scenario) Length() time.Duration {
	if len(s.Stages) == 0 {
		return time.Duration(s.Duration)
	}
	var sum Duration
	for _, st := range s.Stages {
		sum += st.For
	}
	return time.Duration(sum)
}

// right says whether a status is one that is expected.
func (r *Row) right(status int) bool {
	if len(r.Status) == 0 {
		const partial = 294 // GraphQL over HTTP: data beside errors
		return status == http.StatusOK || status == partial && r.GraphQL != nil
	}
	for _, s := range r.Status {
		if s == status {
			return true
		}
	}
	return false
}
