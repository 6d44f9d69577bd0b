package graphql_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/graphql"
)

func raw(s ...string) (list []json.RawMessage) {
	for _, v := range s {
		list = append(list, json.RawMessage(v))
	}
	return list
}

const reviews = `extend schema @source(name: "reviews", graphql: { url: "{$env.URL}/api", headers: [{ name: "X-Lang", from: "Accept-Language" }] })
type Query {
  critic(id: ID!, deep: Boolean): Critic @connect(source: "reviews", graphql: {
    query: "query One($id: ID!, $n: Int = 3, $deep: Boolean) { critic(id: $id) { name list(first: $n) { text } more(deep: $deep) { x } } }"
    variables: "id: $args.id deep: $args.deep" }, selection: "$.critic { name reviews: list { text } x: more.x }")
  any: Any @connect(source: "reviews", graphql: { query: "{ any { a yes } }" }, selection: "$.any { a yes }")
}
scalar JSON
type Any { a: JSON yes: Boolean }
type Critic { name: String reviews: [Review] x: Int }
type Review { text: String }
type Film @key(fields: "id") @connect(source: "reviews", graphql: { query: "query($ids: [ID!]!) { films(ids: $ids) { id score title } }", variables: "ids: $batch.id" }, selection: "$.films { id score title }") {
  id: ID!
  score: Float
  title: String
}
`

