package scripts

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"facet/fault"
	"facet/view"
)

// A handlerSet runs the handlers of one build in this process.
type handlerSet struct {
	opts  RunOptions
	list  []*handlerCode
	slots chan struct{}
}

// A handlerCode is one handler with what all its runs share of it.
type handlerCode struct {
	*view.Handler
	opts  RunOptions // of its machines
	quota view.HandlerQuota
	compiled
	result  *kind
	lines   *lineMap
	metrics map[string]*view.Declared
	dropped atomic.Bool // a result was, and it was said
}

var _ Handlers = (*handlerSet)(nil)

// handlerFile is the name that stack frames give a handler's program; its source begins after so many lines.
const (
	handlerFile    = "handler.js"
	enclosingLines = 1
)

// mostHandling is how many runs of one build's handlers may be in flight: nearly all of them wait for tiers.
const mostHandling = 128

// OpenHandlers makes a build's handlers callable in this process. A handler that cannot be compiled is an Invalid error.
func OpenHandlers(b *view.Build, o RunOptions) (Handlers, error) {
	o = o.filled()
	h := &handlerSet{opts: o, slots: make(chan struct{}, mostHandling)}
	kinds := newKinds(b)
	metrics := map[string]*view.Declared{}
	for _, d := range b.Metrics {
		metrics[d.Name] = d
	}
	for _, def := range b.Handlers {
		code := &handlerCode{Handler: def, opts: o, quota: b.QuotaOf(def), lines: readLines(def.Lines), metrics: metrics}
		code.opts.CPU = code.quota.CPU
		code.opts.Memory *= 4 // what it loads is counted too
		code.opts.Output = max(o.Output, code.quota.Result)
		var err error
		if code.compiled, err = compileHandler(def.Source, !o.Unlimited); err == nil && !def.Nothing() {
			code.result, err = kinds.of(def.Result)
		}
		if err != nil {
			return nil, &fault.Error{Kind: fault.Invalid, Op: "scripts.open", Subject: def.Name, Message: fmt.Sprintf("%s: %s: %v", def.Pos, def.Name, err)}
		}
		h.list = append(h.list, code)
	}
	return h, nil
}

// Close implements Handlers. Runs that are in flight end by themselves.
func (h *handlerSet) Close() {}

// enter waits for the package's turn and a free place.
func (h *handlerSet) enter(ctx context.Context, code *handlerCode) error {
	if !h.opts.Share.wait(h.opts.Wait) {
		how := limitSentences[LimitShare]
		return code.fail(code.Pos, how.kind, how.text, waits{fmt.Errorf("its turn would come later than in %v", h.opts.Wait)})
	}
	t := time.NewTimer(h.opts.Wait)
	defer t.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return code.fail(code.Pos, fault.KindOf(contextCause(ctx)), "%s did not begin", contextCause(ctx))
	case <-t.C:
		return code.fail(code.Pos, fault.Unavailable, "%s found no free runtime", fmt.Errorf("%d runs were in flight for %v", mostHandling, h.opts.Wait))
	}
}

func (h *handlerSet) leave() { <-h.slots }

// handlerHidden are the globals that handlers do not see.
var handlerHidden = func() string {
	var names []string
	for name := range strings.SplitSeq(hidden, ",") {
		if !handlerKind.globals[name] {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

func compileHandler(source string, limits bool) (compiled, error) {
	return compile(handlerFile, "(function("+handlerHidden()+"){return (\n"+source+"\n)})()", true, limits)
}
