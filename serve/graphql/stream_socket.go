package graphql

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"facet/fault"
	"facet/serve"
)

// subprotocol is GraphQL over WebSocket (github.com/enisdenjo/graphql-ws, PROTOCOL.md).
const subprotocol = "graphql-transport-ws"

// The codes that a connection is closed with. Clients connect again after those of 1xxx and after 4408.
const (
	codeAway         = websocket.StatusGoingAway
	codeRestart      = websocket.StatusServiceRestart
	codeBad          = websocket.StatusCode(4400)
	codeUnauthorized = websocket.StatusCode(4401)
	codeSubprotocol  = websocket.StatusCode(4406)
	codeInitLate     = websocket.StatusCode(4408)
	codeTaken        = websocket.StatusCode(4409)
	codeInitAgain    = websocket.StatusCode(4429)
)

// A socket is one WebSocket. Its reader is the goroutine of the request that opened it; each operation has one of its own.
type socket struct {
	s       *Streams
	ws      *websocket.Conn
	r       *http.Request // that opened it
	headers http.Header   // of its operations
	began   time.Time
	ctx     context.Context // of the connection: operations end with it
	cancel  context.CancelFunc
	work    sync.WaitGroup // operations and the closing

	mu      sync.Mutex
	acked   bool
	closing bool // no operation begins any more
	running map[string]context.CancelFunc
	count   int // operations under way, those that the client no longer wants too
	total   int
	idle    time.Time // since when nothing is under way
	code    int       // of the end; 0 if it is not decided
	reason  string
	drained bool // close when nothing is under way
}

// accept opens a WebSocket and serves it until it ends.
func (s *Streams) accept(w http.ResponseWriter, r *http.Request, device, schema string) {
	if f := s.refused(r, device, schema); f != nil {
		serve.NoStore(w.Header())
		http.Error(w, f.Public(), serve.Status(f.Kind))
		return
	}
	if !s.take() {
		serve.NoStore(w.Header())
		w.Header().Set("Retry-After", "1")
		http.Error(w, "no more connections are taken here now", http.StatusServiceUnavailable)
		return
	}
	// The origin is checked above, by the environment's list.
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}, InsecureSkipVerify: true})
	if err != nil { // it has answered why
		s.leave(nil)
		return
	}
	ws.SetReadLimit(int64(s.limits.Message))
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	c := &socket{s: s, ws: ws, r: r, headers: operationHeaders(r.Header), began: time.Now(), idle: time.Now(), ctx: ctx, cancel: cancel,
		running: map[string]context.CancelFunc{}}
	c.headers.Del("Idempotency-Key") // one for all operations would be wrong for all but one
	c.headers.Del("X-Request-Id")
	defer s.leave(c)
	s.enter(c)
	c.serve()
	if s.options.Closed != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		s.options.Closed(r, Closing{Device: device, Schema: schema, Code: c.code, Reason: c.reason, Operations: c.total, For: time.Since(c.began)})
	}
}

// serve reads until the connection ends, and returns when all that began on it has ended.
func (c *socket) serve() {
	defer c.work.Wait()
	defer c.cancel()
	if c.ws.Subprotocol() != subprotocol {
		c.close(codeSubprotocol, "Subprotocol not acceptable")
		return
	}
	late := time.AfterFunc(c.s.limits.Init, func() {
		c.mu.Lock()
		ok := c.acked
		c.mu.Unlock()
		if !ok {
			c.close(codeInitLate, "Connection initialisation timeout")
		}
	})
	defer late.Stop()
	c.work.Go(c.watch)
	for {
		kind, data, err := c.ws.Read(c.ctx)
		if err != nil {
			c.ended(err)
			return
		}
		if kind != websocket.MessageText {
			c.close(codeBad, "Messages are text")
			return
		}
		if code, reason := c.message(data); code != 0 {
			c.close(code, reason)
			return
		}
	}
}

// watch pings the client, and closes a connection that does not answer or that nobody uses.
func (c *socket) watch() {
	t := time.NewTicker(c.s.limits.Ping)
	defer t.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-t.C:
		}
		c.mu.Lock()
		unused := c.count == 0 && time.Since(c.idle) >= c.s.limits.Idle
		c.mu.Unlock()
		if unused {
			c.close(codeAway, "Idle")
			return
		}
		ctx, cancel := context.WithTimeout(c.ctx, c.s.limits.Ping)
		err := c.ws.Ping(ctx)
		cancel()
		if err != nil {
			c.cut()
			return
		}
	}
}

// A message is one of the protocol's.
type message struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

// maxID is how many bytes the id of an operation may have.
const maxID = 128

// message takes one message of the client; a code says that the connection ends by it.
func (c *socket) message(data []byte) (websocket.StatusCode, string) {
	var m message
	if json.Unmarshal(data, &m) != nil {
		return codeBad, "Invalid message received"
	}
	switch m.Type {
	case "connection_init":
		return c.init(m.Payload)
	case "ping":
		parts := [][]byte{[]byte(`{"type":"pong"}`)}
		if len(m.Payload) > 0 {
			parts = [][]byte{[]byte(`{"type":"pong","payload":`), m.Payload, []byte("}")}
		}
		c.send(parts...)
		return 0, ""
	case "pong":
		return 0, ""
	case "subscribe":
		if m.ID == "" || len(m.ID) > maxID || len(m.Payload) == 0 || m.Payload[0] != '{' {
			return codeBad, "Invalid message received"
		}
		return c.begin(m.ID, m.Payload)
	case "complete":
		c.mu.Lock()
		if stop := c.running[m.ID]; stop != nil {
			delete(c.running, m.ID)
			stop()
		}
		c.mu.Unlock()
		return 0, ""
	}
	return codeBad, "Invalid message received"
}

