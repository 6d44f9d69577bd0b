// Package tiertest is the conformance suite of tiers: every kind answers the same calls over the same small world.
package tiertest

import (
	"sync"

	"facet/fault"
	"facet/graph"
)

// The operations of the suite's world.
const (
	Titles = "films.Title"         // a batch by id, under an argument
	Title  = "films.Query.title"   // one by id; it answers what it was asked with
	List   = "films.Query.list"    // a list of numbers paged by offset and limit
	Walk   = "films.Query.walk"    // the same, paged by after and limit
	Rate   = "films.Mutation.rate" // writes what Title then answers as "stars"
)

// Total is the length of the lists.
const Total = 25

// An Input is an operation's input as the backend sees it.
type Input struct {
	Operation     string
	Keys          []string
	Args          map[string]any // JSON values; absent: null
	Offset, Limit int
	After         string
	Headers       map[string]string // by canonical name
	Idempotency   string
}

// A World answers the operations. It is what stands behind every tier of the suite.
type World struct {
	mu    sync.Mutex
	stars map[string]any
	rated map[string]bool // idempotency keys
}

// Answer gives the JSON value that an operation answers; nil: there is no such thing.
func (w *World) Answer(in Input) any {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch in.Operation {
	case Titles:
		rows := []any{}
		for _, k := range in.Keys {
			if k != "missing" {
				rows = append(rows, map[string]any{"id": k, "title": "title of " + k, "lang": in.Args["lang"]})
			}
		}
		return map[string]any{"titles": rows}
	case Title:
		id, _ := in.Args["id"].(string)
		if id == "missing" || id == "" || id == "." || id == ".." {
			return nil
		}
		return map[string]any{"id": id, "lang": in.Args["lang"], "tags": in.Args["tags"], "headers": in.Headers, "stars": w.stars[id]}
	case List:
		return page(in.Offset, in.Limit)
	case Walk:
		from := 0
		for _, c := range in.After {
			from = from*10 + int(c-'0')
		}
		return page(from, in.Limit)
	case Rate:
		id, _ := in.Args["id"].(string)
		if w.stars == nil {
			w.stars, w.rated = map[string]any{}, map[string]bool{}
		}
		w.stars[id] = in.Args["stars"]
		again := in.Idempotency != "" && w.rated[in.Idempotency]
		w.rated[in.Idempotency] = true
		return map[string]any{"again": again}
	}
	return nil
}

func page(from, limit int) any {
	items := []any{}
	end := min(from+limit, Total)
	for i := from; i < end; i++ {
		items = append(items, i)
	}
	p := map[string]any{"items": items, "total": Total}
	if end < Total {
		p["next"] = end
	}
	return p
}

// Kinds are the failures that a backend can show to its tier.
var Kinds = []fault.Kind{fault.NotFound, fault.Unavailable, fault.BadAnswer, fault.TooLarge, fault.Invalid, fault.Unauthorized, fault.Forbidden,
	fault.Conflict, fault.Limit}

// Reported is the kind that a tier reports when its backend shows k: an answer that is too large, or "too many requests", is
// no error of the device's, which TooLarge and Limit would say.
func Reported(k fault.Kind) fault.Kind {
	switch k {
	case fault.TooLarge:
		return fault.BadAnswer
	case fault.Limit:
		return fault.Unavailable
	}
	return k
}

// Source is the source of the world's operations. Its address is $env.FILMS_URL.
func Source() *graph.Source {
	return &graph.Source{Name: "films", Kind: "http", BaseURL: template(expr(graph.VarEnv, "FILMS_URL"), "/base/"), Headers: []graph.Header{
		{Name: "X-Locale", From: "Accept-Language"},
		{Name: "X-Secret", Value: template(expr(graph.VarEnv, "FILMS_SECRET"))},
		{Name: "X-Viewer", Value: template("v:", expr(graph.VarContext, "viewer", "id"))},
	}}
}

// Operations are the world's operations over a source, by id.
func Operations(s *graph.Source) map[string]*graph.Operation {
	viewer := []string{"viewer.id"}
	total, next := &graph.Path{Steps: []string{"total"}}, &graph.Path{Steps: []string{"next"}}
	ops := []*graph.Operation{
		{ID: Titles, Batch: true, Needs: []string{"id"}, Args: []string{"lang"}, HTTP: &graph.HTTP{Method: "POST", Path: template("/titles:batchGet"),
			Body: object("ids", of(graph.VarBatch, "id"), "lang", of(graph.VarArgs, "lang"))}},
		{ID: Title, Args: []string{"id", "lang", "tags"}, HTTP: &graph.HTTP{Method: "GET", Headers: []graph.Header{{Name: "X-Trace", From: "X-Trace"}},
			Path: template("/titles/", expr(graph.VarArgs, "id"), "/full?lang=", expr(graph.VarArgs, "lang"), "&tag=", expr(graph.VarArgs, "tags"))}},
		{ID: List, Page: &graph.Page{Offset: true, Limit: true, Total: total},
			HTTP: &graph.HTTP{Method: "GET", Path: template("/list?offset=", expr(graph.VarPage, "offset"), "&limit=", expr(graph.VarPage, "limit"))}},
		{ID: Walk, Page: &graph.Page{After: true, Limit: true, Next: next},
			HTTP: &graph.HTTP{Method: "GET", Path: template("/walk?after=", expr(graph.VarPage, "after"), "&limit=", expr(graph.VarPage, "limit"))}},
		{ID: Rate, Mutation: true, Args: []string{"id", "stars"}, HTTP: &graph.HTTP{Method: "PUT", IdempotencyHeader: "Idempotency-Key",
			Path: template("/titles/", expr(graph.VarArgs, "id"), "/rating"), Body: object("stars", of(graph.VarArgs, "stars"))}},
	}
	byID := map[string]*graph.Operation{}
	for i, op := range ops {
		op.Index, op.Source, op.Context = i, s, viewer
		byID[op.ID] = op
	}
	return byID
}

func template(parts ...any) *graph.Template {
	t := &graph.Template{}
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			t.Parts = append(t.Parts, graph.TemplatePart{Text: p})
		case *graph.Expr:
			t.Parts = append(t.Parts, graph.TemplatePart{Expr: p})
		}
	}
	return t
}

func expr(v graph.Var, path ...string) *graph.Expr { return &graph.Expr{Var: v, Path: path} }

func of(v graph.Var, path ...string) *graph.Selection {
	return &graph.Selection{Expr: expr(v, path...)}
}

func object(pairs ...any) *graph.Selection {
	s := &graph.Selection{}
	for i := 0; i < len(pairs); i += 2 {
		s.Items = append(s.Items, &graph.SelectionItem{Field: pairs[i].(string), Value: pairs[i+1].(*graph.Selection)})
	}
	return s
}
