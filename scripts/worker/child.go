package worker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"facet/fault"
	"facet/scripts"
	"facet/view"
)

// What a pool tells a child about the child itself, on the socket that the child has from the start: a byte, seven that
// are nothing, and a number. Ready is the child's one answer.
const (
	cMemory byte = iota + 1 // bytes that it may take besides what it has
	cLane                   // a lane's number; the socket comes with it
	cCancel                 // the run of a handler that is not waited for any more: see runToken
	cReady
)

const ctlSize = 16

func ctl(kind byte, n int64) []byte {
	b := make([]byte, ctlSize)
	b[0] = kind
	binary.LittleEndian.PutUint64(b[8:], uint64(n))
	return b
}

// The exit codes of a child.
const (
	exitDone  = 0
	exitWrong = 70 // it was started by somebody else, or told nonsense
	exitOver  = 71 // a call ran past its bound and could not be stopped
)

// variable marks a child; it is all of its environment that is set.
const variable = "FACET_SCRIPT_WORKER"

// Started says whether this process was started by a Pool: then its main is Main.
func Started(getenv func(string) string) bool { return getenv(variable) != "" }

// ctlFD is where a child finds its socket.
const ctlFD = 3

// Main serves as a child until its parent closes the socket, which the kernel does if the parent dies. It returns the exit
// code of the process.
func Main(stderr io.Writer) int {
	c, err := net.FileConn(os.NewFile(ctlFD, "control"))
	if err != nil {
		fmt.Fprintln(stderr, "script-worker is started by edge itself, not by hand")
		return exitWrong
	}
	sock, ok := c.(*net.UnixConn)
	if !ok {
		return exitWrong
	}
	if err := confine(); err != nil {
		fmt.Fprintln(stderr, "the process could not be confined:", err)
		return exitWrong
	}
	w := &child{stderr: stderr, builds: map[uint64]*opened{}, lanes: map[int64]*lane{}, woken: make(chan struct{}, 1)}
	if _, err := sock.Write(ctl(cReady, 0)); err != nil {
		return exitDone
	}
	go w.watch()
	msg, oob := make([]byte, ctlSize), make([]byte, syscall.CmsgSpace(4))
	for {
		n, nob, _, _, err := sock.ReadMsgUnix(msg, oob)
		if errors.Is(err, io.EOF) || err == nil && n == 0 {
			return exitDone
		}
		if err != nil || n != ctlSize {
			fmt.Fprintln(stderr, "the parent cannot be understood:", err)
			return exitWrong
		}
		switch arg := ctlArg(msg); msg[0] {
		case cMemory:
			all, err := limitMemory(arg)
			if err != nil {
				fmt.Fprintln(stderr, "the memory could not be limited:", err)
				return exitWrong
			}
			// Near the limit the collector works more; much below it, what runs away would only die more slowly.
			debug.SetMemoryLimit(all)
		case cLane:
			fd, err := fdOf(oob[:nob])
			if err != nil {
				fmt.Fprintln(stderr, "no lane:", err)
				return exitWrong
			}
			w.begin(arg, fd)
		case cCancel:
			w.mu.Lock()
			l := w.lanes[laneOf(arg)]
			w.mu.Unlock()
			if l != nil {
				l.cancel(arg)
			}
		}
	}
}

// fdOf is the socket that came with a message.
func fdOf(oob []byte) (int, error) {
	all, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return 0, err
	}
	for _, m := range all {
		if fds, err := syscall.ParseUnixRights(&m); err == nil && len(fds) == 1 {
			syscall.CloseOnExec(fds[0])
			return fds[0], nil
		}
	}
	return 0, errFrame
}

// A child is the other side of a process.
type child struct {
	stderr io.Writer
	active atomic.Int64 // when a lane last began something, in nanoseconds
	woken  chan struct{}

	mu     sync.Mutex
	builds map[uint64]*opened
	lanes  map[int64]*lane
}

// What of a build is opened.
const (
	partFunctions byte = iota
	partHandlers
)

// opened is a build whose functions a child has.
type opened struct {
	build     *view.Build
	functions *scripts.Functions
	batches   []view.Batch
	cpu       time.Duration // of one call
	handlers  scripts.Handlers

	mu     sync.Mutex
	breaks []scripts.Break // not told yet
}

func (o *opened) broke(k scripts.Break) {
	o.mu.Lock()
	if len(o.breaks) < maxBreaks {
		o.breaks = append(o.breaks, k)
	}
	o.mu.Unlock()
}

func (o *opened) told() []scripts.Break {
	o.mu.Lock()
	defer o.mu.Unlock()
	ks := o.breaks
	o.breaks = nil
	return ks
}

// A lane is served by a thread of its own: it reads and writes without a poller, and its processor time is its calls'.
type lane struct {
	conn
	child *child
	n     int64
	raw   *os.File
	rows  [][][]byte
	flat  [][]byte
	ends  []int
	errs  []error
	dst   []byte

	clock int32        // of the thread
	until atomic.Int64 // the thread's time at which its call is past its bound; 0: none runs
	what  atomic.Pointer[string]

	mu       sync.Mutex
	stop     context.CancelFunc // of the handler that runs
	token    int64              // that names its run
	canceled int64              // the last run that was cancelled
}

