package view

import (
	"encoding/json"

	"facet/fault"
	"facet/graph"
)

// restSchemas are the components of all types. The edge's own have a dot in their names, which keeps them apart.
func (s *Surface) restSchemas() object {
	text := object{"type": "string"}
	kinds := fault.Kinds()
	code := object{"type": "string", "enum": kinds}
	all := object{
		"facet.Error": object{"type": "object", "required": []string{"message", "path"}, "properties": object{"message": text, "path": object{"type": "array"},
			"extensions": object{"type": "object", "properties": object{"code": code}}}},
		"facet.Problem": object{"type": "object", "description": "RFC 9457.", "properties": object{"type": text, "title": text, "detail": text,
			"status": object{"type": "integer"}, "code": code, "hint": text, "near": object{"type": "array", "items": text},
			"errors": object{"type": "array", "items": ref("schemas/facet.Error")}}},
		"facet.Extensions": object{"type": "object", "properties": object{
			"degraded": object{"type": "array", "description": "Nulls and defaults that stand because something failed or was late.",
				"items": object{"type": "object", "properties": object{"path": object{"type": "array"}, "code": code}}},
			"invalidated": object{"type": "array", "description": "What a mutation made stale; without an id, every entity of the type.",
				"items": object{"type": "object", "properties": object{"typename": text, "id": text, "field": text}}}}},
	}
	for name, t := range s.all() {
		all[name] = s.typeSchema(t)
	}
	return all
}

func (s *Surface) typeSchema(t *Type) object {
	out := object{}
	if t.Doc != "" {
		out["description"] = t.Doc
	}
	switch t.Class {
	case ClassEnum:
		out["type"], out["enum"] = "string", t.Values
	case ClassUnion:
		s.anyOf(out, t.Members)
	case ClassInterface:
		var members []string
		for _, n := range s.shapeOrder {
			if s.shapes[n].Def.Loadable {
				members = append(members, n)
			}
		}
		s.anyOf(out, members)
	case ClassInput:
		props := object{}
		var required []string
		for _, f := range t.Fields {
			props[f.Name] = withDefault(s.schemaOf(f.Type), f.Default)
			if f.Type.NonNull && f.Default == nil {
				required = append(required, f.Name)
			}
		}
		out["type"], out["properties"], out["additionalProperties"] = "object", props, false
		if len(required) > 0 {
			out["required"] = required
		}
	case ClassObject: // no field is required: `fields` chooses
		props := object{}
		if !t.Computed && t.Name != PageType {
			props["__typename"] = object{"const": t.Name}
		}
		for _, f := range t.Fields {
			p := s.schemaOf(f.Type)
			if f.Doc != "" && p["$ref"] == nil {
				p["description"] = f.Doc
			}
			props[f.Name] = p
		}
		out["type"], out["properties"] = "object", props
	}
	return out
}

func (s *Surface) anyOf(out object, members []string) {
	if len(members) == 0 {
		out["type"] = "object"
		return
	}
	refs := make([]any, len(members))
	for i, m := range members {
		refs[i] = ref("schemas/" + m)
	}
	out["anyOf"] = refs
}

// schemaOf is the JSON Schema of a type at its place.
func (s *Surface) schemaOf(t graph.TypeRef) object {
	var out object
	switch {
	case t.Elem != nil:
		out = object{"type": "array", "items": s.schemaOf(*t.Elem)}
	case t.Name == "Int":
		out = object{"type": "integer", "format": "int32"}
	case t.Name == "Float":
		out = object{"type": "number"}
	case t.Name == "Boolean":
		out = object{"type": "boolean"}
	case t.Name == "String" || t.Name == "ID":
		out = object{"type": "string"}
	default:
		out = ref("schemas/" + t.Name)
		if !t.NonNull {
			return object{"anyOf": []any{out, object{"type": "null"}}}
		}
		return out
	}
	if !t.NonNull {
		out["type"] = []any{out["type"], "null"}
	}
	return out
}

func withDefault(schema object, value json.RawMessage) object {
	if value != nil && schema["$ref"] == nil {
		schema["default"] = value
	}
	return schema
}

func (s *Surface) argSchema(a *Arg) object {
	schema := withDefault(s.schemaOf(a.Type), a.Default)
	if a.Min != nil {
		schema["minimum"] = *a.Min
	}
	if a.Max != nil {
		schema["maximum"] = *a.Max
	}
	if a.MaxLength > 0 {
		schema["maxLength"] = a.MaxLength
	}
	return schema
}

// argsSchema is a mutation's body: an object of its arguments.
func (s *Surface) argsSchema(args []*Arg) object {
	props := object{}
	for _, a := range args {
		p := s.argSchema(a)
		if a.Doc != "" {
			p["description"] = a.Doc
		}
		props[a.Name] = p
	}
	out := object{"type": "object", "properties": props, "additionalProperties": false}
	if req := requiredArgs(args); len(req) > 0 {
		out["required"] = req
	}
	return out
}
