package view

import (
	"bytes"
	"encoding/json"

	"facet/fault"
	"facet/graph"
)

// API is what an OpenAPI document says beside the surface.
type API struct {
	Title       string
	Version     string // of the document; the schema version if empty
	Description string
	Servers     []string // base addresses: "https://edge.example/tv/v3"; "/<device>/<schema>" if empty
}

type object = map[string]any

// OpenAPI is the OpenAPI 3.1 document of the surface over REST, as indented JSON. The same surface gives the same bytes.
func (s *Surface) OpenAPI(api API) ([]byte, error) {
	if api.Title == "" {
		api.Title = s.Device + " " + s.Schema
	}
	if api.Version == "" {
		api.Version = s.Schema
	}
	if len(api.Servers) == 0 {
		api.Servers = []string{"/" + s.Device + "/" + s.Schema}
	}
	servers := make([]any, len(api.Servers))
	for i, u := range api.Servers {
		servers[i] = object{"url": u}
	}
	info := object{"title": api.Title, "version": api.Version}
	if api.Description != "" {
		info["description"] = api.Description
	}
	doc := object{"openapi": "3.1.0", "info": info, "servers": servers, "paths": s.restPaths(),
		"components": object{"schemas": s.restSchemas(), "responses": object{"Problem": problemResponse()}, "parameters": sharedParameters()}}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil, fault.Wrap(fault.Internal, "view.openapi", s.Device+" "+s.Schema, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

func (s *Surface) restPaths() object {
	paths := object{}
	for _, n := range s.viewOrder {
		v := s.views[n].Def
		params := []any{}
		for _, a := range v.Args {
			params = append(params, s.parameter(a))
		}
		params = append(params, ref("parameters/fields"))
		params = append(params, s.windows(v.Output)...)
		paths["/"+n] = object{"get": operation(n, v.Doc, params, OutputType(v.Output), s)}
	}
	for _, n := range s.mutationOrder {
		m := s.mutations[n].Def
		out := named("Boolean")
		params := []any{ref("parameters/fields"), ref("parameters/idempotencyKey")}
		if m.Output != nil {
			out = OutputType(m.Output)
			root := *m.Output
			root.Paged = false // what a mutation returns is one page
			params = append(params, s.windows(&root)...)
		}
		op := operation(n, m.Doc, params, out, s)
		if len(m.Args) > 0 {
			op["requestBody"] = object{"required": len(requiredArgs(m.Args)) > 0, "content": object{"application/json": object{"schema": s.argsSchema(m.Args)}}}
		}
		paths["/"+n] = object{"post": op}
	}
	id := object{"name": "id", "in": "path", "required": true, "schema": object{"type": "string"}, "description": "An opaque id, as the field `id` gives it."}
	paths["/node/{id}"] = object{"get": operation("node", "Any entity by its id.", []any{id, ref("parameters/fields")}, named(NodeType), s)}
	return paths
}

func operation(id, doc string, params []any, out graph.TypeRef, s *Surface) object {
	out.NonNull = false
	op := object{"operationId": id, "parameters": params, "responses": object{
		"200": object{
			"description": "The answer; `errors` stands beside `data` if parts of it failed.",
			"headers": object{
				"Facet-Context": object{"description": "A hash of the context that the answer depends on: a client drops its cache when it changes.", "schema": object{"type": "string"}},
			},
			"content": object{"application/json": object{"schema": object{"type": "object", "required": []string{"data"}, "properties": object{
				"data": s.schemaOf(out), "errors": object{"type": "array", "items": ref("schemas/facet.Error")}, "extensions": ref("schemas/facet.Extensions")}}}},
		},
		"default": ref("responses/Problem"),
	}}
	if doc != "" {
		op["description"] = doc
	}
	return op
}

func ref(to string) object { return object{"$ref": "#/components/" + to} }

func sharedParameters() object {
	text := object{"type": "string"}
	return object{
		"fields":         object{"name": "fields", "in": "query", "schema": text, "description": "What to answer: `a,b(c,d)`. Without it: every leaf, each shape followed once."},
		"idempotencyKey": object{"name": "Idempotency-Key", "in": "header", "schema": text, "description": "A repeated request of one key has one effect."},
	}
}

func problemResponse() object {
	return object{"description": "What went wrong.", "content": object{"application/problem+json": object{"schema": ref("schemas/facet.Problem")}}}
}

// parameter is an argument in the query. Inputs and lists stand there as JSON.
func (s *Surface) parameter(a *Arg) object {
	p := object{"name": a.Name, "in": "query", "required": a.Required()}
	if a.Doc != "" {
		p["description"] = a.Doc
	}
	if t := s.all()[a.Type.Named()]; a.Type.List() || t != nil && t.Class == ClassInput {
		p["content"] = object{"application/json": object{"schema": s.argSchema(a)}}
	} else {
		p["schema"] = s.argSchema(a)
	}
	return p
}

// windows are the parameters of the paged lists below an output, each shape followed once: "rows.first", "rows.items.after".
func (s *Surface) windows(o *Output) []any {
	var params []any
	seen := map[string]bool{}
	add := func(path, what string, schema object) {
		name := what
		if path != "" {
			name = path + "." + what
		}
		if !seen[name] {
			seen[name] = true
			params = append(params, object{"name": name, "in": "query", "schema": schema})
		}
	}
	var walk func(o *Output, path string, open map[string]bool)
	walk = func(o *Output, path string, open map[string]bool) {
		if o.Paged {
			add(path, "first", object{"type": "integer", "format": "int32", "minimum": 0})
			add(path, "after", object{"type": "string"})
		}
		switch o.Kind {
		case Many:
			walk(o.Item, path, open)
		case Tree:
			for _, f := range o.Fields {
				below := f.Name
				if path != "" {
					below = path + "." + f.Name
				}
				walk(f.Output, below, open)
			}
		case Union:
			for _, a := range o.Arms {
				if a.Output != nil {
					walk(a.Output, path, open)
				}
			}
		case Ref:
			sh, ok := s.shapes[o.Shape]
			if !ok || open[o.Shape] {
				return
			}
			open[o.Shape] = true
			walk(sh.Def.Output, path, open)
			delete(open, o.Shape)
		}
	}
	walk(o, "", map[string]bool{})
	return params
}
