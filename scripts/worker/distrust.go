package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"facet/fault"
	"facet/scripts"
	"facet/view"
)

// Whatever broke out of the engine speaks for its child. What a child says is therefore held to what its build declares and to
// its quotas once more, on this side: nothing of it is a label, a line or a byte of an answer before that.

// Bounds of what a child says, in bytes.
const (
	maxSaid    = 4 << 10  // one text of an error, or of a broken limit
	maxLine    = 1 << 10  // the text of a line of a log, about
	maxFields  = 24 << 10 // and what stands beside it, whose <, > and & are escaped on the way
	maxRow     = 8 << 10  // what a row's error may take besides its texts
	maxLoads   = 16 << 20 // the calls of a handler that are asked together, and the report of a run
	maxPlain   = 64 << 10 // an answer that holds nothing
	slackOfRun = time.Second
)

// answer says whether a text can stand in an answer: JSON on one line, so that it cannot end a record of a stream.
func answer(text []byte, most int) bool {
	return len(text) <= most && json.Valid(text) && utf8.Valid(text) && !bytes.ContainsAny(text, "\n\r")
}

// outputs is how long one result may be.
func (f *Functions) outputs() int {
	if f.o.Output > 0 {
		return f.o.Output
	}
	return 64 << 10
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// trimmed bounds the texts of a child's error.
func trimmed(e *fault.Error) *fault.Error {
	e.Op, e.Subject, e.Message, e.Hint = cut(e.Op, maxSaid), cut(e.Subject, maxSaid), cut(e.Message, maxSaid), cut(e.Hint, maxSaid)
	if e.Err != nil {
		e.Err = errors.New(cut(e.Err.Error(), maxSaid))
	}
	return e
}

var limits = []string{scripts.LimitCPU, scripts.LimitMemory, scripts.LimitOutput, scripts.LimitDepth, scripts.LimitString, scripts.LimitArray, scripts.LimitRegex,
	scripts.LimitStack, scripts.LimitShare, scripts.LimitLoads, scripts.LimitMutations, scripts.LimitTurns}

// believed are the broken limits that can be: of this build's functions, of known limits, now.
func believed(ks []scripts.Break, known func(name string) bool) []scripts.Break {
	now := time.Now()
	out := ks[:0]
	for _, k := range ks {
		if !slices.Contains(limits, k.Limit) || !known(k.Function) {
			continue
		}
		if !slices.Contains(fault.Kinds(), k.Kind) {
			k.Kind = fault.Limit
		}
		if k.At.After(now) || now.Sub(k.At) > time.Minute {
			k.At = now
		}
		k.Text, k.Pos.File = cut(k.Text, maxSaid), cut(k.Pos.File, maxSaid)
		out = append(out, k)
	}
	return out
}

func (f *Functions) known(name string) bool {
	return slices.ContainsFunc(f.build.Funcs, func(fn *view.Func) bool { return fn.Name == name }) ||
		slices.ContainsFunc(f.build.Handlers, func(h *view.Handler) bool { return h.Name == name })
}

// believedRun is what a run can have done: so many lines and counts, of declared metrics, with declared labels.
func believedRun(did *view.HandlerRun, b *view.Build, q view.HandlerQuota) {
	q = q.Filled()
	did.CPU = min(max(did.CPU, 0), q.CPU+slackOfRun)
	did.Dropped, did.Turns = max(did.Dropped, 0), min(max(did.Turns, 0), q.Turns+1)
	if n := len(did.Log) - q.Lines; n > 0 {
		did.Log, did.Dropped = did.Log[:q.Lines], did.Dropped+n
	}
	for i := range did.Log {
		l := &did.Log[i]
		if !slices.Contains([]string{"debug", "info", "warn", "error"}, l.Level) {
			l.Level = "error"
		}
		l.Text, l.At = cut(l.Text, maxLine), min(max(l.At, 0), q.Deadline+slackOfRun)
		if len(l.Fields) > 0 && (!answer(l.Fields, maxFields) || l.Fields[0] != '{') {
			l.Fields = nil
		}
	}
	kept := did.Metrics[:0]
	for _, m := range did.Metrics {
		d := b.Metric(m.Name)
		if d == nil || len(m.Labels) != len(d.Labels) || len(kept) == q.Counts {
			continue
		}
		for i, l := range d.Labels {
			if !slices.Contains(l.Values, m.Labels[i]) {
				m.Labels[i] = view.Other
			}
		}
		m.Folded = slices.DeleteFunc(m.Folded, func(name string) bool {
			return !slices.ContainsFunc(d.Labels, func(l view.MetricLabel) bool { return l.Name == name })
		})
		m.Folded = slices.Compact(slices.Sorted(slices.Values(m.Folded)))
		kept = append(kept, m)
	}
	did.Metrics = kept
}
