package http_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/http"
)

// raw answers each connection by a script: what is written for the first request, the second, …; "" closes the connection instead.
func rawTier(t testing.TB, s http.Settings, script func(conn, request int) string) (tiers.Tier, *graph.Operation, *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	conns := &atomic.Int32{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n := int(conns.Add(1))
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for i := 1; ; i++ {
					r, err := nethttp.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					text := script(n, i)
					if text == "" {
						return
					}
					if _, err := c.Write([]byte(text)); err != nil {
						return
					}
				}
			}()
		}
	}()
	op := &graph.Operation{ID: "films.x", Source: &graph.Source{Name: "films"}, HTTP: &graph.HTTP{Path: path("/x")}}
	op.Source.BaseURL = path("http://" + l.Addr().String())
	tier, err := http.New(op.Source, []*graph.Operation{op}, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tier.Close)
	return tier, op, conns
}

const okHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

func TestLines(t *testing.T) {
	ok := okHead + "Content-Length: 2\r\n\r\n{}"
	for _, c := range []struct {
		name   string
		script func(conn, request int) string
		calls  int
		want   string // of each call; "" is the kind
		kind   fault.Kind
		conns  int32
	}{
		{"a line is used again", func(int, int) string { return ok }, 3, `{}`, "", 1},
		{"a chunked answer leaves it usable", func(int, int) string {
			return okHead + "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\n{\"\r\n5;x=y\r\na\":1}\r\n0\r\nX-T: 1\r\n\r\n"
		}, 3, `{"a":1}`, "", 1},
		{"an answer without content leaves it usable", func(int, int) string { return "HTTP/1.1 204 No Content\r\n\r\n" }, 3, `null`, "", 1},
		{"a failure leaves it usable", func(int, int) string { return "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy" }, 3, "", fault.Unavailable, 1},
		{"Connection: close ends it", func(int, int) string { return okHead + "Connection: close\r\nContent-Length: 2\r\n\r\n{}" }, 3, `{}`, "", 3},
		{"so does an answer of HTTP/1.0", func(_, n int) string {
			if n > 1 {
				return ""
			}
			return strings.Replace(ok, "1.1", "1.0", 1)
		}, 2, `{}`, "", 2},
		{"a line that the host has closed is not the call's fault", func(_, n int) string {
			if n > 1 {
				return ""
			}
			return ok
		}, 3, `{}`, "", 3},
		{"a host that never answers is", func(int, int) string { return "" }, 1, "", fault.Unavailable, 1},
		{"informational answers are passed over", func(int, int) string {
			return "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok
		}, 2, `{}`, "", 1},
		{"but not without end", func(int, int) string { return strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 50) }, 1, "", fault.Unavailable, 1},
		{"bytes that nobody asked for end it: they would answer the next call", func(int, int) string { return ok + ok }, 3, `{}`, "", 3},
		{"a header without end", func(int, int) string { return okHead + "X-A: " + strings.Repeat("a", 3<<20) }, 1, "", fault.Unavailable, 1},
		{"two lengths", func(int, int) string { return okHead + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x" }, 1, "", fault.Unavailable, 1},
		{"no HTTP", func(int, int) string { return "hello\r\n\r\n" }, 1, "", fault.Unavailable, 1},
		{"an answer that breaks off", func(int, int) string { return okHead + "Content-Length: 200\r\nConnection: close\r\n\r\n{}" }, 1, "", fault.Timeout, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tier, op, conns := rawTier(t, http.Settings{}, c.script)
			for i := range c.calls {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				if c.kind == fault.Timeout {
					ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
				}
				a, err := tier.Call(ctx, &tiers.Call{Operation: op})
				cancel()
				if fault.KindOf(err) != c.kind {
					t.Fatalf("call %d: got %v, want kind %q", i, err, c.kind)
				}
				if err == nil && string(a.Body) != c.want {
					t.Fatalf("call %d: got %s, want %s", i, a.Body, c.want)
				}
			}
			if n := conns.Load(); n != c.conns {
				t.Errorf("%d connections, want %d", n, c.conns)
			}
		})
	}
}

