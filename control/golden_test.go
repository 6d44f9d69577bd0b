package control_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/control"
)

// A consumer's golden outputs under another version of its module: what gets worse keeps it where it is, anything else is listed.
func TestGoldenOutputs(t *testing.T) {
	for name, c := range map[string]struct {
		before, after control.Golden
		held          bool
		want          []string
	}{
		"the same":       {control.Golden{Data: json.RawMessage(`{"a":1}`)}, control.Golden{Data: json.RawMessage(`{"a":1}`)}, false, nil},
		"another value":  {control.Golden{Data: json.RawMessage(`{"a":1}`)}, control.Golden{Data: json.RawMessage(`{"a":2}`)}, false, []string{"home a under fixtures/demo.json: 1 -> 2"}},
		"a null":         {control.Golden{Data: json.RawMessage(`{"a":[{"b":1}]}`)}, control.Golden{Data: json.RawMessage(`{"a":[{"b":null}]}`)}, true, []string{"home a[0].b under fixtures/demo.json: 1 -> null"}},
		"a value":        {control.Golden{Data: json.RawMessage(`{"a":null}`)}, control.Golden{Data: json.RawMessage(`{"a":1}`)}, false, []string{"home a under fixtures/demo.json: null -> 1"}},
		"another kind":   {control.Golden{Data: json.RawMessage(`{"a":"1"}`)}, control.Golden{Data: json.RawMessage(`{"a":1}`)}, true, []string{`home a under fixtures/demo.json: "1" -> 1`}},
		"nothing":        {control.Golden{Data: json.RawMessage(`{"a":1,"b":2}`)}, control.Golden{Data: json.RawMessage(`{"a":1}`)}, true, []string{"home b under fixtures/demo.json: 2 -> nothing"}},
		"fewer items":    {control.Golden{Data: json.RawMessage(`{"a":[1,2]}`)}, control.Golden{Data: json.RawMessage(`{"a":[1]}`)}, false, []string{"home a under fixtures/demo.json: 2 items -> 1 items"}},
		"no items":       {control.Golden{Data: json.RawMessage(`{"a":[1,2]}`)}, control.Golden{Data: json.RawMessage(`{"a":[]}`)}, true, []string{"home a under fixtures/demo.json: 2 items -> 0 items"}},
		"an error":       {control.Golden{Data: json.RawMessage(`{"a":null}`)}, control.Golden{Data: json.RawMessage(`{"a":null}`), Errors: []string{"a limit"}}, true, []string{"home a under fixtures/demo.json: no error -> the error limit"}},
		"the same error": {control.Golden{Errors: []string{"a limit"}}, control.Golden{Errors: []string{"a limit"}}, false, nil},
		"not answered": {control.Golden{Data: json.RawMessage(`{"a":1}`)}, control.Golden{Data: json.RawMessage(`{"a":null}`), Errors: []string{"a unavailable"}, Missing: []string{"x.Y"}}, false,
			[]string{"home under fixtures/demo.json: no call of x.Y -> a call of it, of which the file says nothing", "home a under fixtures/demo.json: 1 -> null"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := films(t)
			answered := 0
			w.Render = func(_ context.Context, in control.Rendering) ([]control.Golden, error) {
				answered++
				g := c.before
				if in.Build.Locks["@originals/rows"] == "2.1.1" {
					g = c.after
				}
				g.View, g.Fixture = "home", "fixtures/demo.json"
				return []control.Golden{g}, nil
			}
			w.ships = true
			w.publish("@originals/rows@2.1.1", ``, ``, "")
			w.publish("@tv/home@3.4.2", `"device": ["tv"], "schema": "v3", "bindings": {"@originals/rows": "live"}`, `"@originals/rows": "^2.1.0"`, "view home")
			w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home"}})
			res := w.release(control.Request{Env: "prod", Deploy: []string{"@originals/rows"}})
			var got []string
			for _, d := range res.Outputs {
				got = append(got, d.String())
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("outputs (-want +got):\n%s", d)
			}
			line := strings.Join(served(res.Release), "\n")
			if held := strings.Contains(line, "@tv/home@3.4.2 + @originals/rows@2.1.0"); held != c.held || len(res.Release.Held) > 0 != c.held || len(res.Failures) > 0 != c.held {
				t.Errorf("held %v, want %v:\n%s\n%v", held, c.held, line, res.Release.Held)
			}
			if want := 2; answered != want && answered != 3*want { // what may be late is asked for again
				t.Errorf("rendered %d times", answered)
			}
		})
	}
}

// A value that was late once, as values are on a busy machine, keeps nobody where it is.
func TestLateOutputs(t *testing.T) {
	full, void := json.RawMessage(`{"a":1,"b":2}`), json.RawMessage(`{"a":null,"b":3}`)
	for name, late := range map[string]string{"before": "2.1.0", "after": "2.1.1"} {
		t.Run(name, func(t *testing.T) {
			w := films(t)
			answered := map[string]int{}
			w.Render = func(_ context.Context, in control.Rendering) ([]control.Golden, error) {
				at := in.Build.Locks["@originals/rows"]
				answered[at]++
				g := control.Golden{View: "home", Fixture: "fixtures/demo.json", Data: full}
				if at == late && answered[at] == 1 {
					g.Data = void
				}
				return []control.Golden{g}, nil
			}
			w.ships = true
			w.publish("@originals/rows@2.1.1", ``, ``, "")
			w.publish("@tv/home@3.4.2", `"device": ["tv"], "schema": "v3", "bindings": {"@originals/rows": "live"}`, `"@originals/rows": "^2.1.0"`, "view home")
			w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home"}})
			res := w.release(control.Request{Env: "prod", Deploy: []string{"@originals/rows"}})
			if len(res.Outputs) != 0 || len(res.Failures) != 0 || answered[late] != 2 {
				t.Errorf("%v %v after %v", res.Outputs, res.Failures, answered)
			}
		})
	}
}
