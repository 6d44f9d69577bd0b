package main

import (
	"strings"
	"testing"

	"facet/serve/console"
)

// TestTiersAreSaid: people and programs that start `edge dev` are told where the tiers listen, and where they are told to misbehave.
func TestTiersAreSaid(t *testing.T) {
	env := map[string]string{"TIERS_ADMIN": "http://127.0.0.1:2", "CATALOG_URL": "http://127.0.0.1:1"}
	if got, want := announced(env, ""), "CATALOG_URL=http://127.0.0.1:1\nTIERS_ADMIN=http://127.0.0.1:2\n"; got != want {
		t.Errorf("announced: %q, want %q", got, want)
	}
	site := console.Site{Routes: []console.Route{{Device: "tv", Schema: "v2"}}}
	for tiers, want := range map[string]bool{"": false, announced(env, "  "): true} {
		var b strings.Builder
		tour(&b, "http://localhost", "", tiers, site)
		if got := strings.Contains(b.String(), "\nWhere the tiers are:\n  CATALOG_URL="); got != want {
			t.Errorf("the tour names the tiers: %v, want %v:\n%s", got, want, b.String())
		}
	}
}
