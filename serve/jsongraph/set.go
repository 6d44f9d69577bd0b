package jsongraph

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"facet/composer"
	"facet/fault"
	"facet/view"
)

// A write is one value of a set.
type write struct {
	path  []string
	value json.RawMessage
	err   *fault.Error // why it is not written
}

// set writes each value by the mutation whose `sets` names its place, one after another, and answers what then holds.
// A path that nothing sets is read-only: it gives its value.
func (x *exchange) set() error {
	var env struct {
		JSONGraph json.RawMessage `json:"jsonGraph"`
		Paths     json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal([]byte(x.params.jsonGraph), &env); err != nil || env.JSONGraph == nil || env.Paths == nil {
		return invalid("set needs jsonGraph: an envelope with jsonGraph and paths")
	}
	sets, err := decodePaths(env.Paths, x.h.limits, "paths")
	if err != nil {
		return err
	}
	writes, err := x.writes(env.JSONGraph, sets)
	if err != nil {
		return err
	}
	prefixes := make([][]string, len(writes))
	for i, w := range writes {
		prefixes[i] = w.path[:len(w.path)-1]
	}
	places, at, err := x.find(prefixes)
	if err != nil {
		return err
	}
	var stale []composer.Invalidated
	done := map[string]bool{}
	for i, w := range writes {
		if places[i] == nil || len(places[i].below) > 0 {
			continue
		}
		field := w.path[len(w.path)-1]
		m := setter(x.answers.Surface(), places[i].shape.Name, field)
		at[i] = append(append([]string{}, at[i]...), field)
		if id := strings.Join(at[i], "\x00"); m == nil || done[id] {
			continue
		} else {
			done[id] = true
		}
		if w.err == nil {
			var inv []composer.Invalidated
			inv, w.err = x.write(m, places[i].key, w.value, i)
			stale = append(stale, inv...)
		}
		writes[i] = w
	}
	g, err := x.fetch(sets, true)
	if err != nil {
		return err
	}
	for i, w := range writes {
		if w.err != nil && at[i] != nil {
			g.mark(at[i], w.err)
		} else if w.err != nil {
			g.mark(w.path, w.err)
		}
	}
	var echo bytes.Buffer
	if err := json.Compact(&echo, env.Paths); err != nil {
		return invalid("paths: not legal JSON")
	}
	return x.reply(g, echo.Bytes(), appendInvalidated(stale))
}

// writes takes the values out of the envelope: they lie at the asked paths, references unfollowed.
func (x *exchange) writes(text []byte, sets []pathSet) ([]write, error) {
	n := int64(0)
	for _, s := range sets {
		n = add(n, s.count())
	}
	if n > int64(x.h.limits.Sets) {
		return nil, limit("a set writes more than %d values", x.h.limits.Sets)
	}
	tree, _, err := readTree(bytes.TrimSpace(text))
	if err != nil {
		return nil, invalid("jsonGraph: not a JSON Graph")
	}
	var out []write
	for _, s := range sets {
		if out, err = take(out, tree, s, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func take(out []write, n *node, set pathSet, path []string) ([]write, error) {
	if len(set) == 0 {
		if n.branch() {
			return nil, invalid("jsonGraph: %s is no value", show(path))
		}
		w := write{path: path}
		var bad error
		if w.value, bad = unbox(n.raw); bad != nil {
			w.err = invalid("%s", fault.Public(bad))
		}
		return append(out, w), nil
	}
	if !n.branch() {
		return nil, invalid("jsonGraph: there is no value at %s", show(path))
	}
	var err error
	set[0].each(func(k key) {
		child, below := n.get(k.text), append(append([]string{}, path...), k.text)
		if err == nil && child == nil {
			err = invalid("jsonGraph: there is no value at %s", show(below))
		}
		if err == nil {
			out, err = take(out, child, set[1:], below)
		}
	})
	return out, err
}

// unbox is the plain JSON of a value: atoms are opened, other sentinels refused.
func unbox(raw []byte) (json.RawMessage, error) {
	if len(raw) == 0 || raw[0] != '{' {
		return raw, nil
	}
	var s struct {
		Type  *string         `json:"$type"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, invalid("a value is not legal JSON")
	}
	switch {
	case s.Type == nil:
		return raw, nil
	case *s.Type != "atom":
		return nil, invalid("a value is %s: only plain values and atoms can be given", clip("$type: "+*s.Type))
	case s.Value == nil:
		return json.RawMessage("null"), nil
	}
	return s.Value, nil
}

func show(path []string) string {
	b := appendPaths(nil, []pathSet{setOf(path)})
	if len(b) > 100 {
		return string(b[1:99]) + "…"
	}
	return string(b[1 : len(b)-1])
}

func setter(s *view.Surface, shape, field string) *view.Mutation {
	for _, m := range mutations(s) {
		if m.Sets != nil && m.Sets.Shape == shape && m.Sets.Field == field {
			return m
		}
	}
	return nil
}

func (x *exchange) write(m *view.Mutation, key string, value json.RawMessage, i int) ([]composer.Invalidated, *fault.Error) {
	req := &composer.Request{Format: composer.FormatGraph, Values: []json.RawMessage{appendText(nil, key), value}}
	if id := x.r.Header.Get("Idempotency-Key"); id != "" {
		req.Idempotency = id + "." + strconv.Itoa(i) // each write is a call of its own
	}
	req.Selection = &composer.Selection{Mutation: true, Roots: []*composer.Root{{Kind: composer.RootMutation, Key: m.Name, Name: m.Name,
		Args: []composer.Arg{{Name: m.Sets.Key, Value: 0}, {Name: m.Sets.Value, Value: 1}}, Path: []string{m.Name, "result"}, Window: -1}}}
	p, err := x.ask(req)
	if err != nil {
		var f *fault.Error
		if !errors.As(err, &f) {
			f = &fault.Error{Kind: fault.KindOf(err), Err: err}
		}
		return nil, f
	}
	if len(p.Errors) > 0 { // an earlier effect may have happened: what it made stale is told all the same
		e := p.Errors[0]
		return p.Invalidated, &fault.Error{Kind: e.Kind, Message: e.Message, Err: e.Err}
	}
	return p.Invalidated, nil
}

// mark puts an error where a value stands; where the entity itself is not there, the error stands in its place.
func (g *found) mark(path []string, err *fault.Error) {
	n := g.root
	for i, k := range path {
		if !n.branch() {
			if bytes.Equal(n.raw, missing().raw) {
				*n, g.bytes = *errorNode(err.Kind, fault.Public(err)), nil
			}
			return
		}
		child := n.get(k)
		if child == nil {
			child = &node{}
			n.put(k, child)
		}
		if i == len(path)-1 {
			*child = *errorNode(err.Kind, fault.Public(err))
		}
		n = child
	}
	g.bytes = nil
}

// appendInvalidated writes what became stale, each path once; nil if nothing did.
func appendInvalidated(list []composer.Invalidated) []byte {
	if len(list) == 0 {
		return nil
	}
	seen := map[string]bool{}
	var sets []pathSet
	for _, inv := range list {
		id := strings.Join(inv.Path, "\x00")
		if len(inv.Path) > 0 && !seen[id] {
			seen[id] = true
			sets = append(sets, setOf(inv.Path))
		}
	}
	return appendPaths(nil, sets)
}
