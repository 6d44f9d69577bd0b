package worker

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"facet/fault"
	"facet/scripts"
)

// A process is a child as its parent sees it.
type process struct {
	cmd    *exec.Cmd
	ctl    *net.UnixConn
	said   *tail
	gone   chan struct{} // closed when the process has ended and was waited for
	noted  chan struct{} // closed when the pool has taken note of that; of a tenant's child only
	memory int64         // that it was given; 0: no limit of its own
	since  time.Time     // when it was given to its tenant

	users atomic.Int64 // that may call
	last  atomic.Int64 // when the last of them left, in nanoseconds
	good  atomic.Bool  // it has answered something
	doom  atomic.Pointer[string]

	mu    sync.Mutex
	free  []*hand
	hands int64
	open  map[uint64]*opening
	ended bool
}

// A hand is the parent's end of a lane.
type hand struct {
	conn
	sock net.Conn
	n    int64
	runs uint32 // of handlers
}

// An opening is a build that a process opens, or has opened.
type opening struct {
	done chan struct{}
	err  error
}

// readyWithin is how long a child may take to say that it is ready.
const readyWithin = 30 * time.Second

// start starts a child and waits until it is ready. It must be called on a thread that lives as long as the process: the
// kernel ties the child's death to it.
func start(o *Options) (*process, error) {
	fds, err := socketpair()
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(fds[1]), "control")
	defer theirs.Close()
	mine, err := connOf(fds[0])
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(o.Command[0], o.Command[1:]...), ctl: mine, said: &tail{}, gone: make(chan struct{}), noted: make(chan struct{}), open: map[uint64]*opening{}}
	p.cmd.Env = append([]string{variable + "=1", "GOMAXPROCS=" + strconv.Itoa(runtime.GOMAXPROCS(0))}, o.Env...)
	p.cmd.Dir = "/"
	p.cmd.ExtraFiles = []*os.File{theirs}
	p.cmd.Stderr = p.said
	p.cmd.WaitDelay = time.Second
	detach(p.cmd)
	if err := p.cmd.Start(); err != nil {
		_ = mine.Close()
		return nil, err
	}
	go p.wait()
	_ = mine.SetDeadline(time.Now().Add(readyWithin))
	var b [ctlSize]byte
	if n, err := mine.Read(b[:]); err != nil || n != ctlSize || b[0] != cReady {
		p.kill("it was not ready in time")
		<-p.gone
		return nil, fmt.Errorf("a script worker did not start: %s", p.why())
	}
	_ = mine.SetDeadline(time.Time{})
	return p, nil
}

func (p *process) wait() {
	_ = p.cmd.Wait() // ProcessState says how it ended
	p.mu.Lock()
	p.ended = true
	free := p.free
	p.free = nil
	p.mu.Unlock()
	_ = p.ctl.Close()
	for _, h := range free {
		_ = h.sock.Close()
	}
	close(p.gone)
}

func (p *process) alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return p.doom.Load() == nil
	}
}

// kill ends the process at once, if it has not ended. why is for people; the first counts.
func (p *process) kill(why string) {
	select {
	case <-p.gone:
		return
	default:
	}
	p.doom.CompareAndSwap(nil, &why)
	_ = p.cmd.Process.Kill()
}

// killed says whether that was its end; it has ended. One that ended by itself a moment before is none of those.
func (p *process) killed() bool {
	s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && s.Signaled() && s.Signal() == syscall.SIGKILL && p.doom.Load() != nil
}

// give limits the memory of the process, before anything foreign is sent to it.
func (p *process) give(memory int64) error {
	p.memory, p.since = memory, time.Now()
	return p.tell(cMemory, memory)
}

// listenWithin is how long a child may leave what it is told unread, once its socket is full.
const listenWithin = time.Second

// tell says something on the control socket. A child that does not read it is ended.
func (p *process) tell(kind byte, n int64) error {
	_ = p.ctl.SetWriteDeadline(time.Now().Add(listenWithin))
	_, err := p.ctl.Write(ctl(kind, n))
	if err != nil {
		p.kill("it did not listen")
	}
	return err
}

// why says how the process ended; it has.
func (p *process) why() string {
	said := p.said.String()
	switch {
	case p.starved():
		return fmt.Sprintf("it used more than %s of memory", scripts.Size(p.memory))
	case p.killed():
		return *p.doom.Load()
	case said != "":
		return p.cmd.ProcessState.String() + ": " + said
	}
	return p.cmd.ProcessState.String()
}

// starved says whether the process ended for want of memory.
func (p *process) starved() bool {
	said := p.said.String()
	for _, s := range []string{"out of memory", "cannot allocate memory", "pthread_create failed", "failed to create new OS thread"} {
		if strings.Contains(said, s) {
			return true
		}
	}
	return false
}

var errHands = errors.New("the worker has too many calls under way")

// maxHands bounds the lanes of one process.
const maxHands = 64

// hand is a lane that nobody uses.
func (p *process) hand() (*hand, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		h := p.free[n-1]
		p.free = p.free[:n-1]
		return h, nil
	}
	if p.ended {
		return nil, net.ErrClosed
	}
	if p.hands >= maxHands {
		return nil, errHands
	}
	fds, err := socketpair()
	if err != nil {
		return nil, err
	}
	defer func() { _ = syscall.Close(fds[1]) }()
	sock, err := connOf(fds[0])
	if err != nil {
		return nil, err
	}
	_ = p.ctl.SetWriteDeadline(time.Now().Add(listenWithin))
	if _, _, err := p.ctl.WriteMsgUnix(ctl(cLane, p.hands), syscall.UnixRights(fds[1]), nil); err != nil {
		_ = sock.Close()
		p.kill("it did not listen")
		return nil, err
	}
	h := &hand{conn: conn{rw: sock}, sock: sock, n: p.hands}
	p.hands++
	return h, nil
}

func (p *process) back(h *hand) {
	p.mu.Lock()
	ended := p.ended
	if !ended {
		p.free = append(p.free, h)
	}
	p.mu.Unlock()
	if ended {
		_ = h.sock.Close()
	}
}

// exchange sends a frame and reads the answer, of so many bytes at most. An error means that the process is of no more use: it is killed.
func (p *process) exchange(h *hand, frame []byte, most int, within time.Duration) (kind byte, payload []byte, err error) {
	if len(frame) > maxFrame {
		return 0, nil, &fault.Error{Kind: fault.TooLarge, Op: "worker", Message: "a call is too large"}
	}
	h.most = most
	_ = h.sock.SetDeadline(time.Now().Add(within))
	if err = h.send(frame); err == nil {
		kind, payload, err = h.recv()
	}
	if err != nil {
		p.lost(err)
		return 0, nil, err
	}
	return kind, payload, nil
}

// lost ends a process with which a call went wrong.
func (p *process) lost(err error) {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.kill("it did not answer in time")
	case errors.Is(err, errFrame):
		p.kill("it answered nonsense")
	default: // it is ending by itself: what it says last tells why
		select {
		case <-p.gone:
		case <-time.After(time.Second):
			p.kill("it closed a socket")
		}
	}
}

func socketpair() ([2]int, error) {
	syscall.ForkLock.RLock() // no other child inherits them
	defer syscall.ForkLock.RUnlock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	return fds, err
}

func connOf(fd int) (*net.UnixConn, error) {
	f := os.NewFile(uintptr(fd), "lane")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errFrame
	}
	return u, nil
}

// A tail keeps the start of what a process prints: the first lines of a crash say what it was.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 2 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.text = append(t.text, p[:min(len(p), maxTail-len(t.text))]...)
	t.mu.Unlock()
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
