package fake

import (
	"bytes"
	"encoding/json"

	"facet/graph"
)

// unselect is the inverse of an operation's selection: it makes the tier's JSON of a value by graph field names.
func unselect(s *graph.Selection, v any) any {
	if s == nil {
		return v
	}
	return put(nil, s.Path.Steps, each(s, v))
}

func each(s *graph.Selection, v any) any {
	if s.Items == nil && s.Match == nil {
		return v
	}
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = each(s, v[i])
		}
		return list
	case map[string]any:
		out := map[string]any{}
		fields(s.Items, v, out)
		if s.Match != nil {
			member(s.Match, v, out)
		}
		return out
	case nil, string, bool, float64, json.Number, int:
		return v
	}
	if n, ok := normal(v); ok {
		return each(s, n)
	}
	return v
}

// normal makes maps and lists of any other value that marshals to one.
func normal(v any) (any, bool) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var n any
	if d.Decode(&n) != nil {
		return nil, false
	}
	return n, true
}

func fields(items []*graph.SelectionItem, v map[string]any, out map[string]any) {
	for _, it := range items {
		val, ok := v[it.Field]
		if !ok || it.Value == nil {
			if ok {
				out[it.Field] = val
			}
			continue
		}
		if it.Value.Literal != nil {
			continue
		}
		if len(it.Value.Path.Steps) == 0 { // a grouping of the object's own fields
			if sub, ok := each(it.Value, val).(map[string]any); ok {
				for k, x := range sub {
					out[k] = x
				}
			}
			continue
		}
		put(out, it.Value.Path.Steps, each(it.Value, val))
	}
}

// member writes the value that tells a union's member, and the fields of its arm.
func member(m *graph.Match, v map[string]any, out map[string]any) {
	name, _ := v["__typename"].(string)
	for _, c := range m.Cases {
		if c.Member == name {
			arm(m, c, v, out, json.RawMessage(c.JSON))
			return
		}
	}
	if m.Default != nil && m.Default.Member == name {
		arm(m, *m.Default, v, out, name)
		return
	}
	put(out, m.On.Steps, name)
}

func arm(m *graph.Match, c graph.MatchCase, v, out map[string]any, tag any) {
	if c.Selection != nil {
		if sub, ok := put(nil, c.Selection.Path.Steps, each(c.Selection, v)).(map[string]any); ok {
			for k, x := range sub {
				out[k] = x
			}
		}
	}
	put(out, m.On.Steps, tag)
}

// put sets the value at a path below an object (made if it is nil) and returns what then stands at the top.
func put(at any, steps []string, v any) any {
	if len(steps) == 0 {
		return v
	}
	m, ok := at.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	m[steps[0]] = put(m[steps[0]], steps[1:], v)
	return m
}

// page cuts a list as the call pages it, and writes total and next where the operation reads them.
func page(r *Request, items []any) (any, error) {
	p, total := r.Operation.Page, len(items)
	from := r.Page.Offset
	if p != nil && p.After {
		from = 0
		if len(r.Page.After) > 0 && string(r.Page.After) != "null" {
			from = number(r.Page.After)
		}
	}
	if p != nil {
		from = min(max(from, 0), total)
		items = items[from:]
		if p.Limit && r.Page.Limit < len(items) {
			items = items[:max(r.Page.Limit, 0)]
		}
	}
	if items == nil {
		items = []any{}
	}
	out := unselect(r.Operation.Selection, items)
	if p == nil {
		return out, nil
	}
	if p.Total != nil {
		out = put(out, p.Total.Steps, total)
	}
	if p.Next != nil {
		if end := from + len(items); end < total {
			out = put(out, p.Next.Steps, end)
		} else {
			out = put(out, p.Next.Steps, nil)
		}
	}
	return out, nil
}

func number(v json.RawMessage) int {
	var n json.Number
	if json.Unmarshal(v, &n) != nil {
		return 0
	}
	i, err := n.Int64()
	if err != nil {
		return 0
	}
	return int(i)
}
