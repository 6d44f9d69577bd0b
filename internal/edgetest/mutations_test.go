package edgetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films"
	"facet/examples/films/tiers/trouble"
	"facet/tiers/guard"
)

// writing is the films world with every device that writes, and the edge before it, without breakers: they would end the trouble early.
func writing(t testing.TB) (*films.World, *Edge) {
	t.Helper()
	dir := Patient(t, FilmsDir())
	g := Parse(t, dir)
	world := RunTiers(t)
	w := World{Graph: g, Builds: Build(t, dir, g, "tv-home", "phone-home", "glasses-home", "web-browse"), Tiers: DialWith(t, g, world.Env(), guard.Settings{BreakerFailures: -1}), Asker: Demo()}
	return world, Open(t, w)
}

// A place is where something stands in a device's schema: a view, its argument and the fields below it.
type place struct {
	view, arg, value string
	fields           []string // "films.0" is the first of a list
}

// A client writes and reads on a device over a protocol.
type client struct {
	edge     http.Handler
	device   device
	protocol string
	viewer   string
}

type device struct {
	route    string // "/tv/v2/"
	position place
	at       func(seconds int) any // how the device shows a position
	list     place                 // the keys of the list; none on glasses
	answer   string                // what a mutation of the list gives
}

const watched = "inception-2010" // 147 minutes

func seconds(n int) any { return float64(n) }

var devices = []device{
	{"/tv/v2/", place{"film", "id", watched, []string{"position"}}, seconds, place{view: "me", fields: []string{"myList", "key"}}, "key"},
	{"/phone/v1/", place{"film", "id", watched, []string{"percent"}}, func(n int) any { return float64(min(100, n*100/(147*60))) }, place{view: "home", fields: []string{"myList", "key"}}, "total"},
	{"/glasses/v1/", place{view: "resume", fields: []string{"films.0", "at"}}, seconds, place{}, "total"},
	{"/web/v1/", place{"film", "id", watched, []string{"position"}}, seconds, place{view: "list", fields: []string{"films", "key"}}, "total"},
}

var wires = []string{"graphql", "rest", "jsongraph"}

// send asks as the client's viewer; an Idempotency-Key is sent if there is one.
func (c *client) send(method, path, contentType, body, key string) (int, map[string]any) {
	r := httptest.NewRequest(method, c.device.route+path, strings.NewReader(body))
	r.Header = http.Header{"Facet-Viewer": {c.viewer}, "Facet-Profile": {c.viewer}, "Facet-Profiles": {c.viewer}, "X-Requested-With": {"test"}, "Accept": {"application/graphql-response+json, application/json"}}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	c.edge.ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		return w.Code, map[string]any{"text": w.Body.String()}
	}
	return w.Code, out
}

// do runs a mutation; it is acknowledged if its answer has no error.
func (c *client) do(mutation, key, selection string, args ...any) (answer map[string]any, acknowledged bool) {
	names := []string{"title", "positionSeconds"}[:len(args)]
	var status int
	switch c.protocol {
	case "graphql":
		var given []string
		for i, a := range args {
			b, _ := json.Marshal(a)
			given = append(given, names[i]+": "+string(b))
		}
		body, _ := json.Marshal(map[string]string{"query": fmt.Sprintf("mutation { %s(%s) { %s } }", mutation, strings.Join(given, ", "), selection)})
		status, answer = c.send("POST", "graphql", "application/json", string(body), key)
	case "rest":
		given := map[string]any{}
		for i, a := range args {
			given[names[i]] = a
		}
		body, _ := json.Marshal(given)
		status, answer = c.send("POST", mutation+"?fields="+selection, "application/json", string(body), key)
	default:
		given, _ := json.Marshal(args)
		form := url.Values{"method": {"call"}, "callPath": {fmt.Sprintf(`[%q]`, mutation)}, "arguments": {string(given)}, "pathSuffixes": {fmt.Sprintf(`[[%q]]`, selection)}}
		status, answer = c.send("POST", "model.json", "application/x-www-form-urlencoded", form.Encode(), key)
	}
	text, _ := json.Marshal(answer)
	return answer, status == http.StatusOK && !strings.Contains(string(text), `"errors"`) && !strings.Contains(string(text), `"$type":"error"`)
}

