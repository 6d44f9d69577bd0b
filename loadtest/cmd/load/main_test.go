package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"facet/loadtest/load"
)

// invoke runs the program and returns its exit code and what it wrote.
func invoke(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &console{out: &o, err: &e})
	return code, o.String(), e.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

// server answers after a while, a tenth longer after each thousand requests if slower; it has counters.
func server(t *testing.T, wait func() time.Duration) string {
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/metrics":
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			fmt.Fprintf(w, "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %g\n# TYPE edge_requests_total counter\nedge_requests_total{protocol=\"rest\"} %d\n", float64(n.Load())*0.001, n.Load())
		case "/readyz":
		case "/bad":
			n.Add(1)
			w.WriteHeader(http.StatusInternalServerError)
		default:
			n.Add(1)
			time.Sleep(wait())
			fmt.Fprint(w, "a film")
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func steady() time.Duration { return 2 * time.Millisecond }

const scenario = `{"name": "films", "rate": 100, "duration": "1s", "mix": [{"name": "home", "path": "/tv/v2/home"}]}`

func TestRunAndReport(t *testing.T) {
	base, s, dir := server(t, steady), write(t, "s.json", scenario), t.TempDir()
	into, page := filepath.Join(dir, "run.json"), filepath.Join(dir, "run.html")
	code, out, errOut := invoke(t, "run", s, "-base", base, "-for", "500ms", "-out", into, "-html", page)
	if code != good || !strings.Contains(strings.Join(strings.Fields(out), " "), "CPU s for 1,000 requests 1.00") || !strings.Contains(out, "home") {
		t.Fatalf("code %d\n%s\n%s", code, out, errOut)
	}
	text, err := os.ReadFile(page)
	if err != nil || !bytes.Contains(text, []byte("<svg")) {
		t.Errorf("%v, %d bytes of a page", err, len(text))
	}
	code, again, errOut := invoke(t, "report", into)
	if code != good || again != out {
		t.Errorf("code %d, %s\nshown again:\n%s\nfirst:\n%s", code, errOut, again, out)
	}
	if code, _, errOut = invoke(t, "report", into, "-html", page+"2", "-theme", "light"); code != good {
		t.Errorf("code %d, %s", code, errOut)
	}
	if code, out, _ = invoke(t, "compare", into, into); code != good || !strings.Contains(out, "verdict:") || strings.Contains(out, "WORSE") {
		t.Errorf("code %d, a run against itself:\n%s", code, out)
	}
	code, out, _ = invoke(t, "run", "-json", "-quiet", "-rate", "50", "-for", "200ms", "-base", base, s)
	var r load.Report
	if err := json.Unmarshal([]byte(out), &r); code != good || err != nil || r.Total.Count != 10 || r.Schema != 1 {
		t.Errorf("code %d, %v, %d answers", code, err, r.Total.Count)
	}
}

func TestCompareSides(t *testing.T) {
	slow := func() time.Duration { return 20 * time.Millisecond }
	s, dir := write(t, "s.json", strings.Replace(scenario, "1s", "600ms", 1)), t.TempDir()
	var files []string
	for i, base := range []string{server(t, steady), server(t, slow)} {
		for k := range 2 {
			at := filepath.Join(dir, fmt.Sprintf("%d%d.json", i, k))
			if code, _, errOut := invoke(t, "run", "-quiet", "-base", base, "-out", at, s); code != good {
				t.Fatal(errOut)
			}
			files = append(files, at)
		}
	}
	code, out, _ := invoke(t, "compare", "-worse", "50%", files[0], files[1], "--", files[2], files[3])
	if code != bad || !strings.Contains(out, "WORSE") || !strings.Contains(out, "verdict: worse") {
		t.Errorf("code %d\n%s", code, out)
	}
	code, out, _ = invoke(t, "compare", "-json", "-figures", "failed", files[2], files[0])
	var c struct{ Verdict string }
	if err := json.Unmarshal([]byte(out), &c); code != good || err != nil || c.Verdict != "same" {
		t.Errorf("code %d, %v\n%s", code, err, out)
	}
}

func TestSaturate(t *testing.T) {
	places := make(chan struct{}, 2) // two at a time, 5 ms each: 400 a second at the most
	base := server(t, func() time.Duration {
		places <- struct{}{}
		time.Sleep(5 * time.Millisecond)
		<-places
		return 0
	})
	s := write(t, "s.json", scenario)
	code, out, errOut := invoke(t, "saturate", "-base", base, "-from", "60", "-factor", "3", "-step", "500ms", "-refine", "1", "-p99", "300ms", "-json", s)
	var found load.Saturation
	if err := json.Unmarshal([]byte(out), &found); code != good || err != nil {
		t.Fatalf("code %d, %v\n%s\n%s", code, err, out, errOut)
	}
	if found.Knee < 60 || found.Knee > 1000 || found.Broke == 0 || found.Part == nil || found.Why == "" {
		t.Errorf("%+v", found)
	}
}

// TestCodes: what is wrong with the command line, the scenario and the edge has a code of its own.
func TestCodes(t *testing.T) {
	base, s := server(t, steady), write(t, "s.json", scenario)
	wrong := write(t, "wrong.yaml", "rate: 1\nduraton: 1s\nmix: [{ name: a, path: / }]\n")
	fails := write(t, "fails.json", `{"rate": 50, "duration": "200ms", "mix": [{"name": "a", "path": "/bad"}]}`)
	faults := write(t, "faults.json", `{"rate": 50, "duration": "200ms", "admin": "$NO_SUCH_VARIABLE", "faults": [{"at": "0s", "tier": "rows", "trouble": {}}], "mix": [{"name": "a", "path": "/"}]}`)
	staged := write(t, "staged.yaml", "stages: [{ to: 5, for: 1s }]\nmix: [{ name: a, path: / }]\n")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, misused, "load run SCENARIO"},
		{[]string{"help"}, good, ""},
		{[]string{"dance"}, misused, `no command "dance"`},
		{[]string{"run"}, misused, "Flags:"},
		{[]string{"run", "-h"}, good, "-base"},
		{[]string{"compare", "-h"}, good, "99%"},
		{[]string{"saturate", "-h"}, good, "-factor"},
		{[]string{"run", "missing.json"}, misused, "no such file"},
		{[]string{"run", "-base", base, wrong}, bad, `wrong.yaml:2:1: duraton: there is no field "duraton"; did you mean "duration"?`},
		{[]string{"check", wrong}, bad, "wrong.yaml:2:1"},
		{[]string{"run", "-base", "nowhere", s}, bad, `"nowhere" is no address`},
		{[]string{"run", "-quiet", "-base", base, fails}, bad, "10 requests failed"},
		{[]string{"run", "-quiet", "-base", base, "-most-failed", "10", fails}, good, ""},
		{[]string{"run", "-quiet", "-base", base, faults}, unusable, "$NO_SUCH_VARIABLE is not set"},
		{[]string{"run", "-theme", "green", s}, misused, "neither light nor dark"},
		{[]string{"compare", s, s}, unusable, "schema 0"},
		{[]string{"compare", s}, misused, "Flags:"},
		{[]string{"compare", "-worse", "much", s, s}, misused, "no share"},
		{[]string{"report", s}, unusable, "schema 0"},
		{[]string{"run", "-rate", "-5", s}, misused, "above 0"},
		{[]string{"run", "-for", "5s", staged}, misused, "give -rate too"},
	} {
		code, _, errOut := invoke(t, c.args...)
		if code != c.code || !strings.Contains(errOut, c.want) {
			t.Errorf("%q: code %d, want %d; %q\n%s", c.args, code, c.code, c.want, errOut)
		}
	}
	if code, out, _ := invoke(t, "check", s); code != good || !strings.Contains(out, "GET /tv/v2/home") || !strings.Contains(out, "= 100 arrivals in 1 s") {
		t.Errorf("code %d\n%s", code, out)
	}
}

