package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds every wait of a story; the machine may be busy with others.
const patience = 20 * time.Second

// shop copies testdata/shop, a workspace of a graph, a tier and a package, to a folder of the story.
func shop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shop DIR")
	}
	from := filepath.Join(sourceDir, "testdata", "shop")
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(from)))
}

// sourceDir is this folder: tests start in it.
var sourceDir = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return dir
}()

// exits runs edge and compares its exit code: exits CODE args...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case err == nil && want == 0:
	case errors.As(err, &exit) && exit.ExitCode() == want:
	default:
		ts.Fatalf("%s: %v, want exit code %d", strings.Join(args[1:], " "), err, want)
	}
}

// replace changes a text in a file, in place as editors do: replace FILE OLD NEW.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	before := ts.ReadFile(args[0])
	if !strings.Contains(before, args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(before, args[1], args[2])), 0o644))
}

// occupied takes a port for as long as the story runs, and sets TAKEN to its address.
func occupied(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv("TAKEN", l.Addr().String())
}

type runningKey struct{}

// running is the `edge dev` of a story.
type running struct {
	cmd  *exec.Cmd
	done chan error

	mu   sync.Mutex
	text strings.Builder // standard error
	read int             // what said has seen of it
}

func (r *running) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *running) stderr() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// dev runs `edge dev` with the arguments in the background until it is ready, and sets EDGE_URL, and what clients of its control API read.
func dev(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value(runningKey{}).(*running)
	if neg || r.cmd != nil {
		ts.Fatalf("usage: dev args..., one at a time")
	}
	program, err := exec.LookPath("edge")
	ts.Check(err)
	cmd := exec.Command(program, append([]string{"dev", "--listen", "127.0.0.1:0", "--announce", "--log", "off"}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"), "USER=story")
	cmd.Stderr = r
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	r.cmd, r.done, r.read = cmd, make(chan error, 1), len(r.stderr())
	ready := make(chan string, 1)
	go func() {
		var b strings.Builder
		buf := make([]byte, 4096)
		for !strings.HasSuffix(b.String(), "ready\n") {
			n, err := out.Read(buf)
			b.Write(buf[:n])
			if err != nil {
				break
			}
		}
		ready <- b.String()
		_, _ = io.Copy(io.Discard, out)
		r.done <- cmd.Wait()
	}()
	ts.Defer(func() {
		if r.cmd != nil {
			_ = r.cmd.Process.Kill()
			<-r.done
			ts.Logf("[edge dev]\n%s", r.stderr())
		}
	})
	select {
	case said := <-ready:
		url, ok := strings.CutPrefix(strings.SplitN(said, "\n", 2)[0], "EDGE_URL=")
		if !ok {
			ts.Fatalf("edge dev is not ready, it said %q %s", said, r.stderr())
		}
		ts.Setenv("EDGE_URL", url)
		for line := range strings.Lines(said) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			if to, ok := map[string]string{"CONTROL_URL": "FACET_CONTROL", "CONTROL_TOKEN": "FACET_TOKEN"}[name]; ok {
				ts.Setenv(to, value)
			}
		}
	case <-time.After(patience):
		ts.Fatalf("edge dev is not ready after %v: %s", patience, r.stderr())
	}
}

// said waits until edge dev prints a line that matches, after what said has matched before.
func said(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value(runningKey{}).(*running)
	if neg || len(args) != 1 {
		ts.Fatalf("usage: said PATTERN")
	}
	pattern := regexp.MustCompile("(?m)" + args[0])
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		text := r.stderr()
		if at := pattern.FindStringIndex(text[r.read:]); at != nil {
			r.read += at[1]
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("edge dev did not say %q; since the last it said:\n%s", args[0], text[r.read:])
		}
	}
}

// get asks the edge until the answer matches, and prints it: get PATH PATTERN. Of "! get" the first answer must not match.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: get PATH PATTERN")
	}
	until(ts, neg, args[1], func() (*http.Response, error) { return http.Get(ts.Getenv("EDGE_URL") + args[0]) })
}

// asks asks the edge so many times, one after the other, and wants 200 each time: asks COUNT PATH.
func asks(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: asks COUNT PATH")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range n {
		res, err := http.Get(ts.Getenv("EDGE_URL") + args[1])
		ts.Check(err)
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		ts.Check(err)
		if res.StatusCode != http.StatusOK {
			ts.Fatalf("%s: %s", args[1], res.Status)
		}
	}
}

// post is get with a JSON body: post PATH BODY PATTERN.
func post(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: post PATH BODY PATTERN")
	}
	until(ts, neg, args[2], func() (*http.Response, error) {
		return http.Post(ts.Getenv("EDGE_URL")+args[0], "application/json", strings.NewReader(args[1]))
	})
}

func until(ts *testscript.TestScript, neg bool, want string, ask func() (*http.Response, error)) {
	pattern := regexp.MustCompile(want)
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var text string
		res, err := ask()
		if err != nil {
			text = err.Error()
		} else {
			b, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			text = res.Status + "\n" + string(b)
		}
		if match := pattern.MatchString(text); match != neg {
			_, _ = io.WriteString(ts.Stdout(), text)
			return
		}
		if neg || time.Now().After(deadline) {
			ts.Fatalf("the edge answers:\n%s\nwant (%v) %s", text, !neg, want)
		}
	}
}

// interrupt stops edge dev, wants exit code 0, and that none of its children is left.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value(runningKey{}).(*running)
	if neg || r.cmd == nil {
		ts.Fatalf("usage: interrupt, after dev")
	}
	children := descendants(r.cmd.Process.Pid)
	ts.Check(r.cmd.Process.Signal(os.Interrupt))
	select {
	case err := <-r.done:
		r.cmd = nil
		if err != nil {
			ts.Fatalf("edge dev ended with %v:\n%s", err, r.stderr())
		}
	case <-time.After(patience):
		ts.Fatalf("edge dev does not end")
	}
	for _, pid := range children {
		if alive(pid) {
			ts.Fatalf("the child %d of edge dev is left", pid)
		}
	}
	left, err := filepath.Glob(filepath.Join(ts.Getenv("TMPDIR"), "facet-dev-*"))
	if err != nil || len(left) > 0 {
		ts.Fatalf("edge dev left %v behind", left)
	}
}

// descendants lists the processes below one, where there is a /proc.
func descendants(parent int) []int {
	var found []int
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		i := strings.LastIndexByte(string(b), ')')
		fields := strings.Fields(string(b)[i+1:])
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
				found = append(append(found, pid), descendants(pid)...)
			}
		}
	}
	return found
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
