package grpc

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/internal/request"
)

// pause is how long a failed reflection is remembered before the tier is asked again.
const pause = 500 * time.Millisecond

// A book knows the methods of a tier's operations. Where the tier describes itself it is asked at the start, then again by calls
// for as long as it does not answer or lacks what they need; calls wait for an answer that is under way.
type book struct {
	operations []*graph.Operation
	env        *request.Compiler // read only once the tier is made
	conn       *grpc.ClientConn
	timeout    time.Duration
	fixed      bool // the descriptors are configured

	pages atomic.Pointer[map[*graph.Operation]*method] // nil: not known yet

	mu     sync.Mutex
	asking chan struct{} // closed when the one who asks is done; nil: nobody does
	asked  time.Time     // when the last one was done
	err    error         // how it ended
	ctx    context.Context
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// configured reads the source's descriptor set; what is wrong is noted in c.
func (b *book) configured(c *request.Compiler, s *graph.Source) {
	b.fixed = true
	where, ok := c.Configured(s.Name, s.Descriptors)
	if !ok {
		return
	}
	if where == "reflection" {
		b.fixed = false
		return
	}
	files, err := readSet(where)
	if err != nil {
		c.Fail(s.Name, "the descriptors %s cannot be read: %v", s.Descriptors.Text, err)
		return
	}
	pages := b.write(files)
	for _, op := range b.operations {
		if err := pages[op].err; err != nil {
			c.Fail(op.ID, "%v", err)
		}
	}
}

// write makes every operation ready.
func (b *book) write(files *protoregistry.Files) map[*graph.Operation]*method {
	ts := dynamicpb.NewTypes(files)
	pages := map[*graph.Operation]*method{}
	for _, op := range b.operations {
		pages[op] = compile(b.env, op, files, ts)
	}
	b.pages.Store(&pages)
	return pages
}

// open asks the tier to describe itself, without waiting for it.
func (b *book) open() {
	b.ctx, b.stop = context.WithCancel(context.Background())
	if !b.fixed {
		b.mu.Lock()
		b.ask()
		b.mu.Unlock()
	}
}

func (b *book) close() {
	b.mu.Lock()
	b.stop()
	b.mu.Unlock()
	b.done.Wait()
}

// ask starts to ask, if nobody does and the last answer is old enough. The caller holds mu.
func (b *book) ask() {
	if b.asking != nil || b.ctx.Err() != nil || time.Since(b.asked) < pause {
		return
	}
	asking := make(chan struct{})
	b.asking = asking
	b.done.Go(func() {
		ctx, cancel := context.WithTimeout(b.ctx, b.timeout)
		defer cancel()
		files, err := reflected(ctx, b.conn, b.services())
		if err == nil {
			b.write(files)
		}
		b.mu.Lock()
		b.asking, b.asked, b.err = nil, time.Now(), err
		b.mu.Unlock()
		close(asking)
	})
}

func (b *book) services() (list []string) {
	seen := map[string]bool{}
	for _, op := range b.operations {
		if s := serviceOf(op.GRPC.Method); !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}

// stale notes that the tier does not have what it described.
func (b *book) stale() {
	if b.fixed {
		return
	}
	b.mu.Lock()
	b.ask()
	b.mu.Unlock()
}

// method finds an operation's, and waits for the tier's description if that is under way.
func (b *book) method(ctx context.Context, op *graph.Operation) (*method, error) {
	m := b.page(op)
	if m != nil && m.err == nil {
		return m, nil
	}
	b.mu.Lock()
	b.ask()
	asking := b.asking
	b.mu.Unlock()
	if asking != nil {
		select {
		case <-asking:
		case <-ctx.Done():
			return nil, tiers.ContextError(op, ctx.Err())
		}
		m = b.page(op)
	}
	switch {
	case m == nil:
		b.mu.Lock()
		err := b.err
		b.mu.Unlock()
		if err == nil {
			err = errors.New("the tier is closed")
		}
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "tier", Subject: op.ID, Message: "the tier does not tell what its messages look like", Err: err,
			Hint: "let the tier serve gRPC reflection, or give the source descriptors"}
	case m.err != nil:
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "tier", Subject: op.ID, Message: "the tier does not have what the connector names", Err: m.err,
			Hint: "change the connector's method, message or selection, or wait for the tier to have them"}
	}
	return m, nil
}

func (b *book) page(op *graph.Operation) *method {
	if pages := b.pages.Load(); pages != nil {
		return (*pages)[op]
	}
	return nil
}
