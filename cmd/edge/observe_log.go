package main

import (
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"

	"github.com/rs/zerolog"

	"facet/composer"
	"facet/fault"
	"facet/release"
)

// An accessLog says which requests get a line: one in so many of each class. A rate of 0 or 1 logs all. What failed, in
// whole, in part or by a default that stands for it, is always logged, but for refusals of class 4xx, which have a rate
// of their own, because a device can make any number of them.
type accessLog struct {
	Successes uint32 // of 1xx, 2xx and 3xx
	Refusals  uint32 // of 4xx
}

// rate is one in how many requests like this are logged.
func (a accessLog) rate(x *exchange) uint32 {
	switch {
	case x.class() == 4:
		return max(a.Refusals, 1)
	case x.failed():
		return 1
	}
	return max(a.Successes, 1)
}

// Bounds of one access line.
const (
	maxLoggedErrors = 3
	maxLoggedNames  = 8   // views, packages
	maxLoggedName   = 64  // bytes of a name that a device chose
	maxLoggedCause  = 200 // bytes of what went wrong at a tier
)

var methods = []string{"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"}

// write writes the access line. It holds names of the release, counts and times: no viewer, no argument, no key, no path of
// a value, and of errors what tells an operator where to look.
func (a accessLog) write(log zerolog.Logger, x *exchange) {
	rate := a.rate(x)
	if rate > 1 && rand.Uint32N(rate) != 0 {
		return
	}
	e := log.Info()
	switch {
	case x.operator: // probes come every second, and a 503 of readyz is their answer
		e = log.Debug()
	case x.status >= 500:
		e = log.Error()
	}
	if !e.Enabled() {
		return
	}
	method := x.method
	if !slices.Contains(methods, method) {
		method = other
	}
	e.Str("request", x.id)
	x.trace.log(e)
	e.Str("method", method).Str("device", x.device).Str("schema", x.schema).Str("protocol", x.protocol)
	if x.asked != "" {
		e.Str("path", x.asked)
	}
	x.names(e)
	e.Int("status", x.status).Int64("bytes", x.bytes).Dur("ms", x.took)
	if s := x.outcome.Stats; s.Calls > 0 {
		e.Int("calls", s.Calls).Int("levels", s.Levels).Int("tier_bytes", s.Bytes)
	}
	if x.aborted {
		e.Bool("aborted", true)
	}
	if n := x.outcome.Degraded; n > 0 {
		e.Int("degraded", n)
	}
	x.errors(e)
	if rate > 1 {
		e.Uint32("sample", rate)
	}
	e.Send()
}

// names are what was asked and who answered.
func (x *exchange) names(e *zerolog.Event) {
	o := &x.outcome
	if x.protocol == "graphql" && o.Name != "" {
		e.Str("operation", clip(o.Name, maxLoggedName))
	}
	var names [maxLoggedNames]string
	if views := x.views(names[:0]); len(views) > 0 {
		e.Strs("views", views)
	}
	if o.Surface != nil {
		list := e.CreateArray()
		var buf [128]byte
		for _, b := range o.Surface.Builds[:min(len(o.Surface.Builds), maxLoggedNames)] {
			text := append(append(append(buf[:0], b.Package...), '@'), b.Version...)
			list.Bytes(text)
		}
		e.Array("packages", list)
	}
	if x.release != "" {
		e.Str("release", release.Short(x.release))
	}
}

// views appends the views and mutations that were asked, each once.
func (x *exchange) views(names []string) []string {
	for _, r := range x.outcome.Roots {
		name := rootName(r)
		if name == "" || slices.Contains(names, name) {
			continue
		}
		if len(names) == maxLoggedNames {
			break
		}
		names = append(names, name)
	}
	return names
}

func (x *exchange) errors(e *zerolog.Event) {
	if err := x.outcome.Failed; err != nil {
		e.Str("error", reason(fault.KindOf(err), err))
	}
	list := x.outcome.Errors
	if len(list) == 0 || x.outcome.Failed != nil {
		return
	}
	e.Int("errors", len(list))
	seen := make([]string, 0, maxLoggedErrors)
	for _, err := range list {
		if len(seen) == maxLoggedErrors {
			break
		}
		if text := reason(err.Kind, cause(err)); !slices.Contains(seen, text) {
			seen = append(seen, text)
			e.Str("error"+strconv.Itoa(len(seen)), text)
		}
	}
}

func cause(e composer.Error) error {
	if e.Err == nil {
		return &fault.Error{Kind: e.Kind}
	}
	return e.Err
}

// reason says what kind of failure it was and where. The sentence of an error may quote what a device sent, and a tier's own words what
// it holds of a viewer: only a failure to reach a tier, and a defect of the edge, are told by their cause.
func reason(kind fault.Kind, err error) string {
	text := string(kind)
	var f *fault.Error
	if !errors.As(err, &f) {
		if kind == fault.Internal {
			return clip(text+": "+err.Error(), 10*maxLoggedCause)
		}
		return text
	}
	tier := f.Op == "tier" || f.Op == "effect"
	if tier {
		text += " " + f.Subject
	}
	switch {
	case kind == fault.Internal:
		return clip(text+": "+err.Error(), 10*maxLoggedCause)
	case f.Op == "computed" && (kind == fault.Limit || kind == fault.Timeout) && f.Err != nil: // which limit, and the author's line: the edge's own words
		return clip(text+": "+f.Subject+": "+f.Err.Error(), maxLoggedCause)
	case tier && (kind == fault.Unavailable || kind == fault.Timeout || kind == fault.BadAnswer):
		if f.Message != "" {
			text += ": " + f.Message
		}
		text += wire(f.Err)
	}
	return clip(text, maxLoggedCause)
}

// wire is what the network said, or the status of an answer over HTTP.
func wire(err error) string {
	var n *net.OpError
	var d *net.DNSError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &n), errors.As(err, &d):
		return ": " + err.Error()
	}
	if text := err.Error(); len(text) > 3 && text[3] == ' ' {
		if _, err := strconv.ParseUint(text[:3], 10, 16); err == nil {
			return ": " + text[:3]
		}
	}
	return ""
}
