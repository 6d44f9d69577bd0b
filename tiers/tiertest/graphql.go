package tiertest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/graph-gophers/graphql-go"

	"facet/fault"
	"facet/graph"
)

// Schema is the world as a GraphQL server.
const Schema = `
scalar JSON
type Query {
  titles(ids: [ID!]!, lang: String): [NamedTitle]!
  title(id: ID!, lang: String, tags: [String!]): FullTitle
  list(offset: Int!, limit: Int!): Numbers!
  walk(after: ID, limit: Int!): Numbers!
}
type Mutation { rate(id: ID!, stars: Int!): Rated! }
type NamedTitle { id: String! title: String! lang: String }
type FullTitle { id: String! lang: String tags: [String!] headers: JSON! stars: Int padding: String! }
type Numbers { items: [Int!]! total: Int! next: Int }
type Rated { again: Boolean! }
`

// GraphQL are the world's operations over a GraphQL source, and the keys below which they answer. Its address is $env.FILMS_URL.
func GraphQL() (*graph.Source, map[string]*graph.Operation, map[string]string) {
	below := map[string]string{Title: "title", List: "list", Walk: "walk", Rate: "rate"}
	call := func(query, variables, rest string) string {
		return `graphql: { query: "` + query + `", variables: "` + variables + `"` + rest + ` }`
	}
	s, ops := parsed(`graphql: { url: "{$env.FILMS_URL}/graphql", headers: [{ name: "X-Locale", from: "Accept-Language" },
		{ name: "X-Secret", value: "{$env.FILMS_SECRET}" }, { name: "X-Viewer", value: "v:{$context.viewer.id}" }] }`, map[string]string{
		Titles: call("query Titles($ids: [ID!]!, $lang: String) { titles(ids: $ids, lang: $lang) { id title lang } }", "ids: $batch.id lang: $args.lang", ""),
		Title: call("query($id: ID!, $lang: String, $tags: [String!]) { title(id: $id, lang: $lang, tags: $tags) { ...Full } } fragment Full on FullTitle { id lang tags headers stars padding }",
			"id: $args.id lang: $args.lang tags: $args.tags", `, headers: [{ name: "X-Trace", from: "X-Trace" }]`),
		List: call("query($from: Int!, $n: Int!) { list(offset: $from, limit: $n) { items total } }", "from: $page.offset n: $page.limit", ""),
		Walk: call("query($after: ID, $n: Int!) { walk(after: $after, limit: $n) { items next } }", "after: $page.after n: $page.limit", ""),
		Rate: call("mutation($id: ID!, $stars: Int!) { rate(id: $id, stars: $stars) { again } }", "id: $args.id stars: $args.stars", `, idempotencyHeader: "Idempotency-Key"`),
	}, below)
	return s, ops, below
}

// GraphQLServer serves a World as a GraphQL server. The Handler's failures are its own too.
func (h *Handler) GraphQLServer() http.Handler {
	schema := graphql.MustParseSchema(Schema, &root{h})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Query         string         `json:"query"`
			OperationName string         `json:"operationName"`
			Variables     map[string]any `json:"variables"`
		}
		if json.NewDecoder(r.Body).Decode(&body) != nil || r.Method != "POST" || r.URL.Path != "/graphql" || r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "no GraphQL request", http.StatusBadRequest)
			return
		}
		for _, id := range []string{Titles, Title, List, Walk, Rate} {
			_, name, _ := strings.Cut(strings.ToLower(id), ".")
			_, name, _ = strings.Cut(name, ".")
			if id == Titles {
				name = "titles"
			}
			if kind, _ := h.mood(id); kind == fault.BadAnswer && strings.Contains(body.Query, name+"(") {
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write([]byte("<html>not json</html>"))
				return
			}
		}
		for name, v := range body.Variables {
			if f, ok := v.(float64); ok { // the library takes no float for an ID
				body.Variables[name] = int32(f)
			}
		}
		ctx := context.WithValue(r.Context(), headersKey{}, r.Header)
		w.Header().Set("Content-Type", "application/graphql-response+json; charset=utf-8")
		_ = json.NewEncoder(w).Encode(schema.Exec(ctx, body.Query, body.OperationName, body.Variables))
	})
}

type headersKey struct{}

// root resolves the fields of the roots.
type root struct{ h *Handler }

// A refusal is an error with a code.
type refusal struct{ kind fault.Kind }

func (e refusal) Error() string { return "secret text of the tier" }

func (e refusal) Extensions() map[string]any {
	return map[string]any{"code": strings.ToUpper(string(e.kind))}
}

