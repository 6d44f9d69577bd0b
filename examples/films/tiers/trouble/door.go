package trouble

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// patience is how long a hanging call is held at the most.
const patience = time.Minute

// mostBody is more than any tier takes, in bytes.
const mostBody = 2 << 20

// A Door stands before a tier and lets its trouble out. The zero Door has none. Its methods may be called from many goroutines.
type Door struct {
	mu    sync.Mutex
	now   Trouble
	until time.Time // the zero time: until Set
}

// Set replaces the trouble. Calls that are under way keep theirs.
func (d *Door) Set(t Trouble) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now, d.until = t, time.Time{}
	if t.For > 0 {
		d.until = time.Now().Add(time.Duration(t.For))
	}
}

// Get is the trouble that the next call meets.
func (d *Door) Get() Trouble {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.until.IsZero() && !time.Now().Before(d.until) {
		d.now, d.until = Trouble{}, time.Time{}
	}
	return d.now
}

// Wrap is h behind the door. /healthz has no trouble.
func (d *Door) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := d.Get()
		if t == (Trouble{}) || r.URL.Path == "/healthz" {
			h.ServeHTTP(w, r)
			return
		}
		if r.ProtoMajor == 1 && !arrive(r) {
			reset(w)
			return
		}
		lag := time.Duration(t.Lag)
		if t.Jitter > 0 {
			lag += rand.N(time.Duration(t.Jitter))
		}
		if !wait(r, lag) {
			return
		}
		if t.Rate > 0 && rand.Float64() >= t.Rate {
			h.ServeHTTP(w, r)
			return
		}
		t.meet(w, r, h)
	})
}

// arrive reads the body: before its end, net/http does not see that a caller leaves.
func arrive(r *http.Request) bool {
	b, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(b), r.Body))
	return err == nil
}

// wait says false if the caller left before d was over.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// meet is one call in trouble.
func (t Trouble) meet(w http.ResponseWriter, r *http.Request, h http.Handler) {
	status, isStatus := t.status()
	switch {
	case isStatus:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":"in trouble, as told: %d"}`, status)
	case t.Fail == Reset:
		reset(w)
	case t.Fail == Hang:
		wait(r, patience)
		reset(w)
	case t.Lie == HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>Sign in</title><h1>Sign in to the network</h1>")
	case t.Fail == "" && t.Lie == "":
		h.ServeHTTP(w, r)
	default:
		held := &held{ResponseWriter: w, grpc: strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")}
		h.ServeHTTP(held, r)
		held.tell(t)
	}
}

// reset breaks the connection: a TCP reset, or one of the stream in HTTP/2.
func reset(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // without it, the connection ends in order
		}
		c.Close()
		return
	}
	panic(http.ErrAbortHandler)
}

// A held answer is complete before the first byte of it leaves. Of gRPC the body is held only: what follows it are trailers.
type held struct {
	http.ResponseWriter
	grpc   bool
	status int
	body   bytes.Buffer
}

func (h *held) WriteHeader(status int) {
	if h.status != 0 {
		return
	}
	h.status = status
	if h.grpc { // later, its trailers would be among its headers
		h.ResponseWriter.WriteHeader(status)
	}
}

func (h *held) Write(p []byte) (int, error) { return h.body.Write(p) }

// Flush is what gRPC asks for after each part.
func (h *held) Flush() {}

func (h *held) tell(t Trouble) {
	h.WriteHeader(http.StatusOK) // where none was written
	if t.Lie == LostAnswer {
		reset(h.ResponseWriter)
		return
	}
	body := h.body.Bytes()
	if t.Lie == Huge && t.Fail == "" && h.status == http.StatusOK && len(body) > 0 {
		first := 1
		if h.grpc {
			body = hugeProto(body)
			first = len(body)
		} else {
			h.Header().Del("Content-Length")
			h.ResponseWriter.WriteHeader(h.status)
		}
		blowUp(h.ResponseWriter, body, first)
		return
	}
	if h.status == http.StatusOK {
		if h.grpc {
			body = lieInProto(t.Lie, body)
		} else {
			body = lieInJSON(t.Lie, body)
		}
	}
	if !h.grpc {
		h.Header().Set("Content-Length", strconv.Itoa(len(body)))
		h.ResponseWriter.WriteHeader(h.status)
	}
	if t.Fail == Truncate {
		_, _ = h.ResponseWriter.Write(body[:len(body)/2])
		_ = http.NewResponseController(h.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = h.ResponseWriter.Write(body)
}
