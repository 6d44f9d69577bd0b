package notice_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"facet/fault"
	"facet/notice"
)

// run starts a real NATS server; port 0 takes a free one.
func run(t *testing.T, port int) *server.Server {
	t.Helper()
	if port == 0 {
		port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server does not come up")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

func hear(t *testing.T, b *notice.NATS, topic string) (<-chan notice.Message, func()) {
	t.Helper()
	ch := make(chan notice.Message, 100)
	stop, err := b.Hear(topic, func(m notice.Message) { ch <- notice.Message{Data: append([]byte(nil), m.Data...), Lost: m.Lost} })
	if err != nil {
		t.Fatal(err)
	}
	return ch, stop
}

func next(t *testing.T, ch <-chan notice.Message) notice.Message {
	t.Helper()
	select {
	case m := <-ch:
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was heard")
		panic("unreachable")
	}
}

// TestTellAndHear: what one tells all hear in order, on their topic alone, until they stop.
func TestTellAndHear(t *testing.T) {
	s := run(t, 0)
	open := func() *notice.NATS {
		n, err := notice.OpenNATS(s.ClientURL(), "test", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(n.Close)
		return n
	}
	two := [2]*notice.NATS{open(), open()}
	a, stopA := hear(t, two[0], "x")
	b, stopB := hear(t, two[1], "x")
	other, stopOther := hear(t, two[1], "y")
	defer stopOther()
	if err := two[1].Tell("y", []byte("there")); err != nil { // it comes behind the connection's subscriptions: they are known when it is heard
		t.Fatal(err)
	}
	if m := next(t, other); string(m.Data) != "there" {
		t.Fatalf("heard %q", m.Data)
	}
	for i := range 10 {
		if err := two[0].Tell("x", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 {
		for _, ch := range []<-chan notice.Message{a, b} {
			if m := next(t, ch); string(m.Data) != fmt.Sprint(i) || m.Lost {
				t.Fatalf("heard %q, want %d", m.Data, i)
			}
		}
	}
	stopA()
	stopB()
	if err := two[0].Tell("y", []byte("end")); err != nil {
		t.Fatal(err)
	}
	if m := next(t, other); string(m.Data) != "end" || len(a)+len(b) > 0 {
		t.Errorf("heard %q; %d and %d after the end", m.Data, len(a), len(b))
	}
	if err := two[0].Tell("y", make([]byte, notice.MaxData+1)); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("too much: %v", err)
	}
}

// TestNATSAway: an edge starts without NATS, and those who hear are told of the gap when it comes back.
func TestNATSAway(t *testing.T) {
	first := run(t, 0)
	port := first.Addr().String()
	var number int
	if _, err := fmt.Sscanf(port, "127.0.0.1:%d", &number); err != nil {
		t.Fatal(err)
	}
	first.Shutdown()
	first.WaitForShutdown()
	n, err := notice.OpenNATS("nats://"+port, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	ch, stop := hear(t, n, "x")
	defer stop()
	if n.Connected() {
		t.Fatal("it is connected to nothing")
	}
	again := run(t, number)
	for deadline := time.Now().Add(10 * time.Second); !n.Connected(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not connect")
		}
	}
	again.Shutdown()
	again.WaitForShutdown()
	run(t, number)
	if m := next(t, ch); !m.Lost {
		t.Errorf("heard %+v, want that messages may be missing", m)
	}
}

func TestBadAddress(t *testing.T) {
	if _, err := notice.OpenNATS("nats://[", "test", nil); fault.KindOf(err) != fault.Invalid || fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}
