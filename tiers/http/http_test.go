package http_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/http"
	"facet/tiers/tiertest"
)

func env(m map[string]string) func(string) (string, bool) {
	return func(n string) (string, bool) { v, ok := m[n]; return v, ok }
}

func operations(m map[string]*graph.Operation) []*graph.Operation {
	ops := make([]*graph.Operation, len(m))
	for _, op := range m {
		ops[op.Index] = op
	}
	return ops
}

func TestConformance(t *testing.T) {
	tiertest.Run(t, func(t *testing.T) *tiertest.Subject {
		h := &tiertest.Handler{World: &tiertest.World{}}
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		src := tiertest.Source()
		ops := tiertest.Operations(src)
		tier, err := http.New(src, operations(ops), http.Settings{MaxBody: tiertest.Large,
			Env: env(map[string]string{"FILMS_URL": srv.URL, "FILMS_SECRET": "s3"})})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tier.Close)
		return &tiertest.Subject{Tier: tier, Operations: ops, Break: h.Break, Slow: h.Slow}
	})
}

// one opens a tier of one operation over a handler.
func one(t testing.TB, op *graph.Operation, s http.Settings, h nethttp.HandlerFunc) tiers.Tier {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	if op.Source == nil {
		op.Source = &graph.Source{Name: "films"}
	}
	op.Source.BaseURL = &graph.Template{Parts: []graph.TemplatePart{{Text: srv.URL}}}
	tier, err := http.New(op.Source, []*graph.Operation{op}, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tier.Close)
	return tier
}

func path(parts ...any) *graph.Template {
	t := &graph.Template{}
	for _, p := range parts {
		if s, ok := p.(string); ok {
			t.Parts = append(t.Parts, graph.TemplatePart{Text: s})
		} else {
			t.Parts = append(t.Parts, graph.TemplatePart{Expr: p.(*graph.Expr)})
		}
	}
	return t
}

func v(v graph.Var, p ...string) *graph.Expr { return &graph.Expr{Var: v, Path: p} }

func raw(texts ...string) (r []json.RawMessage) {
	for _, t := range texts {
		r = append(r, json.RawMessage(t))
	}
	return r
}

