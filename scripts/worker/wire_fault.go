package worker

import (
	"errors"
	"slices"
	"time"

	"facet/fault"
	"facet/scripts"
)

// putError writes an error as far as it may cross: kind, sentence, hint, and the cause as text.
func putError(b []byte, err error) []byte {
	var e *fault.Error
	if !errors.As(err, &e) {
		e = &fault.Error{Kind: fault.KindOf(err), Err: err}
	}
	b = putText(putText(putText(putText(putText(b, string(e.Kind)), e.Op), e.Subject), e.Message), e.Hint)
	if e.Err == nil {
		return append(b, 0)
	}
	return putText(append(b, 1), e.Err.Error())
}

func (r *reader) error() *fault.Error {
	e := &fault.Error{Kind: fault.Kind(r.text()), Op: r.text(), Subject: r.text(), Message: r.text(), Hint: r.text()}
	if !slices.Contains(fault.Kinds(), e.Kind) {
		r.fail()
		e.Kind = fault.Internal
	}
	if r.int8() != 0 {
		e.Err = errors.New(r.text())
	}
	return trimmed(e)
}

func (r *reader) int8() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func putPos(b []byte, p fault.Pos) []byte {
	return putInt(putInt(putText(b, p.File), int64(p.Line)), int64(p.Col))
}

func (r *reader) pos() fault.Pos {
	return fault.Pos{File: r.text(), Line: int(r.int()), Col: int(r.int())}
}

func putBreaks(b []byte, ks []scripts.Break) []byte {
	b = putInt(b, int64(len(ks)))
	for _, k := range ks {
		b = putText(putText(putText(b, k.Function), k.Limit), string(k.Kind))
		b = putText(putInt(putPos(b, k.Pos), k.At.UnixNano()), k.Text)
	}
	return b
}

// maxBreaks bounds the broken limits that one answer tells of.
const maxBreaks = 1024

func (r *reader) breaks() []scripts.Break {
	n := r.int()
	if n < 0 || n > maxBreaks {
		r.fail()
		return nil
	}
	var ks []scripts.Break
	for range n {
		k := scripts.Break{Function: r.text(), Limit: r.text(), Kind: fault.Kind(r.text()), Pos: r.pos(), At: time.Unix(0, r.int()), Text: r.text()}
		if r.err != nil {
			return nil
		}
		ks = append(ks, k)
	}
	return ks
}

// putOptions writes what a child needs of the options: it has the package for itself, and what it breaks it tells.
func putOptions(b []byte, o scripts.RunOptions) []byte {
	for _, n := range []int64{int64(o.CPU), int64(o.CallStack), o.Memory, int64(o.Output), int64(o.Machines), int64(o.Wait)} {
		b = putInt(b, n)
	}
	if o.Unlimited {
		return append(b, 1)
	}
	return append(b, 0)
}

func (r *reader) options() scripts.RunOptions {
	return scripts.RunOptions{CPU: time.Duration(r.int()), CallStack: int(r.int()), Memory: r.int(), Output: int(r.int()),
		Machines: int(r.int()), Wait: time.Duration(r.int()), Unlimited: r.int8() != 0}
}
