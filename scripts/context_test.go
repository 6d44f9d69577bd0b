package scripts

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"facet/fault"
)

// TestContextInputs: what a view reads of the request is known of each field, and time and random are for no shared cache.
func TestContextInputs(t *testing.T) {
	g := films(t)
	b, ds := Build(t.Context(), source(t, imports+`export const v = view({ build: (_, { device, now, random, region }) => ({
  now, random, band: device.bandwidth, app: device.appVersion, where: region,
  width: device.bandwidth.pick({ low: 160, default: 342 }), half: computed.float({ now }, ({ now }) => now / 2),
  title: graph.title({ id: "a" }).title,
}) });`), nil, g, Options{})
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"now": "now", "random": "random", "band": "device.bandwidth", "app": "device.appVersion", "where": "region", "width": "device.bandwidth", "half": "now", "title": ""} {
		if got := strings.Join(b.Views[0].Output.Field(name).Reads, " "); got != want {
			t.Errorf("%s reads %q, want %q", name, got, want)
		}
	}
	for _, input := range []string{"now", "random"} {
		_, ds := Build(t.Context(), source(t, imports+fmt.Sprintf(`export const v = view({ cache: { maxAge: "30s", scope: "public" }, build: (_, { %s: x }) => ({ a: computed.float({ x }, ({ x }) => x) }) });`, input)), nil, g, Options{})
		if len(ds) != 1 || ds[0].Code != "F176" || !strings.Contains(ds[0].Text, "v.a depends on "+input) {
			t.Errorf("%s in a public view: got %v", input, ds)
		}
	}
}

// TestForksAreWarnedOf: a view whose choices multiply past what is planned ahead is told; equal choices count once.
func TestForksAreWarnedOf(t *testing.T) {
	g := films(t)
	text := func(n int, name func(i int) string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "f%d: cell(%q).pick({ a: graph.title({ id: \"a%d\" }).title, b: graph.title({ id: \"b\" }).title, default: null }),\n", i, name(i), i)
		}
		return imports + "export const v = view({ build: () => ({\n" + b.String() + "}) });"
	}
	each := func(i int) string { return fmt.Sprint("x", i) }
	for _, tt := range []struct {
		name string
		text string
		want string
	}{
		{"three", text(3, each), ""},
		{"ten of one experiment", text(10, func(int) string { return "x" }), ""},
		{"four", text(4, each), "view v chooses by cell:x0, cell:x1, cell:x2 and 1 more what it loads: 81 ways to go, of which 64 are planned ahead; further choices are decided for each answer"},
		{"fifty", text(50, each), "view v chooses by cell:x0, cell:x1, cell:x2 and 47 more what it loads: 7e+23 ways to go, of which 64 are planned ahead; further choices are decided for each answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, ds := Build(t.Context(), source(t, tt.text), nil, g, Options{})
			i := slices.IndexFunc(ds, func(d fault.Diagnostic) bool { return d.Code == "F192" })
			switch {
			case ds.Failed():
				t.Fatal(ds)
			case tt.want == "" && i >= 0 || tt.want != "" && i < 0:
				t.Errorf("got %v", ds)
			case i >= 0 && ds[i].Text != tt.want:
				t.Errorf("got  %s\nwant %s", ds[i].Text, tt.want)
			}
		})
	}
}
