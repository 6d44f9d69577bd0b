package scripts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"facet/fault"
)

// The limits that a handler can break besides those of any function.
const (
	LimitLoads     = "loads"     // calls of its loads
	LimitMutations = "mutations" // calls of its mutations
	LimitTurns     = "turns"     // how often it waits
)

// handlerErrors is a program whose value makes an Error of a text and a code.
var handlerErrors = sync.OnceValues(func() (*goja.Program, error) {
	ast, err := goja.Parse("errors.js", `(function (E) { "use strict"; return function (text, code) { var e = new E(text); e.code = code; return e; }; })(Error)`, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, err
	}
	return goja.CompileAST(ast, true)
})

// raise makes the Error that stands for a failure inside the code: { code, message }.
func (x *handling) raise(err *fault.Error) goja.Value {
	v, failed := x.failing(goja.Undefined(), x.m.vm.ToValue(err.Public()), x.m.vm.ToValue(string(err.Kind)))
	if failed != nil {
		panic(failed)
	}
	o := v.ToObject(x.m.vm)
	x.raised = append(x.raised, raised{o, err})
	return o
}

// saidKinds are what ctx.fail can say.
var saidKinds = []fault.Kind{fault.Invalid, fault.NotFound, fault.Unauthorized, fault.Forbidden, fault.Conflict, fault.TooLarge, fault.Limit, fault.Unavailable}

const maxMessage = 500 // bytes of what ctx.fail says

// say is ctx.fail: the error to throw for a failure that the device is to know of.
func (x *handling) say(c goja.FunctionCall) goja.Value {
	kind, text := c.Argument(0).String(), c.Argument(1)
	if !slices.Contains(saidKinds, fault.Kind(kind)) {
		panic(x.m.vm.NewTypeError(fmt.Sprintf("ctx.fail knows no %q: it takes one of %v", cut500(kind), saidKinds)))
	}
	if goja.IsUndefined(text) {
		panic(x.m.vm.NewTypeError("ctx.fail takes a kind and a message for the device"))
	}
	return x.raise(&fault.Error{Kind: fault.Kind(kind), Op: "handler", Subject: x.code.Name, Message: cut500(text.String())})
}

func cut500(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return string([]rune(s[:maxMessage-3])) + "…"
}

// thrown is the failure that what was thrown, or what a promise was rejected with, means.
func (x *handling) thrown(v goja.Value) error {
	if err := x.ctx.Err(); err != nil {
		return x.late()
	}
	var said *fault.Error
	var pos fault.Pos
	text := "undefined was thrown"
	err := x.turn(func() error {
		o, ok := v.(*goja.Object)
		if !ok {
			text = v.String() + " was thrown"
			return nil
		}
		for _, r := range x.raised {
			if r.object.SameAs(o) {
				said = r.err
			}
		}
		if class := o.ClassName(); class != "Error" && said == nil {
			text = "a value that is no Error was thrown: throw new Error(…) or ctx.fail(…)"
			return nil
		}
		if stack := o.Get("stack"); stack != nil {
			pos = x.code.placeIn(stack.String())
		}
		if said == nil {
			text = short(o.String())
		}
		return nil
	})
	if err != nil {
		return x.report(err)
	}
	if said != nil {
		e := *said
		if cause := error(said); pos.File != "" {
			e.Err = fmt.Errorf("%s: %w", pos, cause)
		}
		return &e
	}
	return x.code.fail(pos, fault.Internal, "%s failed", errors.New(short(text)))
}

// late is why a run ended before its code did.
func (x *handling) late() *fault.Error {
	kind := fault.KindOf(contextCause(x.ctx))
	if kind != fault.Canceled {
		return x.code.fail(x.code.Pos, fault.Timeout, "%s took too long", fmt.Errorf("it had %v", x.quota.Deadline))
	}
	return x.code.fail(x.code.Pos, fault.Canceled, "the request of %s was cancelled", contextCause(x.ctx))
}

// limit is a broken quota, told to who listens.
func (x *handling) limit(limit, text string) *fault.Error { return x.limitAt(limit, text, x.code.Pos) }

// broke is a limit that the engine kept, or why it ended a turn.
func (x *handling) broke(b *broken, at fault.Pos) *fault.Error {
	if b.starved {
		return x.code.fail(at, fault.Unavailable, "%s found no processor", errors.New(b.text))
	}
	return x.limitAt(b.limit, b.text, at)
}

func (x *handling) limitAt(limit, text string, at fault.Pos) *fault.Error {
	how, ok := limitSentences[limit]
	if !ok {
		how.kind, how.text = fault.Limit, "%s asked for too much"
	}
	e := x.code.fail(at, how.kind, how.text, errors.New(text))
	if tell := x.code.opts.Broke; tell != nil {
		tell(Break{Function: x.code.Name, Limit: limit, Kind: e.Kind, Pos: at, At: time.Now(), Text: text})
	}
	return e
}

// report is what went wrong inside a turn, for askers.
func (x *handling) report(err error) error {
	var (
		done        *fault.Error
		interrupted *goja.InterruptedError
		overflow    *goja.StackOverflowError
		wrong       *mismatch
		thrown      *goja.Exception
	)
	if errors.As(err, &done) {
		return done
	}
	if x.ctx.Err() != nil {
		return x.late()
	}
	switch {
	case errors.As(err, &wrong):
		if wrong.limit != "" {
			return x.limit(wrong.limit, wrong.text())
		}
		e := x.code.fail(x.code.Pos, fault.BadAnswer, "%s", err)
		e.Message = x.code.Name + " " + wrong.text()
		return e
	case errors.As(err, &interrupted):
		at := x.code.place(interrupted.Stack())
		if b, ok := interrupted.Value().(*broken); ok {
			return x.broke(b, at)
		}
		return x.limitAt(LimitCPU, fmt.Sprint(interrupted.Value()), at)
	case errors.As(err, &overflow):
		return x.limitAt(LimitStack, "calls inside each other", x.code.place(overflow.Stack()))
	case errors.As(err, &thrown):
		return x.thrown(thrown.Value())
	}
	return x.code.fail(x.code.Pos, fault.Internal, "%s failed", err)
}

// place is the author's line of the innermost frame that is of the handler.
func (h *handlerCode) place(frames []goja.StackFrame) fault.Pos {
	for i := range frames {
		if frames[i].SrcName() == handlerFile {
			p := frames[i].Position()
			if pos := h.lines.pos(p.Line-enclosingLines, p.Column); pos.File != "" {
				return pos
			}
		}
	}
	return h.Pos
}

var framePlace = regexp.MustCompile(regexp.QuoteMeta(handlerFile) + `:(\d+):(\d+)`)

// placeIn finds the place in an Error's stack.
func (h *handlerCode) placeIn(stack string) fault.Pos {
	for _, f := range framePlace.FindAllStringSubmatch(stack[:min(len(stack), 8<<10)], 8) {
		line, errLine := strconv.Atoi(f[1])
		col, errCol := strconv.Atoi(f[2])
		if errLine != nil || errCol != nil {
			continue
		}
		if pos := h.lines.pos(line-enclosingLines, col); pos.File != "" {
			return pos
		}
	}
	return h.Pos
}

// fail makes an error that names the handler.
func (h *handlerCode) fail(at fault.Pos, k fault.Kind, format string, cause error) *fault.Error {
	return failed("handler", h.Name, at, k, format, cause)
}