// upstream opens a tier before a handler.
func upstream(t testing.TB, h http.HandlerFunc) (tiers.Tier, map[string]*graph.Operation) {
	t.Helper()
	g, ds := graph.Parse("reviews.graphqls", []byte(reviews))
	if ds.Failed() {
		t.Fatal(ds)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	tier, err := graphql.New(g.Sources[0], g.Operations, graphql.Settings{Env: env(map[string]string{"URL": srv.URL})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tier.Close)
	ops := map[string]*graph.Operation{}
	for _, op := range g.Operations {
		ops[op.ID] = op
	}
	return tier, ops
}

func TestWhatIsSent(t *testing.T) {
	var got string
	var header http.Header
	tier, ops := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, header = r.Method+" "+r.URL.Path+" "+string(b), r.Header
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data":null}`))
	})
	critic, film := ops["reviews.Query.critic"], ops["reviews.Film"]
	for _, c := range []struct {
		name string
		call tiers.Call
		want string
	}{
		{"all", tiers.Call{Operation: critic, Args: raw(`"a\"b"`, `true`)},
			`{"query":"query One($id:ID!,$n:Int=3,$deep:Boolean){critic(id:$id){name list(first:$n){text} more(deep:$deep){x}}}","operationName":"One","variables":{"id":"a\"b","deep":true}}`},
		{"one field", tiers.Call{Operation: critic, Args: raw(`"a"`, `null`), Fields: []string{"name"}},
			`{"query":"query One($id:ID!){critic(id:$id){name}}","operationName":"One","variables":{"id":"a"}}`},
		{"below a list, with a default", tiers.Call{Operation: critic, Args: raw(`"a"`, `null`), Fields: []string{"reviews.text"}},
			`{"query":"query One($id:ID!,$n:Int=3){critic(id:$id){list(first:$n){text}}}","operationName":"One","variables":{"id":"a"}}`},
		{"an argument that is not given", tiers.Call{Operation: critic, Args: raw(`"a"`, ``), Fields: []string{"x"}},
			`{"query":"query One($id:ID!,$deep:Boolean){critic(id:$id){more(deep:$deep){x}}}","operationName":"One","variables":{"id":"a","deep":null}}`},
		{"a batch", tiers.Call{Operation: film, Needs: [][]json.RawMessage{raw(`"a"`, `7`)}, Fields: []string{"id", "score"}},
			`{"query":"query($ids:[ID!]!){films(ids:$ids){id score}}","variables":{"ids":["a",7]}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.call.Headers = http.Header{"Accept-Language": {"de"}, "Cookie": {"secret"}}
			flight := &tiers.Flight{}
			flight.Carry("traceparent", "00-1-2-01")
			for range 2 { // the second finds the query made
				a, err := tier.Call(tiers.WithFlight(t.Context(), flight), &c.call)
				if err != nil || string(a.Body) != "null" {
					t.Fatal(a, err)
				}
				a.Release()
				if d := cmp.Diff("POST /api "+c.want, got); d != "" {
					t.Error(d)
				}
			}
			for name, want := range map[string]string{"X-Lang": "de", "Cookie": "", "Traceparent": "00-1-2-01", "Content-Type": "application/json",
				"Accept": "application/graphql-response+json, application/json;q=0.9", "User-Agent": "facet-edge"} {
				if got := header.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	const modern = "application/graphql-response+json; charset=utf-8"
	one, batch := "reviews.Query.critic", "reviews.Film"
	for _, c := range []struct {
		name, op, mediaType string
		status              int
		body, want          string
		kind                fault.Kind
	}{
		{"data", one, modern, 200, `{"data":{"critic":{"name":"x"}}}`, `{"critic":{"name":"x"}}`, ""},
		{"data as JSON of old, with more", one, "application/json", 200, ` { "extensions" : { "a" : [ 1 , "]}" ] } , "data" : {"critic":null} , "errors" : null } `, `{"critic":null}`, ""},
		{"null", one, modern, 200, `{"data":null}`, `null`, ""},
		{"an error for all that is asked", one, modern, 200, `{"errors":[{"message":"secret","path":["critic"]}],"data":{"critic":null}}`, "", fault.Unavailable},
		{"an error that says no place", one, modern, 200, `{"errors":[{"message":"secret"}],"data":{"critic":{"name":"x"}}}`, "", fault.Unavailable},
		{"an error for a leaf", one, modern, 200, `{"errors":[{"message":"secret","path":["critic","name"]}],"data":{"critic":{"name":null,"list":[]}}}`, `{"critic":{"list":[],"name":true}}`, ""},
		{"errors in a list and before a leaf", one, modern, 200,
			`{"errors":[{"message":"a","path":["critic","list",1,"text"]},{"message":"a","path":["critic","list",0]},{"message":"b","path":["critic","more"]}],"data":{"critic":{"name":"x","list":[null,{"text":null},{"text":"t"}],"more":null}}}`,
			`{"critic":{"list":[{"text":true},{"text":true},{"text":"t"}],"more":{"x":true},"name":"x"}}`, ""},
		{"an error whose null went up", one, modern, 200, `{"errors":[{"message":"a","path":["critic","list",0,"text"]}],"data":{"critic":{"list":null}}}`, `{"critic":{"list":{"text":true}}}`, ""},
		{"an error for what takes any value", "reviews.Query.any", modern, 200, `{"errors":[{"message":"a","path":["any","a"]}],"data":{"any":{"a":null}}}`, "", fault.Unavailable},
		{"an error for a boolean", "reviews.Query.any", modern, 200, `{"errors":[{"message":"a","path":["any","yes"]}],"data":{"any":{"a":1,"yes":null}}}`, `{"any":{"a":1,"yes":0}}`, ""},
		{"an error with one of our codes", one, modern, 200, `{"errors":[{"message":"secret","extensions":{"code":"forbidden"}}],"data":{"critic":null}}`, "", fault.Forbidden},
		{"a usual code", one, modern, 200, `{"errors":[{"message":"secret","extensions":{"code":"UNAUTHENTICATED"}}],"data":null}`, "", fault.Unauthorized},
		{"the worst of several", one, modern, 200, `{"errors":[{"message":"a","extensions":{"code":"FORBIDDEN"}},{"message":"b"}],"data":null}`, "", fault.Unavailable},
		{"no data", one, modern, 200, `{"errors":[{"message":"Cannot query field"}]}`, "", fault.BadAnswer},
		{"a document that is refused, by status", one, modern, 400, `{"errors":[{"message":"Cannot query field"}]}`, "", fault.BadAnswer},
		{"a failure by status, with a code", one, modern, 401, `{"errors":[{"message":"who","extensions":{"code":"UNAUTHENTICATED"}}]}`, "", fault.Unauthorized},
		{"a failure by status, without a code", one, modern, 429, `{"errors":[{"message":"slow down"}]}`, "", fault.Unavailable},
		{"a failure by status, without errors", one, modern, 503, `{"data":{"critic":null}}`, "", fault.Unavailable},
		{"a failure of a proxy", one, "text/html", 502, `<html>`, "", fault.Unavailable},
		{"a failure with JSON of old", one, "application/json", 403, `{"errors":[{"message":"x"}]}`, "", fault.Forbidden},
		{"what does not exist", one, modern, 200, `{"errors":[{"message":"no","path":["critic"],"extensions":{"code":"NOT_FOUND"}}],"data":{"critic":null}}`, "", fault.NotFound},
		{"below, what does not exist is null", one, modern, 200, `{"errors":[{"message":"no","path":["critic","more"],"extensions":{"code":"NOT_FOUND"}}],"data":{"critic":{"more":null}}}`, `{"critic":{"more":null}}`, ""},
		{"a row that does not exist", batch, modern, 200, `{"errors":[{"message":"no","path":["films",1],"extensions":{"code":"NOT_FOUND"}}],"data":{"films":[{"id":"a"},null]}}`, `{"films":[{"id":"a"},null]}`, ""},
		{"a row that failed", batch, modern, 200, `{"errors":[{"message":"no","path":["films",1]},{"message":"no","extensions":{"code":"NOT_FOUND"}}],"data":{"films":[{"id":"a","score":1},null]}}`,
			`{"films":[{"id":"a","score":1},{"id":"b","score":true,"title":true}]}`, ""},
		{"a row of which a leaf failed", batch, modern, 200, `{"errors":[{"message":"no","path":["films",0,"title"]}],"data":{"films":[{"id":"a","title":null}]}}`, `{"films":[{"id":"a","title":true}]}`, ""},
		{"the first row failed", batch, modern, 200, `{"errors":[{"message":"no","path":["films",0]}],"data":{"films":[null,{"id":"b","score":1}]}}`,
			`{"films":[{"id":"a","score":true,"title":true},{"id":"b","score":1}]}`, ""},
		{"rows of another order, one failed", batch, modern, 200, `{"errors":[{"message":"no","path":["films",1]}],"data":{"films":[{"id":"b","score":1},null]}}`,
			`{"films":[{"id":"b","score":1},{"id":"a","score":true,"title":true}]}`, ""},
		{"all rows failed", batch, modern, 200, `{"errors":[{"message":"no","path":["films",0]}],"data":{"films":null}}`, "", fault.Unavailable},
		{"neither", one, modern, 200, `{}`, "", fault.BadAnswer},
		{"empty errors", one, modern, 200, `{"errors":[],"data":{}}`, "", fault.BadAnswer},
		{"errors that are none", one, modern, 200, `{"errors":"x","data":{}}`, "", fault.BadAnswer},
		{"a list", one, modern, 200, `[{"data":{}}]`, "", fault.BadAnswer},
		{"cut off", one, modern, 200, `{"data":{"critic":`, "", fault.BadAnswer},
		{"more behind it", one, modern, 200, `{"data":{}} x`, "", fault.BadAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			tier, ops := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", c.mediaType)
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			a, err := tier.Call(t.Context(), &tiers.Call{Operation: ops[c.op], Needs: [][]json.RawMessage{raw(`"a"`, `"b"`)}, Args: raw(`"a"`, `null`)})
			if fault.KindOf(err) != c.kind || strings.Contains(fault.Public(err), "secret") {
				t.Fatalf("got %v, want %q", err, c.kind)
			}
			if err == nil && string(a.Body) != c.want {
				t.Errorf("got %s, want %s", a.Body, c.want)
			}
		})
	}
}

func TestWhatIsMissingIsListed(t *testing.T) {
	g, ds := graph.Parse("g", []byte(`extend schema @source(name: "s", graphql: { url: "{$env.URL}", headers: [{ name: "Host", value: "x" }, { name: "Te", value: "x" }] })
type Query { a: Int @connect(source: "s", graphql: { query: "query($k: Int, $l: Int) { a(k: $k, l: $l) }", variables: "k: $config.k l: $env.L" }, selection: "$.a") }`))
	if ds.Failed() {
		t.Fatal(ds)
	}
	_, err := graphql.New(g.Sources[0], g.Operations, graphql.Settings{})
	want := "tier: s: s: $env.URL is not set; s.Query.a: the header Te belongs to the connection; s.Query.a: $config.k is not set; s.Query.a: $env.L is not set"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func BenchmarkCall(b *testing.B) {
	row := `{"id":"jaws-1975","score":8.1,"title":"Jaws, or the film with the long name"},`
	body := []byte(`{"data":{"films":[` + strings.Repeat(row, 399) + strings.TrimSuffix(row, ",") + `]}}`)
	tier, ops := upstream(b, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/graphql-response+json")
		_, _ = w.Write(body)
	})
	ids := make([]json.RawMessage, 400)
	for i := range ids {
		ids[i] = json.RawMessage(`"jaws-1975"`)
	}
	c := &tiers.Call{Operation: ops["reviews.Film"], Needs: [][]json.RawMessage{ids}, Fields: []string{"id", "score", "title"}}
	b.ReportAllocs()
	for b.Loop() {
		a, err := tier.Call(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		a.Release()
	}
}
