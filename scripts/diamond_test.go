package scripts

import (
	"fmt"
	"strings"
	"testing"

	"facet/pack"
)

// Two modules link two versions of a third: the package gets both, and its build says so.
func TestDiamond(t *testing.T) {
	open := func(name, version, deps, edge string, source string) *pack.Package {
		t.Helper()
		manifest := fmt.Sprintf(`{"name": %q, "version": %q, "type": "module", "exports": "./index.ts", "dependencies": {%s}, "edge": {%s}}`, name, version, deps, edge)
		m, ds := pack.ParseManifest([]byte(manifest))
		if err := ds.Err(); err != nil {
			t.Fatal(err)
		}
		return &pack.Package{Manifest: m, Files: map[string][]byte{"package.json": []byte(manifest), "index.ts": []byte(source)}}
	}
	app := open("@tv/home", "1.0.0", `"@a/left": "^1", "@a/right": "^1"`, `"device": ["tv"], "schema": "v1"`,
		"import { view } from \"@facet/sdk\"; import { left } from \"@a/left\"; import { right } from \"@a/right\";\nexport const home = view({ build: () => ({ left, right }) });\n")
	lock := &pack.Lock{Modules: map[string]*pack.Package{}, Uses: map[string]map[string]string{app.ID(): {"@a/left": "@a/left@1.0.0", "@a/right": "@a/right@1.0.0"}}}
	for side, base := range map[string]string{"left": "10.0.0", "right": "9.1.0"} {
		m := open("@a/"+side, "1.0.0", `"@a/base": "`+base+`"`, "", "import { version } from \"@a/base\"; export const "+side+" = version;\n")
		b := open("@a/base", base, "", "", "export const version = \""+base+"\";\n")
		lock.Modules[m.ID()], lock.Modules[b.ID()] = m, b
		lock.Uses[m.ID()] = map[string]string{"@a/base": b.ID()}
	}
	b, ds := Build(t.Context(), app, lock, films(t), Options{})
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	if got := b.Locks["@a/base"]; got != "9.1.0, 10.0.0" || b.Locks["@a/left"] != "1.0.0" {
		t.Errorf("locks %v", b.Locks)
	}
	if text := b.String(); !strings.Contains(text, `"10.0.0"`) || !strings.Contains(text, `"9.1.0"`) {
		t.Errorf("each module does not have its own version:\n%s", text)
	}
}
