package graphql

import (
	"bytes"
	"encoding/json"
	"slices"

	"facet/graph"
	"facet/tiers"
	"facet/tiers/internal/request"
)

// A broken is what of an answer failed: its nulls are none. Keys are of objects, or indices of lists.
type broken struct {
	here  bool
	below map[any]*broken
}

func (b *broken) add(path []any) {
	for _, step := range path {
		if f, ok := step.(float64); ok {
			step = int(f)
		}
		if b.below == nil {
			b.below = map[any]*broken{}
		}
		if b.below[step] == nil {
			b.below[step] = &broken{}
		}
		b = b.below[step]
	}
	b.here = true
}

// partial makes data in which what failed cannot be taken for a value: it has misfits there, which are told at their places,
// and everything else is kept. ok is false where nothing is left to keep, or a place takes any value: the call fails then.
func (k *call) partial(data []byte, b *broken, c *tiers.Call) (_ []byte, ok bool) {
	if k.op.Selection == nil {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	p := &patch{ok: true}
	reads := k.op.Reads(c.Fields)
	if k.op.Batch {
		p.rows(k.op, &v, reads, b, c)
	} else {
		at := b
		for _, step := range k.op.Selection.Path.Steps {
			if at.here || at.below == nil {
				return nil, false
			}
			if at = at.below[step]; at == nil {
				return nil, false
			}
		}
		if at.here {
			return nil, false
		}
		v = p.mark(v, reads, b)
	}
	if !p.ok {
		return nil, false
	}
	out, err := json.Marshal(v)
	return out, err == nil
}

// A patch puts misfits where values failed.
type patch struct{ ok bool }

func (p *patch) mark(v any, r *graph.Reads, b *broken) any {
	if b == nil || r == nil {
		return v
	}
	if b.here || v == nil || r.All {
		return p.misfit(r)
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = p.mark(v[i], r, b.below[i])
		}
	case map[string]any:
		for name, below := range b.below {
			if name, ok := name.(string); ok {
				v[name] = p.mark(v[name], r.Below[name], below)
			}
		}
	}
	return v
}

// misfit stands for a value that failed: at each leaf that is read of it.
func (p *patch) misfit(r *graph.Reads) any {
	if r.All {
		if r.Misfit == nil {
			p.ok = false
		}
		return json.RawMessage(r.Misfit)
	}
	object := map[string]any{}
	for name, below := range r.Below {
		object[name] = p.misfit(below)
	}
	return object
}

// rows marks the rows of a batch. One that failed whole does not say whose it is: each key without a row is given one that
// failed.
func (p *patch) rows(op *graph.Operation, v *any, r *graph.Reads, b *broken, c *tiers.Call) {
	holder, last := *v, ""
	for i, step := range op.Selection.Path.Steps {
		object, isObject := holder.(map[string]any)
		if r, b = r.Below[step], b.below[step]; !isObject || r == nil || b == nil || b.here {
			p.ok = false
			return
		}
		if i == len(op.Selection.Path.Steps)-1 {
			last = step
			break
		}
		holder = object[step]
	}
	object, _ := holder.(map[string]any)
	rows, isList := object[last].([]any)
	if !isList {
		p.ok = false
		return
	}
	k := &rowKeys{op: op, c: c}
	if !k.find() {
		p.ok = false
		return
	}
	// Most servers answer in the order of the keys, with null for what they do not have: then a row's place says whose it was.
	inOrder := len(rows) == len(c.Needs[0])
	for i, row := range rows {
		inOrder = inOrder && (row == nil || k.of(row) == k.asked(i))
	}
	kept := make([]any, 0, len(rows))
	seen, lost := map[string]bool{}, false
	for i, row := range rows {
		switch {
		case row != nil:
			seen[k.of(row)] = true
			kept = append(kept, p.mark(row, r, b.below[i]))
		case b.below[i] != nil && inOrder:
			kept = append(kept, p.stranger(k, r, i))
		case b.below[i] != nil:
			lost = true
		}
	}
	for n := range c.Needs[0] {
		if lost && !seen[k.asked(n)] {
			kept = append(kept, p.stranger(k, r, n))
		}
	}
	object[last] = kept
}

// stranger is a row of the n-th key of which nothing is known.
func (p *patch) stranger(k *rowKeys, r *graph.Reads, n int) any {
	row, ok := p.misfit(r).(map[string]any)
	for i, path := range k.paths {
		at := row
		for _, step := range path[:len(path)-1] {
			at, _ = at[step].(map[string]any)
		}
		if !ok || at == nil {
			p.ok = false
			return nil
		}
		at[path[len(path)-1]] = slices.Clone(k.c.Needs[i][n])
	}
	return row
}

// rowKeys knows where the rows of a batch have their keys.
type rowKeys struct {
	op    *graph.Operation
	c     *tiers.Call
	paths [][]string
}

func (k *rowKeys) find() bool {
	for _, need := range k.op.Needs {
		it := k.op.Selection.Item(need)
		if it == nil || it.Value == nil || len(it.Value.Path.Steps) == 0 {
			return false
		}
		k.paths = append(k.paths, it.Value.Path.Steps)
	}
	return len(k.paths) > 0 && len(k.c.Needs) == len(k.paths)
}

// of is a row's key, and asked the n-th that was asked for, so that they can be compared.
func (k *rowKeys) of(row any) (key string) {
	for _, path := range k.paths {
		v := row
		for _, step := range path {
			object, _ := v.(map[string]any)
			v = object[step]
		}
		text, _ := json.Marshal(v) // it was read from JSON
		key += string(request.Text(text)) + "\x00"
	}
	return key
}

func (k *rowKeys) asked(n int) (key string) {
	for i := range k.paths {
		key += string(request.Text(k.c.Needs[i][n])) + "\x00"
	}
	return key
}