// ask answers an operation into v.
func (r *root) ask(ctx context.Context, in Input, v any) error {
	header, _ := ctx.Value(headersKey{}).(http.Header)
	in.Headers = map[string]string{}
	for name := range header {
		in.Headers[name] = header.Get(name)
	}
	in.Idempotency = header.Get("Idempotency-Key")
	kind, slow := r.h.mood(in.Operation)
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	switch kind {
	case "", fault.BadAnswer:
	case fault.TooLarge:
		t := v.(*fullTitle)
		t.Padding, t.Headers = strings.Repeat("x", 2*Large), JSON{map[string]any{}}
		return nil
	default:
		return refusal{kind}
	}
	answer := r.h.World.Answer(in)
	if answer == nil {
		return refusal{fault.NotFound}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// JSON is any value of JSON.
type JSON struct{ value any }

// ImplementsGraphQLType says which scalar it is.
func (JSON) ImplementsGraphQLType(name string) bool { return name == "JSON" }

// UnmarshalGraphQL takes any value.
func (j *JSON) UnmarshalGraphQL(v any) error { j.value = v; return nil }

// MarshalJSON writes the value.
func (j JSON) MarshalJSON() ([]byte, error) { return json.Marshal(j.value) }

// UnmarshalJSON reads the value.
func (j *JSON) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &j.value) }

type namedTitle struct {
	ID, Title string
	Lang      *string
}

type fullTitle struct {
	ID, Padding string
	Lang        *string
	Tags        *[]string
	Headers     JSON
	Stars       *int32
}

type numbers struct {
	Items []int32
	Total int32
	Next  *int32
}

type rated struct{ Again bool }

type named struct{ *namedTitle }

func (n named) ID() string    { return n.namedTitle.ID }
func (n named) Title() string { return n.namedTitle.Title }
func (n named) Lang() *string { return n.namedTitle.Lang }

type full struct{ *fullTitle }

func (f full) ID() string      { return f.fullTitle.ID }
func (f full) Lang() *string   { return f.fullTitle.Lang }
func (f full) Tags() *[]string { return f.fullTitle.Tags }
func (f full) Headers() JSON   { return f.fullTitle.Headers }
func (f full) Stars() *int32   { return f.fullTitle.Stars }
func (f full) Padding() string { return f.fullTitle.Padding }

type pageOf struct{ *numbers }

func (p pageOf) Items() []int32 { return p.numbers.Items }
func (p pageOf) Total() int32   { return p.numbers.Total }
func (p pageOf) Next() *int32   { return p.numbers.Next }

type outcome struct{ *rated }

func (o outcome) Again() bool { return o.rated.Again }

// Titles answers a batch.
func (r *root) Titles(ctx context.Context, args struct {
	IDs  []graphql.ID
	Lang *string
}) ([]*named, error) {
	in := Input{Operation: Titles, Args: map[string]any{"lang": args.Lang}}
	for _, id := range args.IDs {
		in.Keys = append(in.Keys, string(id))
	}
	var v struct{ Titles []*namedTitle }
	if err := r.ask(ctx, in, &v); err != nil {
		return nil, err
	}
	list := []*named{}
	for _, t := range v.Titles {
		list = append(list, &named{t})
	}
	return list, nil
}

// Title answers one.
func (r *root) Title(ctx context.Context, args struct {
	ID   graphql.ID
	Lang *string
	Tags *[]string
}) (*full, error) {
	in := Input{Operation: Title, Args: map[string]any{"id": string(args.ID), "lang": args.Lang, "tags": args.Tags}}
	v := &fullTitle{}
	if err := r.ask(ctx, in, v); err != nil {
		return nil, err
	}
	return &full{v}, nil
}

// List answers a page by offset.
func (r *root) List(ctx context.Context, args struct{ Offset, Limit int32 }) (*pageOf, error) {
	v := &numbers{}
	return &pageOf{v}, r.ask(ctx, Input{Operation: List, Offset: int(args.Offset), Limit: int(args.Limit)}, v)
}

// Walk answers a page by what came before.
func (r *root) Walk(ctx context.Context, args struct {
	After *graphql.ID
	Limit int32
}) (*pageOf, error) {
	in, v := Input{Operation: Walk, Limit: int(args.Limit)}, &numbers{}
	if args.After != nil {
		in.After = string(*args.After)
	}
	return &pageOf{v}, r.ask(ctx, in, v)
}

// Rate writes.
func (r *root) Rate(ctx context.Context, args struct {
	ID    graphql.ID
	Stars int32
}) (*outcome, error) {
	v := &rated{}
	return &outcome{v}, r.ask(ctx, Input{Operation: Rate, Args: map[string]any{"id": string(args.ID), "stars": args.Stars}}, v)
}
