package view

import (
	"encoding/json"
	"time"

	"facet/fault"
	"facet/graph"
)

// A Handler is imperative code of a package: an async function over declared loads and mutations. Devices see it as a Mutation of
// the same name, whose Handler counts to it; this is what runs behind that.
type Handler struct {
	Name   string        `json:"name"`
	Source string        `json:"source"` // a JavaScript expression that evaluates to the function, ES2017, no free names
	Args   []*Arg        `json:"args,omitempty"`
	Result graph.TypeRef `json:"result"` // Name "" and no Elem: it returns nothing
	Format bool          `json:"format,omitempty"`
	// Views and Mutations are what its ctx.graph offers: recorded as any, planned and guarded as any, served to nobody else.
	// Their Name is "<handler>.<name there>".
	Views     []*View         `json:"views,omitempty"`
	Mutations []*Mutation     `json:"mutations,omitempty"`
	Quota     HandlerQuota    `json:"quota"`
	Sample    float64         `json:"sample,omitempty"` // the share of requests whose info and debug lines are written; 0: all
	Objective *SLO            `json:"slo,omitempty"`
	Pos       fault.Pos       `json:"pos"`
	Lines     json.RawMessage `json:"lines,omitempty"` // a source map of Source, may be empty
}

// A HandlerQuota bounds one run of a handler. Zero fields take DefaultQuota; none may exceed MaxQuota.
type HandlerQuota struct {
	Deadline  time.Duration `json:"deadline,omitempty"`  // on the clock, the waiting for tiers included
	CPU       time.Duration `json:"cpu,omitempty"`       // processor time of its code
	Loads     int           `json:"loads,omitempty"`     // calls of private views
	Parallel  int           `json:"parallel,omitempty"`  // loads asked together
	Mutations int           `json:"mutations,omitempty"` // calls of mutations
	Lines     int           `json:"lines,omitempty"`     // of its log
	Counts    int           `json:"counts,omitempty"`    // of its metrics
	Result    int           `json:"result,omitempty"`    // bytes
	Turns     int           `json:"turns,omitempty"`     // how often it may wait
}

// DefaultQuota is what a handler may use that says nothing.
func DefaultQuota() HandlerQuota {
	return HandlerQuota{Deadline: time.Second, CPU: 50 * time.Millisecond, Loads: 100, Parallel: 50, Mutations: 10, Lines: 20, Counts: 50, Result: 64 << 10, Turns: 100}
}

// MaxQuota is what no handler may exceed, whatever it declares.
func MaxQuota() HandlerQuota {
	return HandlerQuota{Deadline: 10 * time.Second, CPU: 500 * time.Millisecond, Loads: 1000, Parallel: 200, Mutations: 50, Lines: 100, Counts: 500, Result: 1 << 20, Turns: 1000}
}

// An SLO is what a handler promises: the share of its requests that must be right and in time.
type SLO struct {
	Share  float64       `json:"share"`  // 0.999
	Within time.Duration `json:"within"` // in time is this
}

// A MetricKind is what a declared metric is.
type MetricKind string

// The kinds of metrics.
const (
	Counter   MetricKind = "counter"
	Histogram MetricKind = "histogram"
)

// A Declared metric is one that a package says it moves, with every value that its labels may have. Others become "other".
type Declared struct {
	Name    string        `json:"name"`
	Kind    MetricKind    `json:"kind"`
	Labels  []MetricLabel `json:"labels,omitempty"`
	Buckets []float64     `json:"buckets,omitempty"` // upper bounds, ascending; histograms only
	Doc     string        `json:"doc,omitempty"`
	Pos     fault.Pos     `json:"pos"`
}

