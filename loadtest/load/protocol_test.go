package load_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"facet/loadtest/load"
)

// TestProtocols: what goes over the wire for each way to ask.
func TestProtocols(t *testing.T) {
	known := sync.Map{}
	var misses atomic.Int64
	base, all := watched(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var q struct {
			Query      string
			Extensions struct{ PersistedQuery struct{ Sha256Hash string } }
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		if hash := q.Extensions.PersistedQuery.Sha256Hash; hash != "" {
			if _, ok := known.Load(hash); !ok && q.Query == "" {
				misses.Add(1)
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, `{"errors": [{"message": "PersistedQueryNotFound"}]}`)
				return
			}
			known.Store(hash, true)
		}
		fmt.Fprint(w, `{"data": {}}`)
	})
	s := read(t, "s.yaml", `
rate: 100
duration: 300ms
turn: 50ms
variables: { film: { file: films.csv, column: id } }
mix:
  - { name: post, path: /a/graphql, graphql: { query: "query Q($id: ID!) { film(id: $id) { t } }", operation: Q, variables: { id: "{film}" } } }
  - { name: get, path: /b/graphql, graphql: { query: "{ me { name } }", variables: { n: "{film}" }, get: true } }
  - { name: apq, path: /c/graphql, graphql: { query: "{ me { id } }", apq: true } }
  - { name: paths, path: /d/model.json, jsonGraph: { get: [["film", "{film}", "title"]] } }
  - { name: call, path: /e/model.json, jsonGraph: { call: { callPath: ["list", "push"], arguments: ["{film}"] } } }
  - { name: set, path: /f/model.json, jsonGraph: { set: { jsonGraph: { "Card": { "{film}": { "position": 5 } } }, paths: [["Card", "{film}", "position"]] } } }
`, map[string]string{"films.csv": "title,id\nTwo,\"a \"\"b\"\" & c\"\n"})
	rep, err := load.Run(t.Context(), s, load.Options{Base: base})
	if err != nil || rep.Total.Failed != 0 || rep.Total.Count != 30 {
		t.Fatalf("%v, %+v %v", err, rep.Total, rep.Errors)
	}
	got := map[string]string{}
	hashes, documents := 0, 0
	for _, q := range all() {
		query, _ := url.QueryUnescape(q.query)
		text := strings.TrimSpace(q.method + " " + query + q.body)
		if q.path == "/c/graphql" {
			if text = "hash alone"; strings.Contains(q.body, `"query"`) {
				documents++
				continue
			}
			hashes++
		}
		got[q.path] = text
	}
	if n := int(misses.Load()); documents != n || n == 0 || hashes < n { // several may ask before the first document is there, on a busy machine
		t.Errorf("%d documents and %d hashes were sent, %d hashes were not known", documents, hashes, n)
	}
	want := map[string]string{
		"/a/graphql":    `POST {"query":"query Q($id: ID!) { film(id: $id) { t } }","operationName":"Q","variables":{"id":"a \"b\" \u0026 c"}}`,
		"/b/graphql":    `GET query={ me { name } }&variables={"n":"a \"b\" \u0026 c"}`,
		"/c/graphql":    "hash alone",
		"/d/model.json": `GET method=get&paths=[["film","a "b" & c","title"]]`,
		"/e/model.json": `POST {"method":"call","callPath":["list","push"],"arguments":["a \"b\" \u0026 c"]}`,
		"/f/model.json": `POST {"method":"set","jsonGraph":{"jsonGraph":{"Card":{"a \"b\" \u0026 c":{"position":5}}},"paths":[["Card","a \"b\" \u0026 c","position"]]}}`,
	}
	want["/d/model.json"] = `GET method=get&paths=[["film","a \"b\" \u0026 c","title"]]`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
}

