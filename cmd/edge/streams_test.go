package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"facet/serve/graphql"
)

// TestStopWithStreams ends a process with two WebSockets, one of which has an operation under way: it is answered, both are told to
// come back, and the process has cut nothing. A second stop is given no time, and says that it cut.
func TestStopWithStreams(t *testing.T) {
	for name, c := range map[string]struct {
		within time.Duration
		hold   time.Duration
		cut    bool
	}{"in time": {10 * time.Second, 100 * time.Millisecond, false}, "too late": {50 * time.Millisecond, 10 * time.Second, true}} {
		t.Run(name, func(t *testing.T) {
			began := make(chan struct{}, 1)
			s := graphql.NewStreams(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				began <- struct{}{}
				select {
				case <-time.After(c.hold):
					_, _ = io.WriteString(w, `{"data":{"done":true}}`)
				case <-r.Context().Done():
				}
			}), graphql.StreamOptions{})
			l, err := listen("127.0.0.1:0", "--listen")
			if err != nil {
				t.Fatal(err)
			}
			ctx, end := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- serveAll(ctx, stop{For: c.within}, newDoor("devices", l, s, doorConfig{})) }()
			hello := func() *websocket.Conn {
				ws, _, err := websocket.Dial(t.Context(), "http://"+l.Addr().String()+"/web/v1/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
				if err != nil {
					t.Fatal(err)
				}
				say(t, ws, `{"type":"connection_init"}`)
				if got := hear(t, ws); got != `{"type":"connection_ack"}` {
					t.Fatal(got)
				}
				return ws
			}
			idle, busy := hello(), hello()
			say(t, busy, `{"id":"1","type":"subscribe","payload":{"query":"{ done }"}}`)
			<-began
			end()
			if got := hear(t, idle); got != "1012" {
				t.Errorf("the idle one hears %s", got)
			}
			if c.cut {
				if err := <-done; !errors.Is(err, errCut) {
					t.Errorf("got %v, want errCut", err)
				}
				return
			}
			for _, want := range []string{`{"id":"1","type":"next","payload":{"data":{"done":true}}}`, `{"id":"1","type":"complete"}`, "1012"} {
				if got := hear(t, busy); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

func say(t *testing.T, ws *websocket.Conn, text string) {
	t.Helper()
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// hear gives the next message, or the code of the end.
func hear(t *testing.T, ws *websocket.Conn) string {
	t.Helper()
	_, data, err := ws.Read(t.Context())
	var e websocket.CloseError
	switch {
	case errors.As(err, &e):
		return closeCode(int(e.Code))
	case err != nil:
		return strings.TrimSpace(err.Error())
	}
	return string(data)
}
