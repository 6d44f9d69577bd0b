package explain

import (
	"strconv"
	"strings"
	"time"

	"facet/composer"
	"facet/fault"
)

// A document is an explained request. Times are milliseconds from its beginning.
type document struct {
	Request string `json:"request"` // "GET /tv/v3/home"
	Status  int    `json:"status"`
	Bytes   int    `json:"bytes"` // of the answer
	Ms      millis `json:"ms"`
	PlanMs  millis `json:"planMs"`
	Calls   int    `json:"calls"`
	Levels  int    `json:"levels"`
	Cached  int    `json:"cached,omitempty"` // calls that were not made, because the cache had all that they would have given
	// TierBytes are those of the answers that the request waited for.
	TierBytes  int         `json:"tierBytes"`
	Operations []operation `json:"operations"`
	NotAsked   []notAsked  `json:"notAsked,omitempty"`
	More       int         `json:"more,omitempty"` // calls past those that are listed
}

// An operation is one call on the time line.
type operation struct {
	Operation string     `json:"operation"`
	Source    string     `json:"source"`
	Level     int        `json:"level"`
	Keys      int        `json:"keys"`
	Batch     bool       `json:"batch,omitempty"`
	Effect    bool       `json:"effect,omitempty"`
	After     []string   `json:"after,omitempty"` // operations that gave its keys
	StartMs   millis     `json:"startMs"`
	LeftMs    millis     `json:"leftMs"`          // when the tier was called: later than the start where it gathered with others
	EndMs     *millis    `json:"endMs,omitempty"` // none: it was still under way when the answer was written
	WithinMs  millis     `json:"withinMs,omitempty"`
	Late      bool       `json:"late,omitempty"`     // the answer went on without it
	Requests  int        `json:"requests,omitempty"` // that shared the call, this one counted
	Attempts  int        `json:"attempts,omitempty"`
	Retries   int        `json:"retries,omitempty"`
	Hedges    int        `json:"hedges,omitempty"`
	QueuedMs  millis     `json:"queuedMs,omitempty"` // for a slot of the operation's concurrency limit
	Cached    int        `json:"cached,omitempty"`   // keys of a batch, or whole answers, that the cache had
	Bytes     int        `json:"bytes"`
	Error     fault.Kind `json:"error,omitempty"`
	Message   string     `json:"message,omitempty"`
}

// A notAsked is an operation of the plan that made no call.
type notAsked struct {
	Operation string `json:"operation"`
	Level     int    `json:"level"`
	Why       string `json:"why"`
}

// millis are milliseconds, to the microsecond.
type millis float64

func ms(d time.Duration) millis { return millis(d.Microseconds()) / 1000 }

func (m millis) String() string { return strconv.FormatFloat(float64(m), 'f', 1, 64) + " ms" }

func newDocument(t composer.Times, method, path string, status, size int) *document {
	d := &document{Request: method + " " + path, Status: status, Bytes: size, Ms: ms(t.Whole), PlanMs: ms(t.Stats.Plan), Calls: t.Stats.Calls, Levels: t.Stats.Levels, Cached: t.Stats.Kept,
		TierBytes: t.Stats.Bytes, Operations: []operation{}, More: t.More}
	for _, c := range t.Calls {
		o := operation{Operation: c.Operation.ID, Source: c.Operation.Source.Name, Level: c.Level, Keys: c.Keys, Batch: c.Operation.Batch, Effect: c.Operation.Mutation,
			After: c.After, StartMs: ms(c.Start), LeftMs: ms(c.Left), WithinMs: ms(c.Within), Late: c.Late, Requests: c.Requests, Attempts: c.Attempts,
			Retries: c.Retries, Hedges: c.Hedges, QueuedMs: ms(c.Queued), Cached: c.Kept, Bytes: c.Bytes, Error: c.Kind, Message: c.Message}
		if c.End >= 0 {
			end := ms(c.End)
			o.EndMs = &end
		}
		if c.End < 0 || c.Late && (c.Kind == fault.Canceled || c.Kind == fault.Timeout) { // it was cut short when the answer was written
			o.Late, o.Error, o.Message = true, "", ""
		}
		d.Operations = append(d.Operations, o)
	}
	for _, s := range t.Spared {
		why := "nothing new to ask for"
		if s.Waiting {
			why = "its keys are being fetched by others of the request"
		}
		d.NotAsked = append(d.NotAsked, notAsked{Operation: s.Operation.ID, Level: s.Level, Why: why})
	}
	return d
}

// head is the sum in one line.
func (d *document) head() string {
	calls := count(d.Calls, "call")
	if d.Cached > 0 {
		calls += ", " + strconv.Itoa(d.Cached) + " spared by the cache"
	}
	return strings.Join([]string{d.Ms.String(), calls, count(d.Levels, "level"), "plan " + d.PlanMs.String(), amount(d.TierBytes) + " from tiers", amount(d.Bytes) + " answered"}, ", ")
}

// notes are what there is to say of an operation beside its bar.
func (o *operation) notes() []string {
	var n []string
	add := func(text string) { n = append(n, text) }
	if o.Effect {
		add("an effect")
	}
	if len(o.After) > 0 {
		add("after " + strings.Join(o.After, ", "))
	}
	switch {
	case o.WithinMs > 0 && o.Late:
		add("within " + o.WithinMs.String() + ": late, the answer went on without it")
	case o.WithinMs > 0:
		add("within " + o.WithinMs.String())
	case o.Late:
		add("the answer went on without it")
	}
	switch {
	case o.Cached >= o.Keys && o.Cached > 0:
		add("from the cache")
	case o.Cached > 0:
		add(strconv.Itoa(o.Cached) + " of " + count(o.Keys, "key") + " from the cache")
	}
	if o.LeftMs-o.StartMs >= 0.1 {
		add("left after " + (o.LeftMs - o.StartMs).String())
	}
	if o.Requests > 1 {
		add("one call for " + count(o.Requests, "request"))
	}
	if o.QueuedMs > 0 {
		add("queued " + o.QueuedMs.String())
	}
	if o.Attempts > 1 {
		add(count(o.Attempts, "attempt") + " (" + strconv.Itoa(o.Retries) + " retried, " + strconv.Itoa(o.Hedges) + " hedged)")
	}
	if o.Error != "" {
		add(strings.TrimSuffix(string(o.Error)+": "+o.Message, ": "))
	}
	return n
}

// end is where the bar ends.
func (o *operation) end(d *document) millis {
	if o.EndMs == nil {
		return d.Ms
	}
	return *o.EndMs
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// amount is a number of bytes for people.
func amount(n int) string {
	switch {
	case n < 1000:
		return strconv.Itoa(n) + " B"
	case n < 1_000_000:
		return strconv.FormatFloat(float64(n)/1e3, 'f', 1, 64) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}