// read gives what stands at a place: a value, or the values of a list's items. ok is false if an error or a gap stands anywhere.
func (c *client) read(p place) (value any, ok bool) {
	var names []string
	for _, f := range p.fields {
		names = append(names, strings.TrimSuffix(f, ".0"))
	}
	nested := func(open, end string) string {
		return strings.Join(names, open) + strings.Repeat(end, len(names)-1)
	}
	var status int
	var answer map[string]any
	switch c.protocol {
	case "graphql":
		arg := ""
		if p.arg != "" {
			arg = fmt.Sprintf("(%s: %q)", p.arg, p.value)
		}
		status, answer = c.send("GET", "graphql?"+url.Values{"query": {"{ " + p.view + arg + " { " + nested(" { ", " }") + " } }"}}.Encode(), "", "", "")
	case "rest":
		v := url.Values{"fields": {nested("(", ")")}}
		if p.arg != "" {
			v.Set(p.arg, p.value)
		}
		status, answer = c.send("GET", p.view+"?"+v.Encode(), "", "", "")
	default:
		path := []any{p.view}
		if p.arg != "" {
			path = append(path, p.value)
		}
		for i, n := range names {
			if path = append(path, n); strings.HasSuffix(p.fields[i], ".0") {
				path = append(path, 0)
			} else if i == 0 && len(names) > 1 {
				path = append(path, map[string]int{"to": 9})
			}
		}
		paths, _ := json.Marshal([]any{path})
		status, answer = c.send("GET", "model.json?"+url.Values{"method": {"get"}, "paths": {string(paths)}}.Encode(), "", "", "")
	}
	text, _ := json.Marshal(answer)
	if strings.Contains(string(text), `"$expires":0,`) { // a JSON Graph's way to say degraded
		return string(text), false
	}
	if status != http.StatusOK || strings.Contains(string(text), `"errors"`) || strings.Contains(string(text), `"degraded"`) || strings.Contains(string(text), `"$type":"error"`) {
		return string(text), false
	}
	root := answer["data"]
	if c.protocol == "jsongraph" {
		root = answer["jsonGraph"]
		p.fields = slices.Concat([]string{p.view, p.value}, p.fields)
		if p.value == "" {
			p.fields = slices.Delete(p.fields, 1, 2)
		}
	} else if c.protocol == "graphql" {
		p.fields = slices.Concat([]string{p.view}, p.fields)
	}
	return walk(root, root, p.fields), true
}

// walk follows fields through objects, lists and references; at a list it gives what each item has.
func walk(root, v any, fields []string) any {
	m, _ := v.(map[string]any)
	switch m["$type"] {
	case "ref":
		v = root
		for _, k := range m["value"].([]any) {
			v, _ = v.(map[string]any)[fmt.Sprint(k)], 0
		}
		return walk(root, v, fields)
	case "atom":
		return m["value"]
	}
	if list, ok := v.([]any); ok {
		out := []any{}
		for _, x := range list {
			out = append(out, walk(root, x, fields))
		}
		return out
	}
	if m != nil && m["0"] != nil { // a list of a JSON Graph
		out := []any{}
		for _, i := range slices.Sorted(maps.Keys(m)) {
			if x := walk(root, m[i], fields); x != nil {
				out = append(out, x)
			}
		}
		return out
	}
	if len(fields) == 0 || m == nil {
		return v
	}
	name, first := strings.CutSuffix(fields[0], ".0")
	got := walk(root, m[name], fields[1:])
	if list, ok := got.([]any); ok && first {
		if len(list) == 0 {
			return nil
		}
		return list[0]
	}
	return got
}

// everywhere runs a test as a client on each device over each protocol, each a viewer of its own.
func everywhere(t *testing.T, e *Edge, run func(*testing.T, *client)) {
	n := 0
	for _, d := range devices {
		for _, wire := range wires {
			n++
			c := &client{edge: e, device: d, protocol: wire, viewer: fmt.Sprint("guest-", n)}
			t.Run(strings.Split(d.route, "/")[1]+"/"+wire, func(t *testing.T) { run(t, c) })
		}
	}
}

