package scripts

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateNatives = flag.Bool("update-natives", false, "write testdata/natives.txt anew")

// naturalWalk finds every function that code can come to from the globals that it sees and from the values of literals.
const naturalWalk = `(function () {
  var seen = [], out = [];
  function note(path, f) { out.push(path + (Object.isFrozen(f) ? "" : " OPEN")); }
  function visit(path, o) {
    if (o === null || typeof o !== "object" && typeof o !== "function") return;
    if (seen.indexOf(o) >= 0) return;
    seen.push(o);
    if (typeof o === "function") note(path, o);
    keysOf(o).forEach(function (k) {
      var r = o, d = describe(o, k), name = path + (typeof k === "symbol" ? "[" + String(k) + "]" : "." + k);
      if (!d) return;
      if ("value" in d) visit(name, d.value);
      else {
        visit(name + " get", d.get); visit(name + " set", d.set);
        try { visit(name, r[k]); } catch (e) {}
      }
    });
  }
  roots.forEach(function (r) {
    visit(r[0], r[1]);
    for (var p = protoOf(r[1]), at = r[0] + "^"; p; p = protoOf(p), at += "^") visit(at, p);
  });
  return out.join("\n");
})()`

// TestNatives holds the list of all functions that computed functions can reach. A new one of the engine has to be looked at: is it
// bounded by its nature, is there a guard for it, or must it go?
func TestNatives(t *testing.T) {
	o := RunOptions{}.filled()
	m, err := bareMachine(&o, func(m *machine) {
		_, err := m.vm.RunString(`var keysOf = Reflect.ownKeys, describe = Object.getOwnPropertyDescriptor, protoOf = Object.getPrototypeOf;`)
		if err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.stop()
	var roots []string
	for name := range computedGlobals {
		roots = append(roots, `["`+name+`", `+name+`]`)
	}
	slices.Sort(roots)
	roots = append(roots, `["format", format]`, `["function", function () {}]`, `["()=>", () => 1]`, `["[]", []]`, `["{}", {}]`, `["'s'", Object("s")]`, `["1", Object(1)]`, `["true", Object(true)]`,
		`["/x/", /x/]`, `["[].values()", [].values()]`, `["map.entries()", new Map().entries()]`, `["set.values()", new Set().values()]`, `["arguments", (function () { "use strict"; return arguments })()]`,
		`["null.x", (function () { try { null.x } catch (e) { return e } })()]`, `["class", class {}]`, `["instance", new (class { m() {} })()]`)
	v, err := m.vm.RunString("(function () { var roots = [" + strings.Join(roots, ",") + "].map(function (r) { return [r[0], r[1]] }).filter(function (r) { return r[1] !== null && (typeof r[1] === 'object' || typeof r[1] === 'function') });\nreturn " + naturalWalk + "})()")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(v.String(), "\n")
	slices.Sort(got)
	text := strings.Join(got, "\n") + "\n"
	const file = "testdata/natives.txt"
	if *updateNatives {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), text); d != "" {
		t.Errorf("-list +reached:\n%s", d)
	}
}