func TestRequests(t *testing.T) {
	from := func(e *graph.Expr, items ...*graph.SelectionItem) *graph.Selection {
		return &graph.Selection{Expr: e, Items: items}
	}
	item := func(f string, steps ...string) *graph.SelectionItem {
		return &graph.SelectionItem{Field: f, Value: &graph.Selection{Path: graph.Path{Steps: steps}}}
	}
	set := http.Settings{Env: env(map[string]string{"KEY": "k/1"}), Config: map[string]any{"shop": map[string]any{"id": 7, "name": "a\"b"}}}
	for _, c := range []struct {
		name string
		op   graph.Operation
		call tiers.Call
		want string // method, target, body
		kind fault.Kind
	}{
		{name: "a batch in the query, repeated", op: graph.Operation{Needs: []string{"id"}, Batch: true, HTTP: &graph.HTTP{Method: "GET", Path: path("/t?a=1&id=", v(graph.VarBatch, "id"))}},
			call: tiers.Call{Needs: [][]json.RawMessage{raw(`"x y"`, `7`)}}, want: "GET /t?a=1&id=x%20y&id=7 "},
		{name: "$config and $env in path and query", op: graph.Operation{HTTP: &graph.HTTP{Path: path("/s/", v(graph.VarConfig, "shop", "id"), "?key=", v(graph.VarEnv, "KEY"))}},
			want: "GET /s/7?key=k%2F1 "},
		{name: "a value inside a segment and a parameter", op: graph.Operation{Args: []string{"a"}, HTTP: &graph.HTTP{Path: path("/x-", v(graph.VarArgs, "a"), ".json?q=p:", v(graph.VarArgs, "a"))}},
			call: tiers.Call{Args: raw(`"é"`)}, want: "GET /x-%C3%A9.json?q=p:%C3%A9 "},
		{name: "below an argument", op: graph.Operation{Args: []string{"f"}, HTTP: &graph.HTTP{Path: path("/x?q=", v(graph.VarArgs, "f", "name", "first"))}},
			call: tiers.Call{Args: raw(`{"name":{"first":"A&B"}}`)}, want: "GET /x?q=A%26B "},
		{name: "dots made of two pieces", op: graph.Operation{Args: []string{"a"}, HTTP: &graph.HTTP{Path: path("/x/.", v(graph.VarArgs, "a"), "/y")}},
			call: tiers.Call{Args: raw(`"."`)}, kind: fault.NotFound},
		{name: "null in the path", op: graph.Operation{Args: []string{"a"}, HTTP: &graph.HTTP{Path: path("/x/", v(graph.VarArgs, "a"))}},
			call: tiers.Call{Args: raw(`null`)}, kind: fault.Invalid},
		{name: "an object in the path", op: graph.Operation{Args: []string{"a"}, HTTP: &graph.HTTP{Path: path("/x/", v(graph.VarArgs, "a"))}},
			call: tiers.Call{Args: raw(`{"a":1}`)}, kind: fault.Invalid},
		{name: "a whole argument as the body", op: graph.Operation{Args: []string{"in"}, HTTP: &graph.HTTP{Method: "POST", Path: path("/x"), Body: from(v(graph.VarArgs, "in"))}},
			call: tiers.Call{Args: raw(`{"a":[1,null]}`)}, want: `POST /x {"a":[1,null]}`},
		{name: "rows as the body", op: graph.Operation{Needs: []string{"id", "kind"}, Batch: true,
			HTTP: &graph.HTTP{Method: "POST", Path: path("/x"), Body: &graph.Selection{Items: []*graph.SelectionItem{{Field: "rows", Value: from(v(graph.VarBatch), item("i", "id"), item("kind", "kind"))}}}}},
			call: tiers.Call{Needs: [][]json.RawMessage{raw(`"a"`, `"b"`), raw(`1`, `2`)}}, want: `POST /x {"rows":[{"i":"a","kind":1},{"i":"b","kind":2}]}`},
		{name: "a projection and a constant", op: graph.Operation{Args: []string{"l"}, HTTP: &graph.HTTP{Method: "POST", Path: path("/x"), Body: &graph.Selection{Items: []*graph.SelectionItem{
			{Field: "l", Value: from(v(graph.VarArgs, "l"), item("n", "name"), item("q", "q"))}, {Field: "v", Value: &graph.Selection{Literal: []byte(`2`)}}, {Field: "s", Value: from(v(graph.VarConfig, "shop", "name"))}}}}},
			call: tiers.Call{Args: raw(`[{"name":"a","x":1},null]`)}, want: `POST /x {"l":[{"n":"a","q":null},null],"v":2,"s":"a\"b"}`},
		{name: "a header value that would forge another", op: graph.Operation{Args: []string{"a"}, HTTP: &graph.HTTP{Path: path("/x"), Headers: []graph.Header{{Name: "X-A", Value: path(v(graph.VarArgs, "a"))}}}},
			call: tiers.Call{Args: raw(`"a\r\nX-B: b"`)}, kind: fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got string
			tier := one(t, &c.op, set, func(w nethttp.ResponseWriter, r *nethttp.Request) {
				b, _ := io.ReadAll(r.Body)
				got = r.Method + " " + r.RequestURI + " " + string(b)
				w.Header().Set("Content-Type", "application/vnd.films+json")
				_, _ = w.Write([]byte(`{}`))
			})
			c.call.Operation = &c.op
			_, err := tier.Call(t.Context(), &c.call)
			if fault.KindOf(err) != c.kind {
				t.Fatalf("got %v, want %q", err, c.kind)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	zip := func(b []byte) []byte {
		var buf bytes.Buffer
		z := gzip.NewWriter(&buf)
		_, _ = z.Write(b)
		_ = z.Close()
		return buf.Bytes()
	}
	bomb := zip(bytes.Repeat([]byte(" "), 10<<20))
	for _, c := range []struct {
		name string
		h    nethttp.HandlerFunc
		want string
		kind fault.Kind
	}{
		{"gzip", func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if r.Header.Get("Accept-Encoding") != "gzip" {
				w.WriteHeader(500)
			}
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zip([]byte(`{"a":1}`)))
		}, `{"a":1}`, ""},
		{"gzip bomb", func(w nethttp.ResponseWriter, r *nethttp.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb)
		}, "", fault.BadAnswer},
		{"gzip that is none", func(w nethttp.ResponseWriter, r *nethttp.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte(`{"a":1} and more than ten bytes`))
		}, "", fault.BadAnswer},
		{"another encoding", func(w nethttp.ResponseWriter, r *nethttp.Request) { w.Header().Set("Content-Encoding", "br") }, "", fault.BadAnswer},
		{"no content", func(w nethttp.ResponseWriter, r *nethttp.Request) { w.WriteHeader(204) }, "null", ""},
		{"redirect", func(w nethttp.ResponseWriter, r *nethttp.Request) { nethttp.Redirect(w, r, "/elsewhere", 302) }, "", fault.BadAnswer},
		{"a length that is too large", func(w nethttp.ResponseWriter, r *nethttp.Request) {
			w.Header().Set("Content-Length", "999999999")
			w.WriteHeader(200)
		}, "", fault.BadAnswer},
		{"asked too often", func(w nethttp.ResponseWriter, r *nethttp.Request) { w.WriteHeader(429) }, "", fault.Unavailable},
		{"an answer of unknown length", func(w nethttp.ResponseWriter, r *nethttp.Request) {
			for range 40 {
				_, _ = w.Write([]byte(strings.Repeat("1", 100)))
				w.(nethttp.Flusher).Flush()
			}
		}, strings.Repeat("1", 4000), ""},
		{"a connection that breaks off", func(w nethttp.ResponseWriter, r *nethttp.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("{"))
			w.(nethttp.Flusher).Flush()
			panic(nethttp.ErrAbortHandler)
		}, "", fault.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			op := &graph.Operation{ID: "films.x", HTTP: &graph.HTTP{Path: path("/x")}}
			tier := one(t, op, http.Settings{MaxBody: 100_000, Compression: true}, func(w nethttp.ResponseWriter, r *nethttp.Request) {
				w.Header().Set("Content-Type", "application/json")
				c.h(w, r)
			})
			for range 2 { // the second answer reuses a buffer
				a, err := tier.Call(t.Context(), &tiers.Call{Operation: op})
				if fault.KindOf(err) != c.kind {
					t.Fatalf("got %v, want %q", err, c.kind)
				}
				if large := c.name == "gzip bomb" || c.name == "a length that is too large"; large && !strings.Contains(err.Error(), "larger than 100000 bytes") {
					t.Errorf("got %v, want the limit in it", err)
				}
				if err != nil {
					continue
				}
				if got := string(a.Body); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
				if a.Release != nil {
					a.Release()
				}
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	src := &graph.Source{Name: "films", BaseURL: path("http://127.0.0.1:1")}
	op := &graph.Operation{ID: "films.x", Source: src, HTTP: &graph.HTTP{Path: path("/x")}}
	tier, err := http.New(src, []*graph.Operation{op}, http.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tier.Call(context.Background(), &tiers.Call{Operation: op}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

func TestWhatIsMissingIsListed(t *testing.T) {
	src := tiertest.Source()
	ops := operations(tiertest.Operations(src))
	ops[0].HTTP.Headers = append(slices.Clone(ops[0].HTTP.Headers), graph.Header{Name: "Connection", Value: path("close")},
		graph.Header{Name: "X-Who", Value: path(v(graph.VarRequest, "headers", "cookie"))}, graph.Header{Name: "X-Where", Value: path(v(graph.VarRequest, "headers", "accept-language"))})
	ops[2].HTTP.Path = path("/x/", v(graph.VarArgs, "nobody"), "/", v(graph.VarConfig, "a", "b"))
	_, err := http.New(src, ops, http.Settings{Env: env(map[string]string{"FILMS_SECRET": "s"})})
	want := "tier: films: films: $env.FILMS_URL is not set; films.Title: the header Connection belongs to the connection; " +
		"films.Title: $request.headers.cookie is not among the request headers that the source lists; " +
		"films.Query.list: $args.nobody is not among what the operation takes; films.Query.list: $config.a.b is not set"
	if err == nil {
		t.Fatal("got no error")
	}
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Error(d)
	}
}

func BenchmarkCall(b *testing.B) {
	row := `{"id":"jaws-1975","title":"Jaws","year":1975,"runtimeMinutes":124},`
	body := []byte(`{"titles":[` + strings.Repeat(row, 99) + strings.TrimSuffix(row, ",") + `]}`)
	src := tiertest.Source()
	op := tiertest.Operations(src)[tiertest.Titles]
	tier, err := http.New(src, []*graph.Operation{op}, http.Settings{Env: env(map[string]string{"FILMS_URL": "http://films", "FILMS_SECRET": "s"}),
		Transport: canned(body)})
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]json.RawMessage, 100)
	for i := range ids {
		ids[i] = json.RawMessage(`"jaws-1975"`)
	}
	c := &tiers.Call{Operation: op, Needs: [][]json.RawMessage{ids}, Args: raw(`"en"`), Context: raw(`"ada"`)}
	b.ReportAllocs()
	for b.Loop() {
		a, err := tier.Call(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		a.Release()
	}
}

// canned answers without a wire, so that the benchmark measures what the tier adds to net/http.
type canned []byte

func (c canned) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return &nethttp.Response{StatusCode: 200, Header: nethttp.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(c)),
		Body: io.NopCloser(bytes.NewReader(c))}, nil
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{"a", "..", "a/b", "%2e", "\x00", "é"} {
		f.Add(s)
	}
	var got string
	op := &graph.Operation{Args: []string{"id"}, HTTP: &graph.HTTP{Path: path("/t/", v(graph.VarArgs, "id"), "/x?q=", v(graph.VarArgs, "id"))}}
	op.Source = &graph.Source{Name: "films", BaseURL: path("http://films")}
	tier, err := http.New(op.Source, []*graph.Operation{op}, http.Settings{Transport: trip(func(r *nethttp.Request) { got = r.URL.RequestURI() })})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		arg, _ := json.Marshal(s)
		var want string
		_ = json.Unmarshal(arg, &want) // invalid UTF-8 is replaced
		got = ""
		if _, err := tier.Call(t.Context(), &tiers.Call{Operation: op, Args: raw(string(arg))}); fault.KindOf(err) == fault.NotFound && got == "" {
			return
		}
		req, err := nethttp.NewRequest("GET", "http://films"+got, nil)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(req.URL.EscapedPath(), "/")
		if len(parts) != 4 || req.URL.Path != "/t/"+want+"/x" || req.URL.Query().Get("q") != want {
			t.Errorf("%q became %s", s, got)
		}
	})
}

type trip func(*nethttp.Request)

func (f trip) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	f(r)
	return &nethttp.Response{StatusCode: 404, Status: "404", Body: nethttp.NoBody}, nil
}
