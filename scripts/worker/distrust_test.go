package worker

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/scripts"
	"facet/view"
)

// A child that something has taken over says what no engine would.
func TestDistrust(t *testing.T) {
	var told []scripts.Break
	fn := &Functions{build: &view.Build{Funcs: []*view.Func{{Name: "Card.f"}}}, stats: scripts.Stats{Breaks: map[string]uint64{}},
		o: scripts.RunOptions{Broke: func(k scripts.Break) { told = append(told, k) }}}
	say := func(spent int64, row []byte, ks ...scripts.Break) []byte {
		return append(putBreaks(putInt(putInt(nil, spent), 1), ks), row...)
	}
	ok := func(text string) []byte { return putText([]byte{0}, text) }
	for name, row := range map[string][]byte{
		"no JSON": ok(`1,"other":2`), "more than one": ok(`1}{`), "nothing": ok(""), "an end of a line": ok("[1,\n\n2]"), "no text": ok("\"\xff\""),
		"too long": ok(`"` + strings.Repeat("x", 64<<10) + `"`), "half": {0, 5, 'x'},
	} {
		var ends [1]int
		var errs [1]error
		if out, err := fn.results(&reader{b: say(1, row)}, nil, []byte("x"), ends[:], errs[:]); err == nil {
			t.Errorf("%s: got %s", name, out)
		}
	}
	var ends [1]int
	var errs [1]error
	a := &view.Account{Left: time.Second}
	long := strings.Repeat("x", 1<<20)
	b := say(-1<<40, putError([]byte{1}, &fault.Error{Kind: fault.Limit, Message: long, Err: errors.New(long)}),
		scripts.Break{Function: "Card.f", Limit: "memory", Kind: "made up", At: time.Now().Add(time.Hour), Text: long},
		scripts.Break{Function: "Card.f", Limit: "a label of its own"}, scripts.Break{Function: "Other.f", Limit: "cpu"})
	if _, err := fn.results(&reader{b: b}, a, nil, ends[:], errs[:]); err != nil {
		t.Fatal(err)
	}
	if a.Left != time.Second || a.Spent != 0 {
		t.Errorf("the account is %+v", a)
	}
	if len(told) != 1 || told[0].Kind != fault.Limit || told[0].At.After(time.Now()) || len(told[0].Text) > maxSaid+3 {
		t.Errorf("told of %d: %.200v", len(told), told)
	}
	if n := len(errs[0].Error()); n > 3*maxSaid {
		t.Errorf("its error has %d bytes", n)
	}
}

// A run's report is held to its quota and to what the package declares.
func TestDistrustRun(t *testing.T) {
	build := &view.Build{Metrics: []*view.Declared{{Name: "seen", Kind: view.Counter, Labels: []view.MetricLabel{{Name: "form", Values: []string{"tv"}}}}}}
	did := &view.HandlerRun{CPU: -time.Hour, Dropped: -5, Turns: -1, Log: []view.LogLine{{Level: "\n", Text: strings.Repeat("x", 1<<20), Fields: json.RawMessage(`[1]`), At: -1}, {}, {}},
		Metrics: []view.Moved{{Name: "other"}, {Name: "seen", Labels: []string{"a viewer"}, Folded: []string{"form", "form", "any"}}, {Name: "seen"}}}
	believedRun(did, build, view.HandlerQuota{Lines: 1})
	want := &view.HandlerRun{Dropped: 2, Log: []view.LogLine{{Level: "error", Text: strings.Repeat("x", maxLine) + "…"}},
		Metrics: []view.Moved{{Name: "seen", Labels: []string{view.Other}, Folded: []string{"form"}}}}
	if d := cmp.Diff(want, did); d != "" {
		t.Error(d)
	}
}

// What a child leaves unread does not hold up its parent.
func TestDeaf(t *testing.T) {
	fds, err := socketpair()
	if err != nil {
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "theirs")
	defer theirs.Close()
	mine, err := connOf(fds[0])
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, ctl: mine, said: &tail{}, gone: make(chan struct{}), open: map[uint64]*opening{}}
	began := time.Now()
	for err == nil && time.Since(began) < 20*time.Second {
		err = p.tell(cCancel, 1)
	}
	var late net.Error
	if !errors.As(err, &late) || !late.Timeout() || p.alive() {
		t.Errorf("got %v after %v", err, time.Since(began))
	}
	_ = cmd.Wait()
}
