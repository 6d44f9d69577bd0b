package composer

import (
	"encoding/json"
	"slices"

	"facet/graph"
	"facet/tiers"
)

// blockKeys frames the needs of each row, so that equal bytes mean equal rows.
func blockKeys(c *tiers.Call) []string {
	keys := make([]string, len(c.Needs[0]))
	var b []byte
	for k := range keys {
		b = b[:0]
		for n := range c.Needs {
			b = appendField(b, string(c.Needs[n][k]))
		}
		keys[k] = string(b)
	}
	return keys
}

// sameRows says whether all blocks ask for the same rows in the same order, as requests for one page do. Each can read the whole answer then.
func sameRows(blocks []*block) bool {
	first := blocks[0].call
	for _, b := range blocks[1:] {
		for n, col := range b.call.Needs {
			if !slices.EqualFunc(col, first.Needs[n], func(x, y json.RawMessage) bool { return string(x) == string(y) }) {
				return false
			}
		}
	}
	return true
}

// join makes one call of several blocks: each key once, in first-seen order.
func join(blocks []*block) (*tiers.Call, map[string]int) {
	c := *blocks[0].call
	needs := len(c.Needs)
	c.Needs = make([][]json.RawMessage, needs)
	keys := map[string]int{}
	for _, b := range blocks {
		for k, key := range blockKeys(b.call) {
			if _, ok := keys[key]; ok {
				continue
			}
			keys[key] = len(keys)
			for n := range needs {
				c.Needs[n] = append(c.Needs[n], b.call.Needs[n][k])
			}
		}
	}
	return &c, keys
}

// divide makes, for each block, an answer of its own rows: a request then reads what it asked for, not what others did.
// ok is false where that cannot be done: each block reads the whole then, and ignores what it did not ask for.
func divide(op *graph.Operation, body []byte, keys map[string]int, blocks []*block) ([][]byte, bool) {
	rows, prefix, suffix, ok := splitRows(op, body)
	if !ok {
		return nil, false
	}
	at := make(map[string][]int, len(rows))
	for i, r := range rows {
		at[r.key] = append(at[r.key], i)
	}
	out := make([][]byte, len(blocks))
	for n, b := range blocks {
		var mine []int
		for _, k := range rowKeys(op, b.call) {
			mine = append(mine, at[k]...)
		}
		slices.Sort(mine)
		buf := make([]byte, 0, len(prefix)+len(suffix)+2+len(body)*len(b.call.Needs[0])/max(1, len(keys)))
		buf = append(append(buf, prefix...), '[')
		for j, r := range mine {
			if j > 0 {
				buf = append(buf, ',')
			}
			buf = append(buf, rows[r].json...)
		}
		out[n] = append(append(buf, ']'), suffix...)
	}
	return out, true
}

type rowSpan struct {
	key  string
	json []byte
}

// splitRows finds the rows of a batch's answer with their keys. Only answers whose rows lie in one list are split.
func splitRows(op *graph.Operation, body []byte) (rows []rowSpan, prefix, suffix []byte, ok bool) {
	if op.Selection == nil || op.Type == nil {
		return nil, nil, nil, false
	}
	paths := make([][]string, 0, len(op.Type.Key))
	for _, k := range op.Type.Key {
		i := slices.IndexFunc(op.Selection.Items, func(it *graph.SelectionItem) bool { return it.Field == k })
		if i < 0 {
			return nil, nil, nil, false
		}
		paths = append(paths, op.Selection.Items[i].Value.Path.Steps)
	}
	whole := scanner{b: body}
	if whole.space(); !whole.skip() {
		return nil, nil, nil, false
	}
	if whole.space(); whole.i != len(body) {
		return nil, nil, nil, false
	}
	at := scanner{b: body}
	at.space()
	list, found := at.find(op.Selection.Path.Steps)
	if !found || len(list) == 0 || list[0] != '[' {
		return nil, nil, nil, false
	}
	from := cap(body) - cap(list) // list is a part of body
	prefix, suffix = body[:from], body[from+len(list):]
	s := scanner{b: list, i: 1}
	s.space()
	if s.next(']') {
		return nil, prefix, suffix, true
	}
	for {
		start := s.i
		if !s.skip() {
			return nil, nil, nil, false
		}
		r := rowSpan{json: list[start:s.i]}
		var key []byte
		for _, p := range paths {
			k := scanner{b: r.json}
			v, _ := k.find(p)
			key = appendField(key, keyText(v))
		}
		r.key = string(key)
		rows = append(rows, r)
		s.space()
		if s.next(',') {
			s.space()
			continue
		}
		return rows, prefix, suffix, s.next(']')
	}
}

func keyText(v []byte) string {
	if len(v) > 1 && v[0] == '"' {
		return string(unquote(v))
	}
	return string(v)
}

// rowKeys are the keys under which splitRows knows a call's rows.
func rowKeys(op *graph.Operation, c *tiers.Call) []string {
	out := make([]string, len(c.Needs[0]))
	for k := range out {
		var key []byte
		for _, name := range op.Type.Key {
			n := slices.Index(op.Needs, name)
			if n < 0 {
				continue
			}
			key = appendField(key, keyText(c.Needs[n][k]))
		}
		out[k] = string(key)
	}
	return out
}
