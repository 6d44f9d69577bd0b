package main

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// serves runs `edge serve` in the background until it is ready, and sets EDGE_URL, OPS_URL and FACET_CONTROL:
// serves [NAME=VALUE...] args...
func serves(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value(runningKey{}).(*running)
	if neg || r.cmd != nil {
		ts.Fatalf("usage: serves [NAME=VALUE...] args..., one at a time")
	}
	env := append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"))
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		env, args = append(env, args[0]), args[1:]
	}
	program, err := exec.LookPath("edge")
	ts.Check(err)
	cmd := exec.Command(program, append([]string{"serve", "--announce"}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stderr = ts.MkAbs("."), env, r
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
			ts.Logf("[edge serve]\n%s", r.stderr())
		}
	})
	select {
	case said := <-ready:
		if !strings.HasSuffix(said, "ready\n") {
			ts.Fatalf("edge serve is not ready, it said %q %s", said, r.stderr())
		}
		for _, m := range regexp.MustCompile(`(?m)^(\w+)=(\S+)$`).FindAllStringSubmatch(said, -1) {
			name := m[1]
			if name == "CONTROL_URL" {
				name = "FACET_CONTROL"
			}
			ts.Setenv(name, m[2])
		}
	case <-time.After(patience):
		ts.Fatalf("edge serve is not ready after %v: %s", patience, r.stderr())
	}
}

// terminate sends SIGTERM to edge serve and wants it to end well, none of its children left. "! terminate" only sends it, and
// "terminate sent" only waits.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value(runningKey{}).(*running)
	if r.cmd == nil {
		ts.Fatalf("usage: terminate, after serves")
	}
	children := descendants(r.cmd.Process.Pid)
	if len(args) == 0 {
		ts.Check(r.cmd.Process.Signal(syscall.SIGTERM))
	}
	if neg {
		return
	}
	select {
	case err := <-r.done:
		r.cmd = nil
		if err != nil {
			ts.Fatalf("edge serve ended with %v:\n%s", err, r.stderr())
		}
	case <-time.After(patience):
		ts.Fatalf("edge serve does not end")
	}
	for _, pid := range children {
		if alive(pid) {
			ts.Fatalf("the child %d of edge serve is left", pid)
		}
	}
}

// orphan kills the store's child of edge serve.
func orphan(ts *testscript.TestScript, _ bool, _ []string) {
	r := ts.Value(runningKey{}).(*running)
	children := descendants(r.cmd.Process.Pid)
	if len(children) != 1 {
		ts.Fatalf("edge serve has %d children", len(children))
	}
	ts.Check(syscall.Kill(children[0], syscall.SIGKILL))
}
