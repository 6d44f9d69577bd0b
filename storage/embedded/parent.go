package embedded

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"facet/fault"
	"facet/storage/s3"
)

// Options say which program to start as the child and what it serves.
type Options struct {
	Exe    string   // the binary; "" is this process's own
	Args   []string // its arguments, such as "store"; it must end up in Main
	Dir    string   // see Config.Dir
	Addr   string   // see Config.Addr
	Bucket string   // made if missing; "" is "facet"

	// AccessKey and SecretKey are random if empty.
	AccessKey string
	SecretKey string

	Wait time.Duration // until the child must answer; 0 is 10 s
	Log  io.Writer     // what the child prints, line by line; nil drops it
}

// A Server is a running child.
type Server struct {
	// S3 says how to reach the bucket.
	S3 s3.Config

	stdin io.Closer
	cmd   *exec.Cmd
	done  chan struct{} // closed when the child has ended
	err   error         // why, once done is closed
	stop  sync.Once
}

// Start starts the child, waits until it answers, and makes the bucket. ctx
// bounds the start only. It is Unavailable or Timeout if the child does not
// come up, with what it last said.
//
// The child ends with Stop, and by itself when this process dies: its stdin
// closes, and on Linux it is killed as well.
func Start(ctx context.Context, opts Options) (*Server, error) {
	exe := opts.Exe
	if exe == "" {
		var err error
		if exe, err = os.Executable(); err != nil {
			return nil, fault.Wrap(fault.Internal, "store.start", "", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(opts.Wait, 10*time.Second))
	defer cancel()
	access, secret := cmp.Or(opts.AccessKey, "facet-"+random(8)), cmp.Or(opts.SecretKey, random(24))

	cmd := exec.Command(exe, opts.Args...)
	cmd.Env = append(os.Environ(), envDir+"="+opts.Dir, envAddr+"="+opts.Addr, envAccess+"="+access, envSecret+"="+secret)
	dieWithParent(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "store.start", exe, err)
	}
	s := &Server{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	said := &listener{log: opts.Log, ready: make(chan string, 1)}
	cmd.Stdout, cmd.Stderr = said, said

	started := make(chan error, 1)
	go func() {
		// The kernel ties a child's death signal to the thread that started it,
		// so that thread must live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			s.err = cmd.Wait()
		}
		close(s.done)
	}()
	if err := <-started; err != nil {
		return nil, fault.Wrap(fault.Unavailable, "store.start", exe, err)
	}
	select {
	case endpoint := <-said.ready:
		s.S3 = s3.Config{Endpoint: endpoint, Bucket: cmp.Or(opts.Bucket, "facet"), AccessKey: access, SecretKey: secret}
	case <-s.done:
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "store.start", Subject: opts.Dir, Message: "the store ended at once: " + said.last(), Err: s.err}
	case <-ctx.Done():
		s.Kill() // it does not listen
		return nil, fault.Wrap(fault.KindOf(ctx.Err()), "store.start", opts.Dir, fmt.Errorf("%w; it last said %q", ctx.Err(), said.last()))
	}
	client, err := s3.Open(s.S3)
	if err == nil {
		err = client.Ensure(ctx)
		client.Close()
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Done is closed when the child has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// PID is the child's process id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Stop asks the child to end, and kills it after 5 seconds. It returns when the
// child is gone, and may be called more than once.
func (s *Server) Stop() {
	s.stop.Do(func() {
		_ = s.stdin.Close()
		select {
		case <-s.done:
		case <-time.After(5 * time.Second):
			_ = s.cmd.Process.Kill()
		}
	})
	<-s.done
}

// Kill ends the child without letting it finish anything, for tests of what survives.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// A listener reads what the child prints: one ready line, the rest is log.
type listener struct {
	log   io.Writer
	ready chan string

	mu   sync.Mutex
	part []byte // a line that has not ended
	line string // the last whole one
}

func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		n, line, _ := bufio.ScanLines(l.part, false)
		if n == 0 {
			break
		}
		l.take(string(line))
		l.part = l.part[n:]
	}
	if len(l.part) > 64<<10 {
		l.part = nil
	}
	return len(p), nil
}

func (l *listener) take(line string) {
	if endpoint, ok := strings.CutPrefix(line, readyPrefix); ok {
		select {
		case l.ready <- endpoint:
		default:
		}
		return
	}
	l.line = line
	if l.log != nil {
		fmt.Fprintln(l.log, line)
	}
}

func (l *listener) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.line
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
