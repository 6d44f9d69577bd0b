// Package notice carries short messages between the instances of an environment, live, over NATS.
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

// MaxData bounds a message, in bytes: below NATS' own bound of 1 MiB.
const MaxData = 512 << 10

func check(data []byte) error {
	if len(data) > MaxData {
		return fault.New(fault.TooLarge, "a notice has %d bytes; at most %d", len(data), MaxData)
	}
	return nil
}

// NATS is where messages are told and heard: core NATS, at most once. Telling does not wait for those who hear. A connection that was
// lost is made again for ever; who hears is told that messages may be missing.
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

// Tell sends data to all who hear the topic, the teller included. Data is at most MaxData bytes.
func (n *NATS) Tell(topic string, data []byte) error {
	if err := check(data); err != nil {
		return err
	}
	if err := n.conn.Publish(topic, data); err != nil {
		return fault.Wrap(fault.Unavailable, "notice", topic, err)
	}
	return nil
}

// Hear calls fn for each message of a topic, one at a time, until the returned function is called. fn must be quick.
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

// Close ends it.
func (n *NATS) Close() { n.conn.Close() }
