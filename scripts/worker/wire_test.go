package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"facet/fault"
	"facet/scripts"
	"facet/view"
)

// A half is one direction of a lane.
type half struct {
	io.Reader
	io.Writer
}

func TestFrames(t *testing.T) {
	var wire bytes.Buffer
	out, in := &conn{rw: half{nil, &wire}}, &conn{rw: half{&wire, nil}}
	for _, size := range []int{0, 1, 16<<10 - headerSize, 16 << 10, 3 << 20, 5} {
		text := bytes.Repeat([]byte("x"), size)
		if err := out.send(append(out.begin(fOK), text...)); err != nil {
			t.Fatal(err)
		}
		kind, got, err := in.recv()
		if err != nil || kind != fOK || !bytes.Equal(got, text) {
			t.Fatalf("%d bytes: got %d of kind %d, %v", size, len(got), kind, err)
		}
	}
	if cap(in.in) > 4<<20 {
		t.Errorf("it keeps %d bytes", cap(in.in))
	}
	if _, _, err := in.recv(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

func TestErrorsCross(t *testing.T) {
	for _, e := range []error{
		&fault.Error{Kind: fault.Limit, Op: "computed", Subject: "Card.f", Message: "it is too much", Err: errors.New("src/a.ts:1:2"), Hint: "less"},
		&fault.Error{Kind: fault.Timeout}, errors.New("plain"),
	} {
		r := &reader{b: putError(nil, e)}
		got := r.error()
		if err := r.end(); err != nil {
			t.Fatal(err)
		}
		if got.Kind != fault.KindOf(e) || fault.Public(got) != fault.Public(e) || fault.HintOf(got) != fault.HintOf(e) {
			t.Errorf("got %#v, want %#v", got, e)
		}
	}
}

// What a child says is not believed: whatever comes, reading it ends, within what came.
func FuzzAnswer(f *testing.F) {
	good := putBreaks(putInt(putInt(nil, 5), 2), []scripts.Break{{Function: "f", Limit: "cpu", Kind: fault.Timeout, Pos: fault.Pos{File: "a", Line: 1}, At: time.Unix(1, 0), Text: "x"}})
	good = putText(append(good, 0), "1")
	good = putError(append(good, 1), errors.New("x"))
	f.Add(good)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Add(putInt(putInt(putInt(nil, 1), 1), 1<<40))
	f.Fuzz(func(t *testing.T, b []byte) {
		fn := &Functions{build: &view.Build{Funcs: []*view.Func{{Name: "f"}}}, stats: scripts.Stats{Breaks: map[string]uint64{}}}
		ends, errs := make([]int, 2), make([]error, 2)
		out, err := fn.results(&reader{b: b}, nil, nil, ends, errs)
		if err == nil && (!slices.IsSorted(ends) || ends[1] != len(out)) {
			t.Fatalf("%v of %d", ends, len(out))
		}
		if s := fn.Stats(); s.CPU < 0 || len(s.Breaks) > len(limits) {
			t.Fatalf("%+v", s)
		}
		r := &running{f: fn, def: &view.Handler{}}
		if r.settled(&reader{b: b}) == nil && (r.did.CPU < 0 || r.did.Dropped < 0 || len(r.did.Metrics) > 0 || r.err == nil && !json.Valid(r.dst)) {
			t.Fatalf("%+v, %s", r.did, r.dst)
		}
	})
}

// FuzzCall reads what a parent says in the child; nothing of it may end the process.
func FuzzCall(f *testing.F) {
	row := [][]byte{[]byte("1"), nil}
	f.Add(fBatch, appendRows(putUint(nil, 1), 0, time.Second, [][][]byte{row, row}))
	f.Add(fClose, putUint(nil, 1))
	f.Add(fOpen, putText(putOptions(append(putUint(nil, 2), partFunctions), scripts.RunOptions{}), `{"format":1}`))
	f.Add(fBatch, []byte{1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1})
	f.Add(fRun, []byte{1, 0, 0, 2, '{', '}'})
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		if kind == fRecord || kind == fOpen && len(b) > 1<<10 {
			return
		}
		w := &child{stderr: io.Discard, builds: map[uint64]*opened{}, lanes: map[int64]*lane{}, woken: make(chan struct{}, 1)}
		l := &lane{conn: conn{rw: half{bytes.NewReader(nil), io.Discard}}, child: w}
		_, _ = l.answer(kind, &reader{b: b})
	})
}
