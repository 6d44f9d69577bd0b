package graphql

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"weak"

	gqlgen "github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"facet/composer"
	"facet/fault"
	"facet/serve"
	"facet/view"
)

// An engine is what this protocol keeps beside one composer.Answerer, for as long as that lives: gqlgen's server over our
// schema, and the validated documents. It is the graphql.ExecutableSchema too.
type engine struct {
	h       *Handler
	surface *view.Surface
	kept    *composer.Kept // the documents that are valid, by their digests
	server  *handler.Server
	docs    *serve.Recent[*document] // by text
	spelled *serve.Recent[*document] // by text as JSON spells it, of those with escapes
	brought brought
	small   func() *ast.Schema
	typed   atomic.Bool // some document has variables of the schema's own types

	mu   sync.Mutex
	full weak.Pointer[ast.Schema]
}

// attachedKey is the engine's place in an Answerer's Attached, by handler: two handlers may have two sets of limits.
type attachedKey struct{ h *Handler }

func (h *Handler) engine(a composer.Answerer) *engine {
	return a.Attached().Get(attachedKey{h}, func() any {
		e := h.newEngine(a.Surface())
		e.kept = a.Attached().Kept()
		return e
	}).(*engine)
}

func (h *Handler) newEngine(s *view.Surface) *engine {
	e := &engine{h: h, surface: s, kept: &composer.Kept{}, docs: serve.NewRecent[*document](h.limits.Documents), spelled: serve.NewRecent[*document](h.limits.Documents / 2), brought: bring(s)}
	e.small = sync.OnceValue(func() *ast.Schema { return inputs(s) })
	e.server = handler.New(e)
	e.server.SetQueryCache(gated{})
	e.server.Use(gate{e})
	e.server.AddTransport(transport{e})
	return e
}

// scalars are GraphQL's own, the same for every engine.
var scalars = sync.OnceValue(func() map[string]*ast.Definition {
	types := map[string]*ast.Definition{}
	for _, name := range []string{"Int", "Float", "String", "Boolean", "ID"} {
		types[name] = &ast.Definition{Kind: ast.Scalar, Name: name, BuiltIn: true}
	}
	return types
})

// inputs is a schema of what variables can be and of nothing else: no introspection, no directives, no Query.
func inputs(s *view.Surface) *ast.Schema {
	types := scalars()
	doc, err := parser.ParseSchema(&ast.Source{Name: "inputs", Input: s.InputSDL()})
	if err != nil { // the same text loads as a part of the whole schema
		panic(err)
	}
	if len(doc.Definitions) > 1 { // Query is one
		types = maps.Clone(types)
		for _, d := range doc.Definitions {
			types[d.Name] = d
		}
	}
	return &ast.Schema{Types: types}
}

// Schema is the schema of input types: what the executor needs for the variables of documents that the gate has validated. Most have none
// but of GraphQL's own types.
func (e *engine) Schema() *ast.Schema {
	if e.typed.Load() {
		return e.small()
	}
	return onlyScalars()
}

// onlyScalars is a schema of GraphQL's own scalars.
var onlyScalars = sync.OnceValue(func() *ast.Schema { return &ast.Schema{Types: scalars()} })

// Complexity is not measured: the limits bound a document before.
func (e *engine) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// whole is the full schema. It is built for a document that was not seen before and for introspection, and kept only while
// somebody uses it: it costs 64 KB and more, and an instance has thousands of engines.
func (e *engine) whole() (*ast.Schema, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.full.Value(); s != nil {
		return s, nil
	}
	s, err := loadSchema(e.surface.SDL())
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "graphql.schema", e.surface.Device+" "+e.surface.Schema, err)
	}
	e.full = weak.Make(s)
	return s, nil
}

// gated is the executor's query cache: the gate has put the document beside the request already.
type gated struct{}

func (gated) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	if c := asked(ctx); c != nil && c.doc != nil {
		return c.doc.ast, true
	}
	return nil, false
}

func (gated) Add(context.Context, string, *ast.QueryDocument) {}

// A call is one request on its way through gqlgen.
type call struct {
	answerer composer.Answerer
	route    routeName
	reply    *reply
	body     []byte           // of a POST, read
	ask      composer.Request // Asker and Idempotency are set
	// documentID names a trusted document instead of carrying a query.
	documentID string
	doc        *document
	part       *composer.Part // the answer; nil if none was asked for
	failed     *fault.Error   // why there is no answer; nil if there is one
	invalid    gqlerror.List  // what is wrong with the document
	near       []string       // names like that of a schema that is not there
}

type callKey struct{}

func asked(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// Exec answers the operation of the context: one response, as every operation here has.
func (e *engine) Exec(ctx context.Context) gqlgen.ResponseHandler {
	c, oc := asked(ctx), gqlgen.GetOperationContext(ctx)
	return gqlgen.OneShot(e.exec(ctx, c, c.doc.programs[oc.Operation], oc.Variables))
}