// TestMutationsFromEveryDevice: each device, over each protocol, writes bookmarks and its list, reads its own write at once, and repeats
// a write whose answer was lost without a second effect.
func TestMutationsFromEveryDevice(t *testing.T) {
	world, e := writing(t)
	tier := &world.Tier("bookmarks").Door
	everywhere(t, e, func(t *testing.T, c *client) {
		defer tier.Set(trouble.Trouble{})
		set := map[string]string{"/tv/v2/": "position", "/phone/v1/": "percent", "/glasses/v1/": "at", "/web/v1/": "position"}[c.device.route]
		must := func(mutation, key, selection string, args ...any) map[string]any {
			t.Helper()
			answer, ok := c.do(mutation, key, selection, args...)
			if !ok {
				t.Fatalf("%s %v: %v", mutation, args, answer)
			}
			return answer
		}
		at := func(want any) {
			t.Helper()
			if got, ok := c.read(c.device.position); !ok || !cmp.Equal(got, want) {
				t.Errorf("it reads %v, want %v", got, want)
			}
		}
		listed := func(want ...any) {
			t.Helper()
			if c.device.list.view == "" {
				return
			}
			if got, ok := c.read(c.device.list); !ok || !cmp.Equal(got, append([]any{}, want...)) && !(got == nil && len(want) == 0) {
				t.Errorf("its list reads %v, want %v", got, want)
			}
		}
		must("setBookmark", "a", set, watched, 900)
		at(c.device.at(900))

		// The effect happens, its answer is lost, over the edge's own retry too; then another write; then the first one again.
		tier.Set(trouble.Trouble{Lie: trouble.LostAnswer})
		if answer, ok := c.do("setBookmark", "b", set, watched, 1800); ok {
			t.Errorf("a lost answer is acknowledged: %v", answer)
		}
		tier.Set(trouble.Trouble{})
		at(c.device.at(1800))
		must("setBookmark", "c", set, watched, 2700)
		must("setBookmark", "b", set, watched, 1800)
		at(c.device.at(2700))

		// The same key for another write is refused, and has no effect.
		if answer, ok := c.do("setBookmark", "c", set, watched, 3600); ok {
			t.Errorf("a key is good for two writes: %v", answer)
		}
		at(c.device.at(2700))

		must("addToMyList", "d", c.device.answer, watched)
		listed(watched)
		tier.Set(trouble.Trouble{Lie: trouble.LostAnswer})
		if answer, ok := c.do("removeFromMyList", "e", c.device.answer, watched); ok {
			t.Errorf("a lost answer is acknowledged: %v", answer)
		}
		tier.Set(trouble.Trouble{})
		listed()
		must("addToMyList", "d", c.device.answer, watched) // late, from a network that kept it
		listed()
		must("removeFromMyList", "e", c.device.answer, watched)
		must("addToMyList", "f", c.device.answer, "jaws-1975")
		listed("jaws-1975")

		cleared := map[string]string{"/glasses/v1/": "key"}[c.device.route]
		if cleared == "" {
			cleared = "title"
		}
		must("clearBookmark", "g", cleared, watched)
		at(nil)
	})
}

// TestPartialFailure: of a mutation's two effects the second fails: the answer names it, and says what the first made stale.
func TestPartialFailure(t *testing.T) {
	_, e := writing(t)
	everywhere(t, e, func(t *testing.T, c *client) {
		if c.device.route != "/tv/v2/" && c.device.route != "/web/v1/" {
			return // they have no mutation of two effects
		}
		answer, ok := c.do("putAside", "p", "listed", watched, 100_000) // longer than any film: the tier refuses the bookmark
		text, _ := json.Marshal(answer)
		if ok || !strings.Contains(string(text), "invalid") || c.protocol == "graphql" && !strings.Contains(string(text), `"path":["putAside"]`) ||
			c.protocol == "jsongraph" && !strings.Contains(string(text), `{"putAside":{"result":{"$expires":`) {
			t.Errorf("the failure is not told: %s", text)
		}
		stale := map[string]string{"/tv/v2/": `Profile`, "/web/v1/": `list`}[c.device.route]
		if _, what, _ := strings.Cut(string(text), "invalidated"); !strings.Contains(what, stale) {
			t.Errorf("what the first effect made stale is not told: %s", text)
		}
		if got, ok := c.read(c.device.list); !ok || !cmp.Equal(got, any([]any{watched})) {
			t.Errorf("the first effect: the list reads %v", got)
		}
		if got, ok := c.read(c.device.position); !ok || got != nil {
			t.Errorf("the second effect: the position reads %v", got)
		}
		// With a position that a film has, both happen, and the list is not longer for it.
		if answer, ok := c.do("putAside", "q", "listed", watched, 60); !ok {
			t.Errorf("%v", answer)
		}
		if got, ok := c.read(c.device.position); !ok || got != c.device.at(60) {
			t.Errorf("the position reads %v", got)
		}
	})
}