// A call that is cancelled, or late, ends at once, wherever it waits, and its line is not used again.
func TestLinesEndWithTheirCall(t *testing.T) {
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	waits := map[string]func(conn, request int) string{
		"before the header": func(conn, _ int) string {
			if conn == 1 {
				<-hold
			}
			return okHead + "Content-Length: 2\r\n\r\n{}"
		},
		"in the body": func(conn, _ int) string {
			if conn == 1 {
				return okHead + "Content-Length: 5\r\n\r\n{"
			}
			return okHead + "Content-Length: 2\r\n\r\n{}"
		},
	}
	for name, script := range waits {
		for _, cancelled := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", cancelled ", cancelled), func(t *testing.T) {
				t.Parallel()
				tier, op, conns := rawTier(t, http.Settings{}, script)
				ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
				defer cancel()
				want := fault.Timeout
				if cancelled {
					want = fault.Canceled
					ctx, cancel = context.WithCancel(t.Context())
					time.AfterFunc(200*time.Millisecond, cancel)
				}
				began := time.Now()
				_, err := tier.Call(ctx, &tiers.Call{Operation: op})
				if took := time.Since(began); fault.KindOf(err) != want || took > 5*time.Second {
					t.Fatalf("got %v after %v, want %q", err, took, want)
				}
				if ctx.Err() == nil {
					t.Error("the call ended before its context")
				}
				if a, err := tier.Call(t.Context(), &tiers.Call{Operation: op}); err != nil || string(a.Body) != "{}" {
					t.Fatalf("the next call: %v", err)
				}
				if n := conns.Load(); n != 2 {
					t.Errorf("%d connections, want 2", n)
				}
			})
		}
	}
}

// A header that takes longer than it may is a timeout, though the call has time left.
func TestLinesHeader(t *testing.T) {
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	tier, op, _ := rawTier(t, http.Settings{Header: 30 * time.Millisecond}, func(int, int) string { <-hold; return "" })
	if _, err := tier.Call(t.Context(), &tiers.Call{Operation: op}); fault.KindOf(err) != fault.Timeout {
		t.Errorf("got %v, want timeout", err)
	}
	// The body may take longer.
	slow, op, _ := rawTier(t, http.Settings{Header: 300 * time.Millisecond}, func(int, int) string { return okHead + "Transfer-Encoding: chunked\r\n\r\n" })
	ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := slow.Call(ctx, &tiers.Call{Operation: op})
	if took := time.Since(began); fault.KindOf(err) != fault.Timeout || took < 550*time.Millisecond {
		t.Errorf("got %v after %v, want a timeout when the call's own time is up", err, took)
	}
}

// A tier that answers before it has read the request is heard.
func TestLinesEarlyAnswer(t *testing.T) {
	op := &graph.Operation{ID: "films.x", Needs: []string{"id"}, Batch: true, HTTP: &graph.HTTP{Method: "POST", Path: path("/x"), Body: &graph.Selection{Items: []*graph.SelectionItem{
		{Field: "ids", Value: &graph.Selection{Expr: v(graph.VarBatch, "id")}}}}}}
	tier := one(t, op, http.Settings{}, func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(nethttp.StatusRequestEntityTooLarge)
	})
	keys := raw(strings.Repeat(`"`+strings.Repeat("k", 1000)+`" `, 1))
	col := keys
	for range 20_000 {
		col = append(col, keys[0])
	}
	_, err := tier.Call(t.Context(), &tiers.Call{Operation: op, Needs: [][]json.RawMessage{col}})
	if k := fault.KindOf(err); k != fault.TooLarge && k != fault.Unavailable { // a reset may overtake the answer
		t.Errorf("got %v", err)
	}
}

