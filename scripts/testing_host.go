package scripts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"facet/fault"
)

// host is what test.js asks of Go.
func (t *tester) host() *goja.Object {
	h := t.vm.NewObject()
	known := t.operations()
	for name, f := range map[string]any{
		"entry":     func() goja.Value { return t.vm.Get("m").ToObject(t.vm).Get("entry") },
		"operation": func(name string) bool { return slices.Contains(known, name) },
		"near": func(name string) string {
			if near := nearest(name, known); near != "" {
				return fmt.Sprintf("; did you mean %q?", near)
			}
			return ""
		},
		"read": func(name string) string {
			at, err := t.inPackage(name)
			if err != nil {
				panic(t.error(err.Error()))
			}
			b, err := t.Read(at)
			if err != nil {
				panic(t.error(fmt.Sprintf("%s cannot be read: %s", at, fault.Public(err))))
			}
			if !json.Valid(b) {
				panic(t.error(at + " is no JSON"))
			}
			return string(b)
		},
		"render": t.render,
		"snapshot": func(key, got string) string {
			want, err := t.keeper.compare(key, got)
			if err != nil {
				panic(t.error(err.Error()))
			}
			return want
		},
	} {
		if err := h.Set(name, f); err != nil {
			panic(err) // a plain object takes any property
		}
	}
	return h
}

// error makes a JavaScript Error: a Go error would show its fields to the script.
func (t *tester) error(text string) goja.Value {
	e, err := t.vm.New(t.vm.Get("Error"), t.vm.ToValue(text))
	if err != nil {
		return t.vm.ToValue(text)
	}
	return e
}

// operations are the names that a test may give a tier's behaviour: operation ids and sources.
func (t *tester) operations() []string {
	var names []string
	for _, s := range t.Graph.Sources {
		names = append(names, s.Name)
	}
	for _, o := range t.Graph.Operations {
		names = append(names, o.ID)
	}
	return names
}

func (t *tester) render(request string) string {
	var r RenderRequest
	if err := json.Unmarshal([]byte(request), &r); err != nil {
		panic(t.error("render() was given options of another shape: " + strings.TrimPrefix(err.Error(), "json: ")))
	}
	if r.Tiers.File != "" {
		at, err := t.inPackage(r.Tiers.File)
		if err != nil {
			panic(t.error(err.Error()))
		}
		r.Tiers.File = at
	}
	got, err := t.Host.Render(t.ctx, &r)
	if err != nil {
		text := err.Error()
		if hint := fault.HintOf(err); hint != "" {
			text += " (" + hint + ")"
		}
		panic(t.error(text))
	}
	if got.Data == nil {
		got.Data = json.RawMessage("null")
	}
	if got.Errors == nil {
		got.Errors = []RenderedError{}
	}
	if got.Degraded == nil {
		got.Degraded = []RenderedReason{}
	}
	b, err := json.Marshal(got)
	if err != nil {
		panic(t.error("the answer is no JSON: " + err.Error()))
	}
	return string(b)
}

// snapshots are the kept values of one test file by key.
type snapshots struct {
	kept   map[string]json.RawMessage
	seen   map[string]json.RawMessage
	left   []string // names of tests that did not run: what is kept of them stays
	update bool
}

func newSnapshots(text []byte, update bool) (*snapshots, error) {
	s := &snapshots{kept: map[string]json.RawMessage{}, seen: map[string]json.RawMessage{}, update: update}
	if text == nil {
		return s, nil
	}
	return s, json.Unmarshal(text, &s.kept)
}

// keep says that a test does not run.
func (s *snapshots) keep(test string) { s.left = append(s.left, test) }

// compare gives what is kept under a key; "" if there is nothing to compare with: a new snapshot is kept at once.
func (s *snapshots) compare(key, got string) (string, error) {
	if _, twice := s.seen[key]; twice {
		return "", fmt.Errorf("there are two snapshots %q; name them", key)
	}
	want, ok := s.kept[key]
	if !ok || s.update {
		s.seen[key] = json.RawMessage(got)
		return "", nil
	}
	s.seen[key] = want
	return string(want), nil
}

// text is the file that should stand, and whether it differs from the one that does. Without update only new snapshots
// are added: those that no test asks for any more stay until an update.
func (s *snapshots) text() ([]byte, bool) {
	out := map[string]json.RawMessage{}
	for k, v := range s.kept {
		left := !s.update || slices.ContainsFunc(s.left, func(test string) bool { return strings.HasPrefix(k, test) })
		if _, seen := s.seen[k]; left && !seen {
			out[k] = v
		}
	}
	for k, v := range s.seen {
		out[k] = v
	}
	if len(out) == 0 {
		return nil, len(s.kept) > 0
	}
	changed := len(out) != len(s.kept)
	for k, v := range out {
		changed = changed || !same(s.kept[k], v)
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, false
	}
	return append(b, '\n'), changed
}

func same(a, b []byte) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return false
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}
