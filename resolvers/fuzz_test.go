package resolvers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"facet/control"
	"facet/storage/memory"
)

// FuzzRequest sends bodies to an API over an empty store: whatever they are, the answer is JSON with a kind for each error, soon, and
// nothing panics.
func FuzzRequest(f *testing.F) {
	media, body := form(f, "operations", `{"query": "mutation($f: Upload!) { publish(tarball: $f) { ok } }", "variables": {"f": null}}`, "map", `{"0": ["variables.f"]}`, "0", "x")
	f.Add(media, body)
	media, body = form(f, "operations", `{"query": "{ __typename }", "variables": {"f": [null, {"a": null}]}}`, "map", `{"0": ["variables.f.1.a"]}`, "0", "x")
	f.Add(media, body)
	for _, query := range []string{
		`{ packages { name } }`, `{ ...a } fragment a on Query { ...b ...b } fragment b on Query { ...a packages { name } }`,
		`subscription { status(env: \"x\") { env } }`, `mutation { release(input: {env: \"dev\", deploy: [\"@a/b@^1\"], activateAt: \"x\"}) { ok } }`,
		`mutation { publishGraph(sdl: \"type Query { a: Int }\", version: \"1.0.0\") { ok diagnostics { message } } }`, `query($a: Int = 1) { packages(first: $a) { versions { version } } }`,
		`{ diff(env: \"dev\", from: \"~9\", to: \"0123456\") { from } }`, `{ __schema { types { name } } }`,
	} {
		f.Add("application/json", []byte(`{"query": "`+query+`", "variables": {"a": 5}}`))
	}
	tokens, err := NewTokens([]Token{{Name: "fuzz", SHA256: HashToken("secret"), Scopes: []string{"admin"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		var log strings.Builder
		h := Handler(Options{Control: &control.Control{Store: memory.New(), Build: build, Builder: "fuzz"}, Tokens: tokens, Log: zerolog.New(&log), Limits: Limits{Time: 5 * time.Second}})
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(string(body)))
		req.Header.Set("Content-Type", media)
		req.Header.Set("Authorization", "Bearer secret")
		w := httptest.NewRecorder()
		began := time.Now()
		h.ServeHTTP(w, req)
		if took := time.Since(began); took > 4*time.Second {
			t.Fatalf("%v", took)
		}
		a := parsed(t, w.Result())
		for i, e := range a.Errors {
			if !isKind(e.Extensions.Code) || e.Message == "" {
				t.Fatalf("error %d: %s", i, a.text)
			}
		}
		if len(a.Errors) == 0 && (a.status != http.StatusOK || len(a.Data) == 0) {
			t.Fatalf("%d %s", a.status, a.text)
		}
		if strings.Contains(log.String(), `"panic"`) {
			t.Fatal(log.String())
		}
	})
}

// FuzzTokens reads what a configuration and a request may hold of tokens.
func FuzzTokens(f *testing.F) {
	f.Add("ci", HashToken("secret"), "publish:@tv", "Bearer secret")
	f.Add("a b", strings.Repeat("g", 64), "deploy:prod", "bearer  secret ")
	f.Add("", "", "publish:@tv/home", "Basic c2VjcmV0")
	f.Fuzz(func(t *testing.T, name, sum, scope, header string) {
		tokens, err := NewTokens([]Token{{Name: name, SHA256: sum, Scopes: []string{scope}}})
		if err != nil {
			return
		}
		req := httptest.NewRequest(http.MethodPost, "/graphql", nil)
		req.Header["Authorization"] = []string{header}
		who := tokens.find(bearer(req))
		if who == nil {
			return
		}
		if HashToken(bearer(req)) != strings.ToLower(sum) {
			t.Fatalf("%q opens what %q holds", header, sum)
		}
		if verb, subject, narrowed := strings.Cut(scope, ":"); narrowed && (who.has(verb, "") || who.has(verb, subject+"x") && !strings.HasPrefix(subject, "@")) {
			t.Fatalf("%q allows more", scope)
		}
	})
}