// TestScreen: the live view takes as many lines as it takes away, none of them too long for a terminal.
func TestScreen(t *testing.T) {
	var b bytes.Buffer
	l := newLive(&console{err: &b, tty: true}, &load.Scenario{Name: "films"})
	for i := range 70 {
		l.show(load.Progress{Elapsed: time.Duration(i) * time.Second, Length: time.Minute, Answers: int64(i), P99: float64(i), P50: 1, Rate: 100, Visiting: 5, Faults: []string{strings.Repeat("catalog is slow ", 9)}})
	}
	l.end()
	up, down := 0, strings.Count(b.String(), "\n")
	for part := range strings.SplitSeq(b.String(), "\x1b[") {
		var n int
		if _, err := fmt.Sscanf(part, "%dA", &n); err == nil {
			up += n
		}
	}
	if up != down {
		t.Errorf("%d lines down, %d up", down, up)
	}
	for line := range strings.Lines(b.String()) {
		if n := len([]rune(strings.TrimSpace(line))); n > 90 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	warm := strings.Join(l.lines(load.Progress{Length: time.Minute, Warming: true, SecondFailed: 3}), "\n")
	if !strings.Contains(warm, "warmup: 3 failed now") {
		t.Errorf("what fails in the warmup is not told:\n%s", warm)
	}
	last := strings.Join(l.lines(load.Progress{Elapsed: 90 * time.Minute, Length: time.Minute}), "\n")
	if !strings.Contains(last, "the last answers") {
		t.Errorf("what is waited for is not told:\n%s", last)
	}
	if !strings.Contains(b.String(), "▁") || !strings.Contains(b.String(), "█") {
		t.Error("no sparkline")
	}
}
