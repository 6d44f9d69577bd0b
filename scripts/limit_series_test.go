package scripts

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"facet/view"
)

// A hostile is a piece of code that is tried in a process of its own: what dies, takes no test with it.
type hostile struct {
	name, source string
	record       bool   // it is a module that is recorded; else a computed function
	native       string // or a function of the language, which is tried with much
}

// A felt is what became of one.
type felt struct {
	At    int
	Died  string        // the last of what the process wrote, where it died
	Err   string        // what the asker is told, with its cause
	CPU   time.Duration // of the thread
	Wall  time.Duration
	Grown int64 // bytes of the process, at its most
}

const (
	seriesEnv  = "FACET_TEST_SERIES"
	seriesFrom = "FACET_TEST_SERIES_FROM"

	hangs = 2 * time.Minute // what takes so long: far more than any takes on a busy machine
)

// series runs all of a table in child processes: one after another until one of them dies with its process, then the next process goes on behind it.
func series(t *testing.T, table string, list []hostile) []felt {
	t.Helper()
	if os.Getenv(seriesEnv) != "" {
		if os.Getenv(seriesEnv) == table {
			beHostile(t, list)
		}
		return nil
	}
	out := make([]felt, len(list))
	for from := 0; from < len(list); {
		next, err := seriesPart(t, table, from, out)
		if err != nil {
			t.Fatal(err)
		}
		from = next
	}
	return out
}

// seriesPart runs one child and gives the number of the first that it did not try.
func seriesPart(t *testing.T, table string, from int, out []felt) (int, error) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=600s", fmt.Sprintf("-every-native=%v", *everyNative))
	cmd.Env = append(os.Environ(), seriesEnv+"="+table, seriesFrom+"="+strconv.Itoa(from))
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	var last bytes.Buffer
	cmd.Stderr = &head{&last}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	watch := time.AfterFunc(hangs, cancel)
	at, note := from-1, ""
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 1<<20)
	open := false
	for lines.Scan() {
		watch.Reset(hangs)
		text := lines.Text()
		if n, ok := strings.CutPrefix(text, "#begin "); ok {
			at, _ = strconv.Atoi(n)
			open = true
		}
		if n, ok := strings.CutPrefix(text, "#note "); ok {
			note = n
		}
		if f, ok := strings.CutPrefix(text, "#end "); ok {
			var got felt
			if err := json.Unmarshal([]byte(f), &got); err != nil {
				return 0, err
			}
			out[got.At], open = got, false
		}
	}
	err = cmd.Wait()
	if !open && err != nil {
		return 0, fmt.Errorf("the child ended between two: %w\n%s", err, last.String())
	}
	if open {
		why := last.String()
		if ctx.Err() != nil {
			why = "it hangs"
		}
		out[at] = felt{At: at, Died: fmt.Sprintf("%s: %v: %s", note, err, why)}
		return at + 1, nil
	}
	return len(out), nil
}

// A head keeps the beginning of what is written to it.
type head struct{ *bytes.Buffer }

func (h *head) Write(b []byte) (int, error) {
	if h.Len() < 400 {
		h.Buffer.Write(b[:min(len(b), 400-h.Len())])
	}
	return len(b), nil
}

// beHostile is the child.
func beHostile(t *testing.T, list []hostile) {
	from, _ := strconv.Atoi(os.Getenv(seriesFrom))
	debug.SetMaxStack(64 << 20) // what needs more would have grown the process too much
	g := films(t)
	for i := from; i < len(list); i++ {
		fmt.Printf("#begin %d\n", i)
		got := feel(list[i], func() error {
			text := imports + list[i].source + "\nexport const v = view({ build: () => ({ n: graph.profile({ id: \"1\" }).name }) });"
			_, ds := Build(t.Context(), source(t, text), nil, g, Options{Wall: 300 * time.Millisecond * slowdown})
			return ds.Err()
		})
		got.At = i
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("#end %s\n", text)
	}
}

// feel tries one and says what became of it.
func feel(h hostile, record func() error) (got felt) {
	runtime.GC()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	before := peak()
	began := time.Now()
	var err error
	if h.native != "" {
		if wrong := h.try(); wrong != "" {
			err = errors.New(wrong)
		}
	} else if h.record {
		spent := processorTime()
		err = record()
		got.CPU = processorTime() - spent
	} else {
		var f *Functions
		if f, err = Open(build(fn("JSON", h.source, "a")), RunOptions{}); err == nil {
			a := &view.Account{Left: time.Second}
			_, err = f.Computes()[0](a, in(`"abc"`), nil)
			got.CPU = a.Spent
			f.Close()
		}
	}
	got.Wall = time.Since(began)
	got.Grown = peak() - before
	if err != nil {
		got.Err = err.Error()
		if len(got.Err) > 1000 {
			got.Err = got.Err[:1000]
		}
	}
	return got
}

// peak is the most memory that this process had resident, in bytes.
func peak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return n << 10
}
