package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"facet/catalog"
	"facet/serve/graphql"
	"facet/storage/memory"
)

// TestStreamsOverReleases keeps one WebSocket open while releases of two packages pass: each operation sees all of one release, no
// release is lost to it, the connection is never closed, and no release is held open by it.
func TestStreamsOverReleases(t *testing.T) {
	w := releases(t, memory.New())
	both := func(version string) string {
		return w.deploy(w.publish("@tv/a", version, "tv/v1", says("a", version)), w.publish("@tv/b", version, "tv/v1", says("b", version))).Digest
	}
	both("1.0.0")
	i := w.start("i", nil)
	i.until(catalog.Status.Ready)
	s := graphql.NewStreams(i, graphql.StreamOptions{})
	srv := httptest.NewServer(s)
	defer srv.Close()
	ws, _, err := websocket.Dial(t.Context(), srv.URL+"/tv/v1/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	say(t, ws, `{"type":"connection_init"}`)
	hear(t, ws)
	asked, seen := 0, map[string]bool{}
	ask := func() string {
		asked++
		id := fmt.Sprint(asked)
		say(t, ws, `{"id":"`+id+`","type":"subscribe","payload":{"query":"{ a { version shelf { name } } b { version shelf { name } } }"}}`)
		var m struct {
			ID, Type string
			Payload  struct {
				Data   map[string]struct{ Version string }
				Errors []any
			}
		}
		if err := json.Unmarshal([]byte(hear(t, ws)), &m); err != nil {
			t.Fatal(err)
		}
		if m.ID != id || m.Type != "next" || len(m.Payload.Errors) > 0 || m.Payload.Data["a"] != m.Payload.Data["b"] {
			t.Fatalf("answer %s is %+v", id, m)
		}
		if got, want := hear(t, ws), `{"id":"`+id+`","type":"complete"}`; got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		return m.Payload.Data["a"].Version
	}
	for n := range fullOr(40, 8) {
		version := fmt.Sprintf("1.0.%d", n+1)
		digest := both(version)
		for i.catalog.Status().Release != digest {
			seen[ask()] = true
			time.Sleep(time.Millisecond)
		}
		if got := ask(); got != version {
			t.Fatalf("after release %s the connection answers from %s", version, got)
		}
	}
	i.until(func(s catalog.Status) bool { return s.Draining == 0 })
	if s.Open() != 1 {
		t.Error("the connection was closed")
	}
	t.Logf("%d operations on one connection over %d releases", asked, len(seen))
}
