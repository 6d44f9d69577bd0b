package worker

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

// crashed is a child that ended by itself.
func crashed(t *testing.T) *process {
	t.Helper()
	fds, err := socketpair()
	if err != nil {
		t.Fatal(err)
	}
	_ = os.NewFile(uintptr(fds[1]), "theirs").Close()
	mine, err := connOf(fds[0])
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command("sh", "-c", "echo broken >&2; exit 3"), ctl: mine, said: &tail{}, gone: make(chan struct{}), noted: make(chan struct{}), open: map[uint64]*opening{}}
	p.cmd.Stderr = p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.wait()
	return p
}

// A child that ended by itself counts against its tenant, also where another tenant gets its place before its end is noted.
func TestDeathBeforeItsPlaceIsTaken(t *testing.T) {
	o, err := Options{Command: []string{"sh"}, Children: 1}.filled()
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	o.Ended = func(tenant, why string) { told = append(told, tenant+": "+why) }
	c, bad, other := crashed(t), &tenant{name: "@bad"}, &tenant{name: "@other"}
	bad.p = c
	p := &Pool{o: o, tenants: map[string]*tenant{bad.name: bad, other.name: other}, changed: make(chan struct{})}
	if p.room(other) != nil {
		t.Fatal("there is no place")
	}
	p.mourn(bad, c)
	if bad.deaths == 0 || len(told) != 1 || told[0] != "@bad: exit status 3: broken" {
		t.Errorf("%v deaths; told of %q", bad.deaths, told)
	}
	<-c.noted
}

// What is said of a child that ended by itself is how, not that a call noticed it.
func TestWhyItEnded(t *testing.T) {
	var died *ended
	if err := endOf(crashed(t)); !errors.As(err, &died) || died.why != "exit status 3: broken" {
		t.Errorf("got %v", err)
	}
}
