package graphql_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"facet/serve/graphql"
	"facet/view"
)

// modules installs what testdata/package-lock.json names, once, if it is not there.
var modules = sync.OnceValue(func() error {
	if _, err := os.Stat("testdata/node_modules/.package-lock.json"); err == nil {
		return nil
	}
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund")
	cmd.Dir = "testdata"
	out, err := cmd.CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return err
})

// node runs a script of testdata and gives what it prints.
func node(t *testing.T, stdin, script string, args ...string) string {
	t.Helper()
	if err := modules(); err != nil {
		t.Fatalf("npm ci in serve/graphql/testdata: %v; these tests need Node 20 with npm and, once, the npm registry", err)
	}
	cmd := exec.Command("node", append([]string{script}, args...)...)
	cmd.Dir = "testdata"
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node %s: %v\n%s%s", script, err, out, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// overruled are the audits that the edition of September 2026 decides otherwise: it has one set of status codes for both
// media types, and 422 where there was 400. (The document that the audits mean to be not valid does not parse: a name begins
// with a digit. So 74FF, which wants 400 for it, holds here.)
var overruled = map[string]string{
	"572B": "a document that cannot be parsed is 400, with application/json too",
	"FDE2": "it is 400 as above, or 422 for one that does parse, with application/json too",
	"7B9B": "variables that do not fit are 422, with application/json too",
	"86EE": "variables that do not fit are 422",
}

func TestAudits(t *testing.T) {
	for _, draft := range []bool{false, true} {
		t.Run(map[bool]string{false: "2026", true: "draft"}[draft], func(t *testing.T) {
			srv := httptest.NewServer(serveWorld(films(t), func(o *graphql.Options) { o.Draft = draft }))
			defer srv.Close()
			var results []struct{ ID, Name, Status, Reason string }
			if err := json.Unmarshal([]byte(node(t, "", "audit.mjs", srv.URL+"/tv/v3/graphql")), &results); err != nil {
				t.Fatal(err)
			}
			if len(results) < 60 {
				t.Fatalf("only %d audits ran", len(results))
			}
			for _, r := range results {
				optional := strings.HasPrefix(r.Name, "MAY")
				_, over := overruled[r.ID]
				switch {
				case r.Status == "ok" && over && !draft:
					t.Errorf("%s passes and is listed as overruled", r.ID)
				case r.Status == "ok", optional, over && !draft:
				default:
					t.Errorf("%s %s: %s %s", r.ID, r.Name, r.Status, r.Reason)
				}
			}
		})
	}
}

func TestIntrospectionEqualsSDL(t *testing.T) {
	w := films(t)
	srv := httptest.NewServer(serveWorld(w, nil))
	defer srv.Close()
	if out := node(t, w.surface.SDL(), "introspect.mjs", srv.URL+"/tv/v3/graphql"); out != "equal" {
		t.Error(out)
	}
}

func TestOpenAPIIsValid(t *testing.T) {
	doc, err := films(t).surface.OpenAPI(view.API{})
	if err != nil {
		t.Fatal(err)
	}
	if out := node(t, string(doc), "openapi.mjs"); out != "valid" {
		t.Error(out)
	}
}
