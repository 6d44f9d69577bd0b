package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"facet/fault"
)

// A tierProcess is one program of a workspace's tiers, run as a child for as long as `edge dev` lives.
type tierProcess struct {
	name string
	cmd  *exec.Cmd
	in   io.Closer     // its standard input: closing it ends the program, also below a `go run`
	done chan struct{} // closed when the child has ended
	err  error         // set before done is closed

	announced map[string]string // set when it is ready
}

// announcement is a line by which a tier's program says where it listens: CATALOG_URL=http://127.0.0.1:40001.
var announcement = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)=(\S+)$`)

// readyLine ends a tier's announcements.
const readyLine = "ready"

// tierStart bounds how long a tier's program may take until it is ready; the first `go run` compiles.
const tierStart = 2 * time.Minute

// startTiers runs the workspace's tier programs and returns what they announced, to be used as environment of the graph.
// Each program prints NAME=URL lines and then "ready"; what it prints later goes to log.
func startTiers(ctx context.Context, dir string, programs []tierProgram, log io.Writer) (env map[string]string, running []*tierProcess, err error) {
	env = map[string]string{}
	for _, p := range programs {
		t, announced, err := startTier(ctx, dir, p, log)
		if err != nil {
			stopTiers(running)
			return nil, nil, err
		}
		running = append(running, t)
		for k, v := range announced {
			env[k] = v
		}
	}
	return env, running, nil
}

func startTier(ctx context.Context, dir string, p tierProgram, log io.Writer) (*tierProcess, map[string]string, error) {
	if len(p.Command) == 0 {
		return nil, nil, fault.New(fault.Invalid, "%s: a tier needs a command", workspaceFile)
	}
	name := strings.Join(p.Command, " ")
	within := tierStart
	if p.ReadyWithin != "" {
		d, err := time.ParseDuration(p.ReadyWithin)
		if err != nil || d <= 0 {
			return nil, nil, fault.New(fault.Invalid, "%s: the tier %q: \"readyWithin\" is a time like \"30s\", not %q", workspaceFile, name, p.ReadyWithin)
		}
		within = d
	}
	cmd := exec.CommandContext(ctx, p.Command[0], p.Command[1:]...)
	cmd.Dir = filepath.Join(dir, filepath.FromSlash(p.Dir))
	cmd.Env = append(os.Environ(), "FACET_TIER=1")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 3 * time.Second
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	// The child ends when its standard input does, so that it cannot outlive us however we end.
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fault.Wrap(fault.Unavailable, "start tier", name, err).WithHint("check \"tiers\" in %s", workspaceFile)
	}
	t := &tierProcess{name: name, cmd: cmd, in: in, done: make(chan struct{})}
	type hello struct {
		env map[string]string
		ok  bool
	}
	said := make(chan hello, 1)
	go func() {
		env, ready := map[string]string{}, false
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			line := strings.TrimSpace(lines.Text())
			if m := announcement.FindStringSubmatch(line); m != nil && !ready {
				env[m[1]] = m[2]
			} else if line == readyLine && !ready {
				ready = true
				said <- hello{env, true}
			} else {
				fmt.Fprintln(log, line)
			}
		}
		if !ready {
			said <- hello{}
		}
		_, _ = io.Copy(io.Discard, out) // a line past the scanner's bound must not block the child
		t.err = cmd.Wait()
		close(t.done)
	}()
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	select {
	case h := <-said:
		if h.ok {
			t.announced = h.env
			return t, h.env, nil
		}
		<-t.done
		return nil, nil, fault.Wrap(fault.Unavailable, "start tier", name, errors.Join(errors.New("it ended before it was ready"), t.err)).
			WithHint("run it by hand in %s to see why", cmd.Dir)
	case <-timeout.C:
		stopTiers([]*tierProcess{t})
		return nil, nil, fault.New(fault.Timeout, "tier %q did not say %q within %v", name, readyLine, within).
			WithHint("it prints NAME=URL lines and then %q; a slow one is given time by \"readyWithin\" in %s", readyLine, workspaceFile)
	case <-ctx.Done():
		stopTiers([]*tierProcess{t})
		return nil, nil, ctx.Err()
	}
}

// stopTiers interrupts the programs, ends their input and waits until they have ended. The interrupt alone would not do:
// `go run` keeps it from the program that it runs.
func stopTiers(running []*tierProcess) {
	for _, t := range running {
		_ = t.cmd.Process.Signal(os.Interrupt)
		_ = t.in.Close()
	}
	for _, t := range running {
		select {
		case <-t.done:
		case <-time.After(3 * time.Second):
			_ = t.cmd.Process.Kill()
			<-t.done
		}
	}
}
