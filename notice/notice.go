// Package notice carries short messages between the instances of an environment, live: within a process, or over NATS.
package notice

import (
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"facet/fault"
)

// A Message is what somebody told.
type Message struct {
	Data []byte
	// Lost says that messages before it may not have arrived; Data may be empty then.
	Lost bool
}

// A Board is where messages are told and heard. Telling does not wait for those who hear; what cannot be told is lost, and
// those who hear are told that as soon as it is known.
type Board interface {
	// Tell sends data to all who hear the topic, the teller included. Data is at most MaxData bytes.
	Tell(topic string, data []byte) error
	// Hear calls fn for each message of a topic, one at a time, until the returned function is called. fn must be quick.
	Hear(topic string, fn func(Message)) (stop func(), err error)
	// Close ends it.
	Close()
}

// MaxData bounds a message, in bytes: below NATS' own bound of 1 MiB.
const MaxData = 512 << 10

func check(data []byte) error {
	if len(data) > MaxData {
		return fault.New(fault.TooLarge, "a notice has %d bytes; at most %d", len(data), MaxData)
	}
	return nil
}

// Local is a Board within one process.
type Local struct {
	mu   sync.Mutex
	next int
	ears map[string]map[int]func(Message)
}

// NewLocal makes a Board that nobody hears yet.
func NewLocal() *Local { return &Local{ears: map[string]map[int]func(Message){}} }

// Tell implements Board.
func (l *Local) Tell(topic string, data []byte) error {
	if err := check(data); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, fn := range l.ears[topic] {
		fn(Message{Data: data})
	}
	return nil
}

// Hear implements Board.
func (l *Local) Hear(topic string, fn func(Message)) (func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ears[topic] == nil {
		l.ears[topic] = map[int]func(Message){}
	}
	id := l.next
	l.next++
	l.ears[topic][id] = fn
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.ears[topic], id)
	}, nil
}

// Close implements Board.
func (l *Local) Close() {}

// NATS is a Board over a NATS server: core NATS, at most once. A connection that was lost is made again for ever; who hears is
// told that messages may be missing.
type NATS struct {
	conn *nats.Conn

	mu   sync.Mutex
	next int
	ears map[int]func(Message)
}

// OpenNATS connects to servers, "nats://host:4222" separated by commas. It does not wait for them: an edge starts though
// NATS is away. name says to the server who it is. trouble is told when the connection is lost or made again (nil error).
func OpenNATS(servers, name string, trouble func(error)) (*NATS, error) {
	n := &NATS{ears: map[int]func(Message){}}
	if trouble == nil {
		trouble = func(error) {}
	}
	again := func(err error) {
		n.mu.Lock()
		ears := make([]func(Message), 0, len(n.ears))
		for _, fn := range n.ears {
			ears = append(ears, fn)
		}
		n.mu.Unlock()
		for _, fn := range ears {
			fn(Message{Lost: true})
		}
		trouble(err)
	}
	conn, err := nats.Connect(servers,
		nats.Name(name), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second), nats.ReconnectJitter(time.Second, time.Second),
		nats.ReconnectBufSize(-1), // what is told while away is lost, and said to be, rather than told late
		nats.Timeout(2*time.Second),
		nats.ConnectHandler(func(*nats.Conn) { trouble(nil) }), // the first time
		nats.ReconnectHandler(func(*nats.Conn) { again(nil) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				trouble(err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrSlowConsumer) {
				again(nil) // it is connected; only who hears has missed something
				return
			}
			trouble(err)
		}),
	)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "notice", servers, err).WithHint("write addresses as nats://host:4222, separated by commas")
	}
	n.conn = conn
	return n, nil
}

// Tell implements Board.
func (n *NATS) Tell(topic string, data []byte) error {
	if err := check(data); err != nil {
		return err
	}
	if err := n.conn.Publish(topic, data); err != nil {
		return fault.Wrap(fault.Unavailable, "notice", topic, err)
	}
	return nil
}

// Hear implements Board.
func (n *NATS) Hear(topic string, fn func(Message)) (func(), error) {
	sub, err := n.conn.Subscribe(topic, func(m *nats.Msg) { fn(Message{Data: m.Data}) })
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "notice", topic, err)
	}
	if err := sub.SetPendingLimits(10_000, 64<<20); err != nil {
		return nil, errors.Join(err, sub.Unsubscribe())
	}
	n.mu.Lock()
	id := n.next
	n.next++
	n.ears[id] = fn
	n.mu.Unlock()
	return func() {
		n.mu.Lock()
		delete(n.ears, id)
		n.mu.Unlock()
		_ = sub.Unsubscribe() // a connection that is closed has no subscriptions
	}, nil
}

// Connected says whether there is a connection now.
func (n *NATS) Connected() bool { return n.conn.IsConnected() }

// Close implements Board.
func (n *NATS) Close() { n.conn.Close() }