// Lines that nobody uses end after their time, and all that are unused when the tier is closed.
func TestLinesIdle(t *testing.T) {
	closed := make(chan struct{}, 8)
	srv := httptest.NewUnstartedServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	}))
	srv.Config.ConnState = func(_ net.Conn, s nethttp.ConnState) {
		if s == nethttp.StateClosed {
			closed <- struct{}{}
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	op := &graph.Operation{ID: "films.x", Source: &graph.Source{Name: "films", BaseURL: path(srv.URL)}, HTTP: &graph.HTTP{Path: path("/x")}}
	gone := func() {
		t.Helper()
		select {
		case <-closed:
		case <-time.After(10 * time.Second):
			t.Fatal("the line is still open")
		}
	}
	for _, idle := range []time.Duration{20 * time.Millisecond, time.Hour} {
		tier, err := http.New(op.Source, []*graph.Operation{op}, http.Settings{Idle: idle})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tier.Call(t.Context(), &tiers.Call{Operation: op}); err != nil {
			t.Fatal(err)
		}
		if idle == time.Hour {
			tier.Close()
		}
		gone()
		tier.Close()
	}
}

// Many calls at once, some of them cancelled at any moment, never take each other's answers.
func TestLinesAreNotMixed(t *testing.T) {
	op := &graph.Operation{ID: "films.x", Args: []string{"n"}, HTTP: &graph.HTTP{Path: path("/x/", v(graph.VarArgs, "n"))}}
	tier := one(t, op, http.Settings{IdlePerHost: 4}, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		n := strings.TrimPrefix(r.URL.Path, "/x/")
		w.Header().Set("Content-Type", "application/json")
		if len(n)%2 == 0 {
			time.Sleep(time.Millisecond)
		}
		_, _ = io.WriteString(w, `{"n":`+n+`,"pad":"`+strings.Repeat("x", 1000*(len(n)%7))+`"}`)
	})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				n := fmt.Sprint(g*1000 + i*i)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				if i%5 == 0 {
					time.AfterFunc(time.Duration(i*20)*time.Microsecond, cancel)
				}
				a, err := tier.Call(ctx, &tiers.Call{Operation: op, Args: raw(n)})
				cancel()
				switch {
				case err != nil && (i%5 != 0 || fault.KindOf(err) != fault.Canceled):
					t.Error(err)
				case err == nil && !strings.HasPrefix(string(a.Body), `{"n":`+n+`,`):
					t.Errorf("asked for %s, got %.40s", n, a.Body)
				case err == nil && a.Release != nil:
					a.Release()
				}
			}
		})
	}
	wg.Wait()
	if errors.Is(t.Context().Err(), context.Canceled) {
		t.Error("the test ended early")
	}
}

// What goes over lines is what goes over a Transport.
func TestLinesSendTheSame(t *testing.T) {
	op := graph.Operation{ID: "films.x", Args: []string{"a"}, Needs: []string{"id"}, Batch: true, HTTP: &graph.HTTP{Method: "POST", Path: path("/p/", v(graph.VarArgs, "a"), "?q=", v(graph.VarArgs, "a")),
		Headers: []graph.Header{{Name: "X-From", From: "Accept-Language"}, {Name: "X-Value", Value: path("v:", v(graph.VarArgs, "a"))}, {Name: "X-Fixed", Value: path("f")}},
		Body:    &graph.Selection{Items: []*graph.SelectionItem{{Field: "ids", Value: &graph.Selection{Expr: v(graph.VarBatch, "id")}}}}}}
	call := tiers.Call{Needs: [][]json.RawMessage{raw(`"1"`, `"2"`)}, Args: raw(`"ü b"`), Headers: nethttp.Header{"Accept-Language": {"de", "en"}}}
	got := map[bool]string{}
	for _, lines := range []bool{true, false} {
		set := http.Settings{}
		if !lines {
			set.Transport = http.NewTransport(http.Settings{})
		}
		o := op
		tier := one(t, &o, set, func(w nethttp.ResponseWriter, r *nethttp.Request) {
			b, _ := io.ReadAll(r.Body)
			var text strings.Builder
			fmt.Fprintln(&text, r.Method, r.RequestURI, r.Proto, r.ContentLength, r.TransferEncoding, string(b))
			_ = r.Header.Write(&text)
			got[lines] = text.String()
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{}"))
		})
		c := call
		c.Operation = &o
		if _, err := tier.Call(t.Context(), &c); err != nil {
			t.Fatal(err)
		}
	}
	if got[true] != got[false] {
		t.Errorf("over lines:\n%s\nover a Transport:\n%s", got[true], got[false])
	}
}