func (w *child) begin(n int64, fd int) {
	f := os.NewFile(uintptr(fd), "lane")
	l := &lane{conn: conn{rw: f}, child: w, n: n, raw: f}
	w.mu.Lock()
	w.lanes[n] = l
	w.mu.Unlock()
	go l.serve()
}

func (l *lane) serve() {
	runtime.LockOSThread() // for ever: the thread ends with the lane
	l.clock = threadClock()
	defer func() {
		l.child.mu.Lock()
		delete(l.child.lanes, l.n)
		l.child.mu.Unlock()
		_ = l.raw.Close()
	}()
	for {
		kind, payload, err := l.recv()
		if err != nil {
			return
		}
		frame, err := l.answer(kind, &reader{b: payload})
		l.until.Store(0)
		if err != nil {
			frame = putError(l.conn.begin(fFailed), err)
		}
		if l.send(frame) != nil {
			return
		}
	}
}

// answer does what a frame asks for and gives the frame that answers it.
func (l *lane) answer(kind byte, r *reader) (frame []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &fault.Error{Kind: fault.Internal, Op: "worker", Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	switch kind {
	case fOpen:
		return l.open(r)
	case fClose:
		return l.close(r)
	case fBatch:
		return l.batch(r)
	case fRecord:
		return l.record(r)
	case fRun:
		return l.run(r)
	}
	return nil, &fault.Error{Kind: fault.Internal, Op: "worker", Err: errFrame}
}

func (l *lane) open(r *reader) ([]byte, error) {
	id, part, o, raw := r.uint(), r.int8(), r.options(), r.span()
	if err := r.end(); err != nil {
		return nil, err
	}
	l.child.mu.Lock()
	known := l.child.builds[id] != nil
	l.child.mu.Unlock()
	if known {
		return l.conn.begin(fOK), nil
	}
	b, err := view.Decode(raw)
	if err != nil {
		return nil, err
	}
	one := &opened{build: b, cpu: o.CPU}
	o.Broke = one.broke
	if part == partHandlers {
		one.handlers, err = scripts.OpenHandlers(b, o)
	} else if one.functions, err = scripts.Open(b, o); err == nil {
		one.batches = one.functions.Batches()
	}
	if err != nil {
		return nil, err
	}
	l.child.mu.Lock()
	l.child.builds[id] = one
	l.child.mu.Unlock()
	return l.conn.begin(fOK), nil
}

func (l *lane) close(r *reader) ([]byte, error) {
	id := r.uint()
	if err := r.end(); err != nil {
		return nil, err
	}
	l.child.mu.Lock()
	one := l.child.builds[id]
	delete(l.child.builds, id)
	l.child.mu.Unlock()
	if one != nil && one.functions != nil {
		one.functions.Close()
	}
	if one != nil && one.handlers != nil {
		one.handlers.Close()
	}
	return l.conn.begin(fOK), nil
}

func (l *lane) opened(id uint64) (*opened, error) {
	l.child.mu.Lock()
	defer l.child.mu.Unlock()
	if one := l.child.builds[id]; one != nil {
		return one, nil
	}
	return nil, &fault.Error{Kind: fault.Unavailable, Op: "worker", Message: "the functions are not open"}
}

// maxCells bounds the inputs of one batch.
const maxCells = 1 << 20

func (l *lane) batch(r *reader) ([]byte, error) {
	id, fn, left, rows, width := r.uint(), r.uint(), r.int(), int(r.uint()), int(r.uint())
	if rows < 0 || width < 0 || rows > maxCells || width > maxCells || rows*width > maxCells {
		return nil, errFrame
	}
	l.flat, l.rows = l.flat[:0], l.rows[:0]
	for range rows * width {
		l.flat = append(l.flat, r.bytes())
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	for i := range rows {
		l.rows = append(l.rows, l.flat[i*width:(i+1)*width:(i+1)*width])
	}
	one, err := l.opened(id)
	if err != nil {
		return nil, err
	}
	if fn >= uint64(len(one.batches)) {
		return nil, fmt.Errorf("no function %d", fn)
	}
	l.ends, l.errs = append(l.ends[:0], make([]int, rows)...), append(l.errs[:0], make([]error, rows)...)
	a := &view.Account{Left: time.Duration(left)}
	l.guard(&one.build.Funcs[fn].Name, time.Duration(left))
	l.dst = one.batches[fn](a, l.rows, l.dst[:0], l.ends, l.errs)
	l.until.Store(0)

	out := l.conn.begin(fOK)
	out = putInt(putInt(out, int64(a.Spent)), int64(a.Calls))
	out = putBreaks(out, one.told())
	from := 0
	for i, end := range l.ends {
		if l.errs[i] != nil {
			out = putError(append(out, 1), l.errs[i])
			continue
		}
		out = putText(append(out, 0), l.dst[from:end])
		from = end
	}
	if cap(l.dst) > keptBuffer {
		l.dst = nil
	}
	return out, nil
}
