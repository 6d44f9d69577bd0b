package main

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"

	"facet/asker"
	"facet/catalog"
	"facet/control"
	"facet/notice"
	"facet/storage/memory"
)

const notesGraph = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "notes", http: { baseURL: "{$env.SHOP_URL}" }, timeout: "5s")

type Query {
  product(id: ID!): Product
}

type Mutation {
  setNote(profile: ID!, product: ID!, text: String!): Noted!
    @guard(value: "$args.profile", in: "$context.viewer.profiles")
    @writes(field: "Product.note", key: "$args.product", args: { profile: "$args.profile" })
    @connect(source: "notes", http: { PUT: "/notes/{$args.product}", body: "text: $args.text" }, selection: "product: { id }")
}

type Noted {
  product: Product!
}

type Product @key(fields: "id") @connect(source: "notes", http: { GET: "/products/{$this.id}" }, selection: "id name") {
  id: ID!
  name: String!
  note(profile: ID!): String
    @guard(value: "$args.profile", in: "$context.viewer.profiles")
    @connect(source: "notes", http: { GET: "/notes/{$this.id}" }, selection: "$.text")
}
`

const noting = `import { arg, graph, mutation, shape, view } from "@facet/sdk";
export const Item = shape("Item", graph.Product, (p, { viewer }) => ({ name: p.name, mine: p.note({ profile: viewer.profile.id }) }));
export const oneItem = view({ args: { id: arg.id() }, build: ({ id }) => Item(graph.product({ id })) });
export const note = mutation({
  args: { id: arg.id(), text: arg.string() },
  run: ({ id, text }, { viewer }) => Item(graph.setNote({ profile: viewer.profile.id, product: id, text }).product),
});
`

const reading = `import { arg, graph, shape, view } from "@facet/sdk";
export const Line = shape("Line", graph.Product, (p, { viewer }) => ({ note: p.note({ profile: viewer.profile.id }) }));
export const oneLine = view({ args: { id: arg.id() }, build: ({ id }) => Line(graph.product({ id })) });
`

// natsURL is where a NATS server of the test's own listens until the test ends.
func natsURL(t *testing.T) string {
	t.Helper()
	nats, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	nats.Start()
	t.Cleanup(func() { nats.Shutdown(); nats.WaitForShutdown() })
	if !nats.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS does not come up")
	}
	return nats.ClientURL()
}

// TestFeedAcrossInstances: a television's mutation at one instance is heard by the same viewer's phone at another, in words of the
// phone's schema; by nobody else.
func TestFeedAcrossInstances(t *testing.T) {
	nats := natsURL(t)
	w := releases(t, memory.New())
	tier := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		send(rw, map[string]any{"id": r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], "name": "Green tea", "text": "two spoons"})
	}))
	t.Cleanup(tier.Close)
	w.env.Env["SHOP_URL"] = tier.URL
	w.graph("2.0.0", notesGraph)
	ids := []string{w.publish("@tv/notes", "1.0.0", "tv/v1", noting), w.publish("@phone/notes", "1.0.0", "phone/v1", reading)}
	res, err := w.Release(t.Context(), control.Request{Env: "dev", Deploy: ids, Graph: "2.0.0"})
	if err != nil {
		t.Fatalf("%v %+v", err, res.Failures)
	}

	var at []string
	for _, name := range []string{"one", "two"} {
		board, err := notice.OpenNATS(nats, name, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(board.Close)
		bus, err := newWritesBus(board, "dev", zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(bus.Close)
		i := w.start(name, func(_ *catalog.Config[*served], o *opener) { o.writes = bus })
		i.serves(res.Digest)
		srv := httptest.NewServer((&front{catalog: i.catalog, ask: asker.Settings{TrustHeaders: true}, environment: "dev", metrics: newMetrics(), writes: bus, log: zerolog.Nop()}).devices())
		t.Cleanup(srv.Close)
		at = append(at, srv.URL)
	}

	listen := func(viewer string) <-chan string {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		t.Cleanup(cancel)
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, at[1]+"/phone/v1/"+feedName, nil)
		req.Header.Set("Facet-Viewer", viewer)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v %v", resp, err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		out := make(chan string, 100)
		go func() {
			for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
				if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
					out <- data
				}
			}
		}()
		if first := <-out; first != "{}" {
			t.Fatalf("the stream begins with %s", first)
		}
		return out
	}
	ann, bob := listen("ann"), listen("bob")
	for _, viewer := range []string{"ann", "bob"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, at[0]+"/tv/v1/note", strings.NewReader(`{"id": "tea-`+viewer+`", "text": "two spoons"}`))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Facet-Viewer", viewer)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v %v", resp, err)
		}
		_ = resp.Body.Close()
	}
	for viewer, ch := range map[string]<-chan string{"ann": ann, "bob": bob} {
		want := `[{"typename":"Line","id":"Line:tea-` + viewer + `","field":"note","path":["Line","tea-` + viewer + `","note"]}]`
		select {
		case got := <-ch:
			if got != want {
				t.Errorf("%s hears %s, want %s", viewer, got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s hears nothing", viewer)
		}
	}
	select {
	case got := <-ann:
		t.Errorf("ann hears %s too", got)
	case got := <-bob:
		t.Errorf("bob hears %s too", got)
	case <-time.After(200 * time.Millisecond):
	}
}