// A MetricLabel is a label of a Declared with its values.
type MetricLabel struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// A LoadCall is one call that a handler's code makes of its ctx.graph: the name there and a JSON object of arguments.
type LoadCall struct {
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

// A Loaded is the answer to a LoadCall: JSON, or an error whose message a device may read.
type Loaded struct {
	Data json.RawMessage
	Err  *fault.Error
}

// A HandlerRun is what one run of a handler did besides its result. All lists are bounded by its quota.
type HandlerRun struct {
	Log     []LogLine     `json:"log,omitempty"`
	Dropped int           `json:"dropped,omitempty"` // lines past the quota
	Metrics []Moved       `json:"metrics,omitempty"`
	Turns   int           `json:"turns,omitempty"`
	CPU     time.Duration `json:"cpu,omitempty"` // processor time of the code, and of making its engine
}

// A LogLine is what a handler's code wrote by ctx.log: a level ("debug", "info", "warn", "error"), a text, and a JSON object.
type LogLine struct {
	Level  string          `json:"level"`
	Text   string          `json:"text"`
	Fields json.RawMessage `json:"fields,omitempty"`
	At     time.Duration   `json:"at,omitempty"` // since the run began
}

// A Moved metric is one movement: a count of Value, or one observation of it. Labels are in the order of the declaration.
type Moved struct {
	Name   string   `json:"name"`
	Value  float64  `json:"value"`
	Labels []string `json:"labels,omitempty"`
	Folded []string `json:"folded,omitempty"` // labels whose value was none of the declared
}

// Nothing says whether the handler returns nothing.
func (h *Handler) Nothing() bool { return h.Result.Name == "" && h.Result.Elem == nil }

// Filled is the quota with its defaults, within the most that there is.
func (q HandlerQuota) Filled() HandlerQuota {
	d, m := DefaultQuota(), MaxQuota()
	fill := func(v *int, def, most int) {
		if *v <= 0 {
			*v = def
		}
		*v = min(*v, most)
	}
	span := func(v *time.Duration, def, most time.Duration) {
		if *v <= 0 {
			*v = def
		}
		*v = min(*v, most)
	}
	span(&q.Deadline, d.Deadline, m.Deadline)
	span(&q.CPU, d.CPU, m.CPU)
	fill(&q.Loads, d.Loads, m.Loads)
	fill(&q.Parallel, d.Parallel, m.Parallel)
	fill(&q.Mutations, d.Mutations, m.Mutations)
	fill(&q.Lines, d.Lines, m.Lines)
	fill(&q.Counts, d.Counts, m.Counts)
	fill(&q.Result, d.Result, m.Result)
	fill(&q.Turns, d.Turns, m.Turns)
	return q
}

// QuotaOf is what a handler of the build may use: its quota with its defaults, within what the package's limits leave of processor time
// and bytes. A handler that states more than its package may have is one of CheckQuotas.
func (b *Build) QuotaOf(h *Handler) HandlerQuota {
	q, l := h.Quota.Filled(), b.Budget()
	q.CPU = least(l.CPU, q.CPU)
	q.Result = int(least(l.Bytes, int64(q.Result)))
	return q
}

// CheckQuotas are the diagnostics of handlers that state more processor time or bytes than their package's limits.
func (b *Build) CheckQuotas() fault.Diagnostics {
	var ds fault.Diagnostics
	l := b.Budget()
	for _, h := range b.Handlers {
		if l.CPU > 0 && h.Quota.CPU > l.CPU {
			ds.Add(h.Pos, "B006", "Lower its cpu, or raise the package's limits.cpu", "handler %s may take %v of a processor, the limit of its package is %v", h.Name, h.Quota.CPU, l.CPU)
		}
		if l.Bytes > 0 && int64(h.Quota.Result) > l.Bytes {
			ds.Add(h.Pos, "B006", "Lower its limits.result, or raise the package's limits.bytes", "handler %s may give %d bytes, the limit of its package is %d", h.Name, h.Quota.Result, l.Bytes)
		}
	}
	return ds
}

// Metric finds a declared metric, or nil.
func (b *Build) Metric(name string) *Declared {
	for _, d := range b.Metrics {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// Handler finds the code behind a mutation of the build; nil if its effects are recorded.
func (b *Build) Handler(m *Mutation) *Handler {
	if m.Handler <= 0 || m.Handler > len(b.Handlers) {
		return nil
	}
	return b.Handlers[m.Handler-1]
}

// Other is what a label's value becomes that was not declared.
const Other = "other"
