// Package subgraphs serves the rows of the contest's five tiers as five federation subgraphs, for gateways that can ask nothing else.
package subgraphs

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

//go:embed *.graphqls
var sdl embed.FS

// A Subgraph is one tier to a gateway.
type Subgraph struct {
	Name string // "catalog"
	Env  string // the variable that its address is announced by
	SDL  string

	tables func(ask) (map[string]table, error)
}

// A row is an object of the graph by field; lists of values and of objects are []any.
type row = map[string]any

// A table has the rows of a type, by id.
type table struct {
	rows   map[string]row
	absent func(id string) row // the row of an id that the tier has nothing for; nil: there is none
}

// All are the five.
func All() []Subgraph {
	subgraph := func(name, env string, tables func(ask) (map[string]table, error)) Subgraph {
		b, err := sdl.ReadFile(name + ".graphqls")
		if err != nil {
			panic(err) // it is embedded
		}
		return Subgraph{name, env, string(b), tables}
	}
	return []Subgraph{
		subgraph("profiles", "SUBGRAPH_PROFILES_URL", profiles),
		subgraph("rows", "SUBGRAPH_ROWS_URL", rows),
		subgraph("catalog", "SUBGRAPH_CATALOG_URL", titles("CATALOG_URL", "/titles:batchGet", "titles", nil, nil)),
		subgraph("artwork", "SUBGRAPH_ARTWORK_URL", titles("ARTWORK_URL", "/artwork:batchGet", "artwork", map[string]string{"url": "art"}, nil)),
		subgraph("bookmarks", "SUBGRAPH_BOOKMARKS_URL", titles("BOOKMARKS_URL", "/bookmarks:batchGet", "bookmarks", map[string]string{"positionSeconds": "at"},
			func(id string) row { return row{"__typename": "Title", "id": id, "at": nil} })),
	}
}

// who is whose page it is.
const who = "p1"

// An ask gets what a tier answers: GET without a body, else POST.
type ask func(tier, path string, body, into any) error

// Handler answers as the subgraph, with the rows that the tiers have now; tiers are by their variable.
func (s Subgraph) Handler(tiers map[string]http.Handler) (http.Handler, error) {
	tables, err := s.tables(func(tier, path string, body, into any) error {
		h := tiers[tier]
		if h == nil {
			return fmt.Errorf("there is no tier %s", tier)
		}
		method, b := http.MethodGet, []byte(nil)
		if body != nil {
			var err error
			if b, err = json.Marshal(body); err != nil {
				return err
			}
			method = http.MethodPost
		}
		r, err := http.NewRequest(method, path, bytes.NewReader(b))
		if err != nil {
			return err
		}
		var got answer
		h.ServeHTTP(&got, r)
		if got.status > http.StatusOK {
			return fmt.Errorf("%s%s: status %d", tier, path, got.status)
		}
		return json.Unmarshal(got.body.Bytes(), into)
	})
	if err != nil {
		return nil, fmt.Errorf("subgraph %s: %w", s.Name, err)
	}
	return &server{tables: tables, sdl: s.SDL}, nil
}

// An answer keeps what a handler writes.
type answer struct {
	header http.Header
	body   bytes.Buffer
	status int
}

func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
func (a *answer) WriteHeader(status int)      { a.status = status }

func profiles(get ask) (map[string]table, error) {
	p := row{}
	if err := get("PROFILES_URL", "/profiles/"+who, nil, &p); err != nil {
		return nil, err
	}
	p["__typename"] = "Profile"
	return map[string]table{"Profile": {rows: map[string]row{who: p}}}, nil
}

func rows(get ask) (map[string]table, error) {
	var all struct {
		Rows []row `json:"rows"`
	}
	if err := get("ROWS_URL", "/profiles/"+who+"/rows", nil, &all); err != nil {
		return nil, err
	}
	list := make([]any, len(all.Rows))
	for i, r := range all.Rows {
		r["__typename"] = "Row"
		items, ok := r["items"].([]any)
		if !ok {
			return nil, fmt.Errorf("row %d has no items", i)
		}
		for _, item := range items {
			if title, ok := item.(row); ok {
				title["__typename"] = "Title"
			}
		}
		list[i] = r
	}
	return map[string]table{"Profile": {rows: map[string]row{who: {"__typename": "Profile", "id": who, "rows": list}}}}, nil
}

// titles are what a tier has for each title that stands in a row; names are those fields that are called otherwise in the graph.
func titles(tier, path, list string, names map[string]string, absent func(string) row) func(ask) (map[string]table, error) {
	return func(get ask) (map[string]table, error) {
		var shelves struct {
			Rows []struct {
				Items []struct {
					ID string `json:"id"`
				} `json:"items"`
			} `json:"rows"`
		}
		if err := get("ROWS_URL", "/profiles/"+who+"/rows", nil, &shelves); err != nil {
			return nil, err
		}
		var ids []string
		for _, r := range shelves.Rows {
			for _, item := range r.Items {
				ids = append(ids, item.ID)
			}
		}
		slices.Sort(ids)
		var found map[string][]row
		if err := get(tier, path, map[string]any{"ids": slices.Compact(ids)}, &found); err != nil {
			return nil, err
		}
		t := table{rows: map[string]row{}, absent: absent}
		for _, r := range found[list] {
			for from, to := range names {
				r[to] = r[from]
			}
			r["__typename"] = "Title"
			id, ok := r["id"].(string)
			if !ok {
				return nil, fmt.Errorf("%s%s answers a row without an id", tier, path)
			}
			t.rows[id] = r
		}
		return map[string]table{"Title": t}, nil
	}
}
