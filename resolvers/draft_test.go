package resolvers

import (
	"strings"
	"testing"
)

func TestUnpublished(t *testing.T) {
	w := newWorld(t, Limits{})
	w.films()
	const query = `mutation($e: String!, $dry: Boolean!, $f: Upload!) { release(input: {env: $e, dryRun: $dry, unpublished: [{tarball: $f}]}) {
  ok release drafts { ok package version tag new diagnostics { code line } changes { route } } changed diff { routes { route } } } }`
	home := func(text string) []byte {
		return tarball(t, "@tv/home@3.5.0", `"device": ["tv"], "schema": "v3"`, ``, text)
	}
	for _, c := range []struct {
		name, who, env string
		dry            bool
		file           []byte
		status         int
		want           string
	}{
		{"all of it", "ci", "prod", true, home("view home\nview more"), 200, `{"ok":true,"release":"","drafts":[{"ok":true,"package":"@tv/home","version":"3.5.0","tag":"latest","new":true,"diagnostics":[],"changes":[{"route":"tv/v3"}]}],` +
			`"changed":["tv/v3 @tv/home 3.4.1 -\u003e 3.5.0"],"diff":{"routes":[{"route":"tv/v3"}]}}`},
		{"a mistake", "root", "prod", true, home("mistake"), 200, `{"ok":false,"release":"","drafts":[{"ok":false,"package":"@tv/home","version":"3.5.0","tag":"latest","new":true,"diagnostics":[{"code":"F999","line":1}]`},
		{"the scope of the package", "tv", "dev", true, home("view home"), 200, `"ok":true`},
		{"another's package", "tv", "dev", true, tarball(t, "@phone/home@2.0.0", `"device": ["phone"], "schema": "v1"`, ``, "view home"), 403, `"code":"forbidden"`},
		{"no scope publish", "release", "prod", true, home("view home"), 403, `"code":"forbidden"`},
		{"no scope deploy", "one", "prod", true, home("view home"), 403, `"code":"forbidden"`},
		{"no dry run", "root", "prod", false, home("view home"), 200, `"code":"invalid"`},
		{"no tarball", "root", "prod", true, []byte("x"), 200, `"code":"invalid"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.upload(c.who, query, map[string]any{"e": c.env, "dry": c.dry}, c.file)
			if a.status != c.status || !strings.Contains(a.text, c.want) {
				t.Errorf("%d %s", a.status, a.text)
			}
		})
	}
	if a := w.must("root", `{ package(name: "@tv/home") { versions { version } } }`, nil); strings.Contains(a.text, "3.5.0") {
		t.Errorf("published: %s", a.text)
	}
}
