package attack

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	edge   = flag.String("edge", "", "the program to attack; empty: facet/cmd/edge is built")
	update = flag.Bool("update", false, "write the outcomes that were seen into the corpus, if they are of an allowed kind")
)

// budget is what one computed call may take, and what may come on top of it.
const (
	budget = 10 * time.Millisecond
	grace  = 25 * time.Millisecond
	growth = 64 << 20
)

// modes are how instances run packages.
var modes = []Mode{
	{Name: "inprocess"},
}

// A world is the fleet of one test.
type world struct {
	*Fleet
	mu    sync.Mutex
	known map[string]bool // ids that are deployed
}

func build(t *testing.T) string {
	t.Helper()
	if *edge != "" {
		return *edge
	}
	name := filepath.Join(t.TempDir(), "edge")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", name, "facet/cmd/edge").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return name
}

func start(t *testing.T, modes ...Mode) *world {
	t.Helper()
	f, err := Start(t.Context(), build(t), t.TempDir(), modes...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Stop)
	w := &world{Fleet: f}
	w.deploy(t, w.publish(t, Neighbour()).ID)
	return w
}

func (w *world) publish(t *testing.T, files map[string][]byte) *Published {
	t.Helper()
	tgz, err := tarball(files)
	if err != nil {
		t.Fatal(err)
	}
	return w.publishTarball(t, tgz)
}

func (w *world) publishTarball(t *testing.T, tgz []byte) *Published {
	t.Helper()
	p, err := w.Publish(t.Context(), tgz)
	if err != nil {
		t.Errorf("publishing ended without an answer: %v\n%s", err, w.Control.log.last(5))
		return &Published{Code: "died"}
	}
	return p
}

func (w *world) deploy(t *testing.T, ids ...string) {
	t.Helper()
	digest, err := w.Deploy(t.Context(), ids...)
	if err == nil {
		err = w.Serves(t.Context(), digest)
	}
	if err != nil {
		t.Fatalf("deploy: %v", err)
	}
}

// mend says which processes died, and starts them again for the next test.
func (w *world) mend(t *testing.T) {
	t.Helper()
	last := map[string]string{"control": w.Control.log.last(8)}
	for _, i := range w.Instances {
		last[i.Name] = i.log.last(8)
	}
	died, err := w.Mend(context.WithoutCancel(t.Context()))
	for _, name := range died {
		t.Errorf("the process of %s died:\n%s", name, last[name])
	}
	if err != nil {
		t.Fatalf("it cannot be started again: %v", err)
	}
}

// TestAttack lets every attack loose on a real edge.
func TestAttack(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, modes...)
	classes := map[string][]*Attack{}
	var order []string
	for _, a := range all {
		if classes[a.Class] == nil {
			order = append(order, a.Class)
		}
		classes[a.Class] = append(classes[a.Class], a)
	}
	for _, class := range order {
		t.Run(class, func(t *testing.T) {
			for _, a := range classes[class] {
				t.Run(a.Name, func(t *testing.T) { w.run(t, a) })
			}
		})
	}
}

// run publishes an attack, loads it and asks every instance for it.
func (w *world) run(t *testing.T, a *Attack) {
	defer w.mend(t)
	tgz := a.Tarball
	if tgz == nil {
		var err error
		if tgz, err = tarball(a.Files); err != nil {
			t.Fatal(err)
		}
	}
	w.Control.resetPeak()
	before := w.Control.use()
	p := w.publishTarball(t, tgz)
	after := w.Control.use()
	if p.Code == "died" {
		return
	}
	if took := min(p.Took, after.cpu-before.cpu); took > 8*time.Second {
		t.Errorf("publishing took %v, of the processors %v", p.Took, after.cpu-before.cpu)
	}
	if g := after.peak - before.rss; g > 512<<20 {
		t.Errorf("publishing took %d MiB", g>>20)
	}
	if refusal := p.Refusal(); refusal != "" {
		w.judge(t, a, "", refusal, fmt.Sprint(p.Diagnostics, p.Message))
		w.others(t)
		return
	}
	ids := []string{p.ID}
	if a.Other != nil {
		o := w.publish(t, a.Other)
		if !o.OK {
			t.Fatalf("the package that looks is refused: %v %s", o.Diagnostics, o.Message)
		}
		ids = append(ids, o.ID)
	}
	w.deploy(t, ids...)
	for _, i := range w.Instances {
		t.Run(i.Name, func(t *testing.T) {
			outcome, about := i.attacked(t, a)
			w.judge(t, a, i.Name, outcome, about)
			i.innocent(t)
		})
	}
}

// attacked asks one instance for the attack and gives the outcome.
func (i *Instance) attacked(t *testing.T, a *Attack) (outcome, about string) {
	t.Helper()
	ans, err := i.Page(t.Context(), a.Device(), "viewer-a")
	if err != nil {
		return fmt.Sprintf("no answer: %v", err), i.log.last(5)
	}
	i.bounded(t, ans)
	return ans.Outcome(), string(ans.Body) + "\n" + ans.Log
}

// bounded says whether an answer took too long or too much, and whether its neighbours on the page are right.
func (i *Instance) bounded(t *testing.T, a *Answer) {
	t.Helper()
	if took := min(a.Wall, a.CPU); took > budget+grace {
		t.Errorf("it took %v by the clock and %v of the processors, with a budget of %v", a.Wall, a.CPU, budget)
	}
	if a.Grown > growth {
		t.Errorf("memory grew by %d MiB", a.Grown>>20)
	}
	if string(a.Data["title"]) != `"JAWS"` || string(a.Data["good"]) != `"JAWS!"` {
		t.Errorf("the rest of the page is not right: %s", a.Body)
	}
}

// innocent asks for the neighbour: it must be as if nothing had happened.
func (i *Instance) innocent(t *testing.T) {
	t.Helper()
	if !i.Alive() {
		return // which is said elsewhere
	}
	got, err := i.Film(t.Context(), "jaws")
	if err != nil || got != Film("jaws") {
		t.Errorf("the neighbour is told %s (%v), want %s", got, err, Film("jaws"))
	}
}

func (w *world) others(t *testing.T) {
	t.Helper()
	for _, i := range w.Instances {
		i.innocent(t)
	}
}

// judge compares an outcome with what is expected. Modes agree, so there is one expectation.
func (w *world) judge(t *testing.T, a *Attack, mode, outcome, about string) {
	t.Helper()
	kind, _, _ := strings.Cut(outcome, " ")
	if !slices.Contains(a.Allow, kind) {
		t.Errorf("%s is not allowed, only %v\n%.1500s", outcome, a.Allow, about)
		return
	}
	if outcome == a.Expect {
		return
	}
	if *update && a.file != "" && !t.Failed() {
		if err := record(a.file, outcome); err != nil {
			t.Fatal(err)
		}
		a.Expect = outcome
		return
	}
	t.Errorf("got  %s\nwant %s\n%.1500s", outcome, a.Expect, about)
}

var expectLine = regexp.MustCompile(`(?m)^expect: .*\n`)

func record(file, outcome string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	line := "expect: " + outcome + "\n"
	if m := expectLine.FindIndex(text); m != nil {
		text = slices.Concat(text[:m[0]], []byte(line), text[m[1]:])
	} else {
		at := strings.Index(string(text), "-- ")
		text = slices.Concat(text[:at], []byte(line), text[at:])
	}
	return os.WriteFile(file, text, 0o644)
}