// TestExpect: what is wrong with an answer is said, errors within answers are counted beside failures.
func TestExpect(t *testing.T) {
	base, _ := watched(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/partial/graphql":
			w.WriteHeader(294)
			fmt.Fprint(w, `{"errors":[{"message":"late","extensions":{"code":"timeout"}}],"data":{"a":null},"extensions":{"degraded":[{}]}}`)
		default:
			fmt.Fprint(w, `{"data":{"name":"Ada","rows":[{"id":1},{"id":2}],"none":null}}`)
		}
	})
	row := func(name string, e load.Expect) load.Row { return load.Row{Name: name, Path: "/x", Expect: &e} }
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	s := scenario(100, 900*time.Millisecond,
		row("good", load.Expect{JSON: map[string]json.RawMessage{"/data/rows/1": raw(`{ "id": 2 }`), "/data/name": raw(`"Ada"`)}, Present: []string{"/data/rows/0"}, MinBytes: 10, Contains: []string{"Ada"}}),
		row("other", load.Expect{JSON: map[string]json.RawMessage{"/data/name": raw(`"Bob"`)}}),
		row("nothing", load.Expect{JSON: map[string]json.RawMessage{"/data/rows/7/id": raw(`1`)}}),
		row("null", load.Expect{Present: []string{"/data/none"}}),
		row("small", load.Expect{MinBytes: 1000}),
		row("large", load.Expect{MaxBytes: 10}),
		row("text", load.Expect{Contains: []string{"Bob"}}),
		row("header", load.Expect{Headers: map[string]string{"Content-Type": "html"}}),
		load.Row{Name: "partial", Path: "/partial/graphql", GraphQL: &load.GraphQL{Query: "{ a }"}},
	)
	s.Turn = load.Duration(100 * time.Millisecond)
	rep, err := load.Run(t.Context(), s, load.Options{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{
		`other: at /data/name is "Ada", not "Bob"`: 10, "nothing: nothing is at /data/rows/7/id": 10, "null: nothing is at /data/none": 10,
		"small: 62 bytes: fewer than 1000": 10, "large: 62 bytes: more than 10": 10, `text: the answer does not contain "Bob"`: 10,
		`header: the header Content-Type is "application/json", not "html"`: 10, "partial: an answer with errors: timeout": 10,
	}
	if d := cmp.Diff(want, rep.Errors); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
	if rep.Total.Failed != 70 || rep.Total.Partial != 10 || rep.Total.Degraded != 10 {
		t.Errorf("%+v", rep.Total)
	}
}

// TestStreams: a stream takes until its first event, and is listened to for a while.
func TestStreams(t *testing.T) {
	base, all := watched(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, ":\n\nevent: ready\ndata:\n\n")
		_ = http.NewResponseController(w).Flush()
		for range 20 {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
			fmt.Fprint(w, "event: invalidated\ndata: []\n\n")
			_ = http.NewResponseController(w).Flush()
		}
	})
	s := scenario(40, 100*time.Millisecond,
		load.Row{Name: "a time", Path: "/t", Stream: &load.Stream{For: load.Duration(150 * time.Millisecond)}},
		load.Row{Name: "two", Path: "/e", Stream: &load.Stream{Events: 2}},
	)
	s.Turn = load.Duration(50 * time.Millisecond)
	var late []string // what a busy machine may be the reason of
	for range 4 {
		late = nil
		began := time.Now()
		rep, err := load.Run(t.Context(), s, load.Options{Base: base})
		if err != nil || rep.Total.Failed != 0 || rep.Total.Count != 4 {
			t.Fatalf("%v, %+v %v", err, rep.Total, rep.Errors)
		}
		if took := time.Since(began); took > 2*time.Second {
			late = append(late, fmt.Sprintf("it took %v", took))
		}
		for _, l := range rep.Lines {
			if l.Row == "two" && l.Events != 4 || l.Row == "a time" && l.Events > 20 {
				t.Errorf("%+v", l)
			}
			if l.Row == "a time" && l.Events < 6 || l.P50 > 140 {
				late = append(late, fmt.Sprintf("%+v", l))
			}
		}
		if late == nil {
			break
		}
	}
	for _, l := range late {
		t.Error(l)
	}
	for _, q := range all() {
		if q.header.Get("Accept") != "text/event-stream" {
			t.Errorf("it accepts %q", q.header.Get("Accept"))
		}
	}
}

// TestCompressed: what an answer is compressed with is no matter to what is expected of it, and its bytes are those on the wire.
func TestCompressed(t *testing.T) {
	text := `{"data":{"name":"Ada","rows":[` + strings.Repeat(`"one",`, 2000) + `"last"]}}`
	base, _ := watched(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		encoding := r.Header.Get("Accept-Encoding")
		w.Header().Set("Content-Encoding", encoding)
		var z io.WriteCloser
		switch encoding {
		case "gzip":
			z = gzip.NewWriter(w)
		case "zstd":
			z, _ = zstd.NewWriter(w)
		case "br":
			z = brotli.NewWriter(w)
		}
		fmt.Fprint(z, text)
		z.Close()
	})
	s := scenario(60, 300*time.Millisecond)
	for _, e := range []string{"gzip", "zstd", "br"} {
		s.Mix = append(s.Mix, load.Row{Name: e, Path: "/", Headers: map[string]string{"Accept-Encoding": e}, Expect: &load.Expect{JSON: map[string]json.RawMessage{"/data/rows/2000": []byte(`"last"`)}}})
	}
	rep, err := load.Run(t.Context(), s, load.Options{Base: base})
	if err != nil || rep.Total.Failed != 0 || len(rep.Lines) != 3 || rep.Total.Bytes/rep.Total.Count > 1000 {
		t.Errorf("%v, %+v %v", err, rep.Total, rep.Errors)
	}
}

// TestSocket: GraphQL over a WebSocket, with the row's headers, until the answer is complete.
func TestSocket(t *testing.T) {
	var mu sync.Mutex
	var said []string
	base, _ := watched(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"graphql-transport-ws"}})
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		answers := []string{`{"type":"connection_ack"}`, `{"type":"next","id":"1","payload":{"data":{"me":null},"errors":[{"message":"x","extensions":{"code":"timeout"}}]}}`}
		for _, answer := range answers {
			_, text, err := conn.Read(r.Context())
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			said = append(said, r.Header.Get("Facet-Viewer")+" "+string(text))
			mu.Unlock()
			_ = conn.Write(r.Context(), websocket.MessageText, []byte(answer))
		}
		_ = conn.Write(r.Context(), websocket.MessageText, []byte(`{"type":"complete","id":"1"}`))
		_, _, _ = conn.Read(r.Context())
	})
	row := load.Row{Name: "socket", Path: "/tv/v2/graphql", Headers: map[string]string{"Facet-Viewer": "ann"}, Values: map[string][]string{"id": {"jaws"}},
		GraphQL: &load.GraphQL{Query: "query Me { me { name } }", Variables: []byte(`{"id":"{id}"}`)}, Stream: &load.Stream{Socket: true}}
	rep, err := load.Run(t.Context(), scenario(10, 100*time.Millisecond, row), load.Options{Base: base})
	if err != nil || rep.Total.Failed != 0 || rep.Total.Partial != 1 || rep.Total.Events != 1 || rep.Lines[0].Status != "101" {
		t.Errorf("%v, %+v %v", err, rep.Total, rep.Errors)
	}
	want := []string{`ann {"type":"connection_init"}`, `ann {"type":"subscribe","id":"1","payload":{"query":"query Me { me { name } }","variables":{"id":"jaws"}}}`}
	if d := cmp.Diff(want, said); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
}
