package subgraphs

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/loadtest/contest"
)

func TestSubgraphsAnswerGateways(t *testing.T) {
	tiers := map[string]http.Handler{}
	for _, tier := range contest.Tiers(0) {
		tiers[tier.Env] = tier.Handler
	}
	servers := map[string]http.Handler{}
	for _, s := range All() {
		h, err := s.Handler(tiers)
		if err != nil {
			t.Fatal(err)
		}
		servers[s.Name] = h
	}
	const two = `{"keys":[{"__typename":"Title","id":"title-0000"},{"__typename":"Title","id":"title-0007"}]}`
	for _, c := range []struct{ name, subgraph, query, variables, want string }{
		{"a root field with an alias", "profiles", `query($id:ID!){me:profile(id:$id){__typename name recentSearches(first:1)}}`, `{"id":"p1"}`, `{"data":{"me":{"__typename":"Profile","name":"Ada","recentSearches":["western"]}}}`},
		{"an entity nobody knows", "profiles", `{profile(id:"p9"){name}}`, ``, `{"data":{"profile":null}}`},
		{"lists of references", "rows", `query($keys:[_Any!]!){_entities(representations:$keys){... on Profile{rows{name items(first:1){id}}}}}`, `{"keys":[{"__typename":"Profile","id":"p1"}]}`, ``},
		{"entities", "catalog", `query($keys:[_Any!]!){_entities(representations:$keys){__typename ...on Title{...F year}}} fragment F on Title{id title}`, two,
			`{"data":{"_entities":[{"__typename":"Title","id":"title-0000","title":"The Long Way Home, Part 0","year":1950},{"__typename":"Title","id":"title-0007","title":"The Long Way Home, Part 7","year":1957}]}}`},
		{"a name of the graph's own", "artwork", `query($keys:[_Any!]!){_entities(representations:$keys){...on Title{art}}}`, two,
			`{"data":{"_entities":[{"art":"https://images.example.com/art/title-0000/342x192.webp"},{"art":"https://images.example.com/art/title-0007/342x192.webp"}]}}`},
		{"what a tier has not", "bookmarks", `query($keys:[_Any!]!){_entities(representations:$keys){...on Title{at}}}`, two, `{"data":{"_entities":[{"at":null},{"at":91}]}}`},
		{"no such field", "bookmarks", `query($keys:[_Any!]!){_entities(representations:$keys){...on Title{nope}}}`, two, `{"errors":[{"message":"there is no Title.nope"}]}`},
		{"no document", "bookmarks", `{`, ``, `{"errors":[{"message":"input:1:2: Expected Name, found \u003cEOF\u003e"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := map[string]any{"query": c.query}
			if c.variables != "" {
				in["variables"] = json.RawMessage(c.variables)
			}
			body, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second from what was kept
				w := httptest.NewRecorder()
				servers[c.subgraph].ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body)))
				if c.want == "" {
					var got struct {
						Data struct {
							Entities []struct {
								Rows []struct {
									Items []struct{ ID string }
								}
							} `json:"_entities"`
						}
					}
					if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Data.Entities) != 1 || len(got.Data.Entities[0].Rows) != contest.Rows || len(got.Data.Entities[0].Rows[3].Items) != 1 {
						t.Errorf("%v %.300s", err, w.Body)
					}
				} else if d := cmp.Diff(c.want, w.Body.String()); d != "" {
					t.Error(d)
				}
			}
		})
	}
}