func (c *socket) init(payload []byte) (websocket.StatusCode, string) {
	c.mu.Lock()
	again := c.acked
	c.acked = true
	c.mu.Unlock()
	if again {
		return codeInitAgain, "Too many initialisation requests"
	}
	if c.s.options.TrustInit {
		initHeaders(c.headers, payload)
	}
	c.send([]byte(`{"type":"connection_ack"}`))
	return 0, ""
}

// begin starts an operation. While the connection is being closed it is left out: the client sends it again on its next one.
func (c *socket) begin(id string, payload []byte) (websocket.StatusCode, string) {
	ctx, stop := context.WithCancel(c.ctx)
	code, reason, full := c.admit(id, stop)
	switch {
	case full: // on this goroutine: who sends more than is taken waits for what is told
		stop()
		c.refuse(id, refusals(fault.New(fault.Limit, "a connection has at most %d operations at once", c.s.limits.Operations)))
	case code != 0 || reason == left:
		stop()
	default:
		c.work.Go(func() {
			defer stop()
			c.run(ctx, id, payload)
		})
	}
	if reason == left {
		reason = ""
	}
	return code, reason
}

// left says that an operation is left out without a word.
const left = "left"

// admit enters an operation, or says why not: by a code that ends the connection, as left out, or as one too many.
func (c *socket) admit(id string, stop context.CancelFunc) (code websocket.StatusCode, reason string, full bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.acked:
		return codeUnauthorized, "Unauthorized", false
	case c.closing:
		return 0, left, false
	case c.running[id] != nil:
		return codeTaken, "Subscriber for " + clip(id) + " already exists", false
	case c.count >= c.s.limits.Operations:
		return 0, "", true
	}
	c.running[id] = stop
	c.count++
	c.total++
	return 0, "", false
}

// refuse ends an operation with errors.
func (c *socket) refuse(id string, errs json.RawMessage) {
	c.send([]byte(`{"id":`), quoted(id), []byte(`,"type":"error","payload":`), errs, []byte("}"))
}

// run answers one operation: next and complete, or error.
func (c *socket) run(ctx context.Context, id string, payload []byte) {
	h := c.headers.Clone()
	if key := idempotency(id, payload); key != "" {
		h.Set("Idempotency-Key", key)
	}
	a := c.s.post(ctx, c.r, h, payload)
	c.mu.Lock()
	wanted := c.running[id] != nil && ctx.Err() == nil
	delete(c.running, id) // before complete is sent: the client may use the id again from there
	c.mu.Unlock()
	name := quoted(id)
	switch {
	case !wanted:
	case a.ok():
		if c.send([]byte(`{"id":`), name, []byte(`,"type":"next","payload":`), a.body.Bytes(), []byte("}")) {
			c.send([]byte(`{"id":`), name, []byte(`,"type":"complete"}`))
		}
	default:
		c.refuse(id, a.errors())
	}
	c.mu.Lock()
	c.count--
	c.idle = time.Now()
	last := c.drained && c.count == 0
	c.mu.Unlock()
	if last {
		c.close(codeRestart, "Service restart")
	}
}

// send writes one message; it is false if the client did not take it in time, which ends the connection.
func (c *socket) send(parts ...[]byte) bool {
	ctx, cancel := context.WithTimeout(c.ctx, c.s.limits.Write)
	defer cancel()
	w, err := c.ws.Writer(ctx, websocket.MessageText)
	if err != nil {
		return false
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return false
		}
	}
	return w.Close() == nil
}

// drain closes the connection when what is under way on it has ended. What comes meanwhile is left out: the client asks again on its
// next connection, and nothing of it has been done.
func (c *socket) drain() {
	c.mu.Lock()
	c.drained, c.closing = true, true
	free := c.count == 0
	c.mu.Unlock()
	if free {
		c.close(codeRestart, "Service restart")
	}
}

// close ends the connection with a code; the first counts.
func (c *socket) close(code websocket.StatusCode, reason string) {
	c.mu.Lock()
	first := c.code == 0
	if first {
		c.code, c.reason, c.closing = int(code), reason, true
	}
	c.mu.Unlock()
	if first {
		_ = c.ws.Close(code, reason) // the client may be gone
	}
}

// cut ends the connection without a word, and what is under way on it.
func (c *socket) cut() {
	c.cancel()
	_ = c.ws.CloseNow() // it may be closed already
}

// ended notes how the client ended the connection.
func (c *socket) ended(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	if c.code != 0 {
		return
	}
	var e websocket.CloseError
	switch {
	case errors.As(err, &e):
		c.code, c.reason = int(e.Code), e.Reason
	case errors.Is(err, websocket.ErrMessageTooBig):
		c.code = int(websocket.StatusMessageTooBig)
	default:
		c.code = int(websocket.StatusAbnormalClosure)
	}
}
