package resolvers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/control"
	"facet/fault"
	"facet/view"
)

func TestTokens(t *testing.T) {
	sum := HashToken("secret")
	for name, list := range map[string][]Token{
		"no name":      {{SHA256: sum, Scopes: []string{"read"}}},
		"no digest":    {{Name: "a", Scopes: []string{"read"}}},
		"short digest": {{Name: "a", SHA256: sum[:10], Scopes: []string{"read"}}},
		"no scope":     {{Name: "a", SHA256: sum}},
		"odd scope":    {{Name: "a", SHA256: sum, Scopes: []string{"write"}}},
		"odd subject":  {{Name: "a", SHA256: sum, Scopes: []string{"read:prod"}}},
		"twice":        {{Name: "a", SHA256: sum, Scopes: []string{"read"}}, {Name: "b", SHA256: sum, Scopes: []string{"read"}}},
		"one name":     {{Name: "a", SHA256: sum, Scopes: []string{"read"}}, {Name: "a", SHA256: HashToken("x"), Scopes: []string{"read"}}},
	} {
		if _, err := NewTokens(list); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

// TestScopes asks for every mutation, and reading, with every token.
func TestScopes(t *testing.T) {
	w := newWorld(t, Limits{})
	w.films()
	home := tarball(t, "@tv/home@3.4.1", `"device": ["tv"], "schema": "v3", "bindings": {"@originals/rows": "live"}`, `"@originals/rows": "^2.1.0"`, "view home")
	play := tarball(t, "@tv/player@1.0.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	phone := tarball(t, "@phone/home@1.0.0", `"device": ["phone"], "schema": "v1"`, ``, "view home")
	publish := func(b []byte) func(who string) *answer {
		return func(who string) *answer {
			return w.upload(who, `mutation($f: Upload!) { publish(tarball: $f) { ok } }`, nil, b)
		}
	}
	ask := func(query string) func(who string) *answer {
		return func(who string) *answer { return w.ask(who, query, map[string]any{}) }
	}
	asks := map[string]func(who string) *answer{
		"publish @tv/home":    publish(home),
		"publish @tv/player":  publish(play),
		"publish @phone/home": publish(phone),
		"setTag @tv/home":     ask(`mutation { setTag(package: "@tv/home", tag: "beta", version: "3.4.1") { name } }`),
		"removeTag @tv/home":  ask(`mutation { setTag(package: "@tv/home", tag: "gone", version: "3.4.1") { name } removeTag(package: "@tv/home", tag: "gone") { name } }`),
		"deprecate @phone":    ask(`mutation { deprecate(package: "@phone/home", versions: "^1.0.0", message: "") { name } }`),
		"publishGraph":        ask(`mutation { publishGraph(sdl: "type Query", version: "1.0") { ok } }`),
		"release dev":         ask(`mutation { release(input: {env: "dev", deploy: ["@tv/home"]}) { ok } }`),
		"release prod":        ask(`mutation { release(input: {env: "prod", deploy: ["@tv/home"]}) { ok } }`),
		"rollback prod":       ask(`mutation { rollback(input: {env: "prod", to: "0000000"}) { ok } }`),
		"read":                ask(`{ packages { name } }`),
		"introspect":          ask(`{ __schema { queryType { name } } }`),
		"typename":            ask(`{ __typename }`),
		"mutation typename":   ask(`mutation { __typename }`),
	}
	reads := []string{"introspect", "read", "typename"}
	publishes := []string{"publish @phone/home", "publish @tv/home", "publish @tv/player", "deprecate @phone", "removeTag @tv/home", "setTag @tv/home"}
	want := map[string][]string{
		"root":    slices.Concat(reads, publishes, []string{"publishGraph", "release dev", "release prod", "rollback prod"}),
		"reader":  reads,
		"ci":      slices.Concat(publishes, []string{"publishGraph", "release dev", "release prod", "rollback prod"}),
		"tv":      slices.Concat(reads, []string{"publish @tv/home", "publish @tv/player", "removeTag @tv/home", "setTag @tv/home", "release dev"}),
		"one":     {"publish @tv/home", "removeTag @tv/home", "setTag @tv/home"},
		"graphs":  {"publishGraph"},
		"release": {"release prod", "rollback prod"},
	}
	for who := range holders {
		may := append([]string{"mutation typename"}, want[who]...)
		slices.Sort(may)
		var got []string
		for _, name := range slices.Sorted(maps.Keys(asks)) {
			a := asks[name](who)
			switch forbidden := a.code() == string(fault.Forbidden); {
			case forbidden != (a.status == http.StatusForbidden):
				t.Errorf("%s as %s: %d %s", name, who, a.status, a.text)
			case !forbidden:
				got = append(got, name)
			default:
				verb, _, _ := strings.Cut(name, " ")
				scope := map[string]string{"publishGraph": "graph", "rollback": "deploy:prod", "release": "deploy:", "introspect": "read", "read": "read", "typename": "read"}[verb]
				if scope == "" {
					scope = "publish"
				}
				if !strings.Contains(a.Errors[0].Message, "lacks the scope "+scope) {
					t.Errorf("%s as %s does not name the scope: %s", name, who, a.text)
				}
			}
		}
		if d := cmp.Diff(may, got); d != "" {
			t.Errorf("%s may (-want +got):\n%s", who, d)
		}
	}
	for _, who := range []string{"", "nobody", "root-secre"} {
		for name, do := range asks {
			if a := do(who); a.status != http.StatusUnauthorized || a.code() != string(fault.Unauthorized) || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s as %q: %d %s", name, who, a.status, a.text)
			}
		}
	}
}

// TestForm sends requests that are none.
func TestForm(t *testing.T) {
	w := newWorld(t, Limits{Body: 8 << 10, Upload: 64 << 10, Memory: 4 << 10, Query: 6 << 10})
	w.films()
	operations := `{"query": "mutation($f: Upload!) { publish(tarball: $f) { ok } }", "variables": {"f": null}}`
	multi := func(parts ...string) func() *answer {
		return func() *answer {
			media, body := form(t, parts...)
			return w.send("root", media, body)
		}
	}
	query := func(q string) func() *answer { return func() *answer { return w.ask("root", q, nil) } }
	body := func(media, text string) func() *answer {
		return func() *answer { return w.send("root", media, []byte(text)) }
	}
	bomb := "{ " + strings.Repeat("...a ", 10) + "}"
	for i := range 12 {
		bomb += " fragment " + string(rune('a'+i)) + " on Query { " + strings.Repeat("..."+string(rune('b'+i))+" ", 10) + "}"
	}
	bomb += " fragment m on Query { packages { name } }"
	for name, row := range map[string]struct {
		ask    func() *answer
		status int
		code   fault.Kind
	}{
		"no JSON":                {body("application/json", `{"query"`), 400, fault.Invalid},
		"a list":                 {body("application/json", `[]`), 400, fault.Invalid},
		"no query":               {body("application/json", `{"variables": {}}`), 400, fault.Invalid},
		"null":                   {body("application/json", `null`), 400, fault.Invalid},
		"text":                   {body("text/plain", `{"query": "{ __typename }"}`), 415, fault.Invalid},
		"form":                   {body("application/x-www-form-urlencoded", `query=%7B__typename%7D`), 415, fault.Invalid},
		"no type":                {body("", `{"query": "{ __typename }"}`), 415, fault.Invalid},
		"long body":              {body("application/json", `{"query": "`+strings.Repeat(" ", 9<<10)+`"}`), 413, fault.TooLarge},
		"long document":          {query(strings.Repeat(" ", 7<<10) + "{ __typename }"), 422, fault.TooLarge},
		"syntax":                 {query("{ packages {"), 422, fault.Invalid},
		"unknown field":          {query("{ packets { name } }"), 422, fault.Invalid},
		"no operation":           {query("fragment a on Query { __typename }"), 422, fault.Invalid},
		"wrong variable":         {query("query($n: Int!) { packages(first: $n) { name } }"), 422, fault.Invalid},
		"many aliases":           {query("{ " + strings.Repeat("x: packages { name } ", 11) + "}"), 422, fault.Limit},
		"many fields":            {query("{ packages { " + strings.Repeat("name ", 601) + "} }"), 422, fault.Limit},
		"deep":                   {query("{ __schema { types " + strings.Repeat("{ ofType ", 21) + "{ name }" + strings.Repeat(" }", 21) + "} }"), 422, fault.Limit},
		"fragment bomb":          {query(bomb), 422, fault.Limit},
		"fragment cycle":         {query("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"), 422, fault.Invalid},
		"complex":                {query("{ packages(first: 1000) { versions(first: 1000) { version } } }"), 422, fault.Limit},
		"first 0":                {query("{ packages(first: 0) { name } }"), 200, fault.Invalid},
		"first negative":         {query(`{ package(name: "@tv/home") { versions(first: -1) { version } } }`), 200, fault.Invalid},
		"first 1001":             {query(`{ releases(env: "dev", first: 1001) { digest } }`), 200, fault.Invalid},
		"subscription over JSON": {query(`subscription { status(env: "nowhere") { env } }`), 200, fault.NotFound},
		"upload as text":         {query(`mutation { publish(tarball: "x") { ok } }`), 200, fault.Invalid},
		"upload null":            {query(`mutation { publish(tarball: null) { ok } }`), 422, fault.Invalid},
		"form without parts":     {multi(), 422, fault.Invalid},
		"map first":              {multi("map", `{}`, "operations", operations), 422, fault.Invalid},
		"garbage operations":     {multi("operations", `{`, "map", `{}`), 422, fault.Invalid},
		"garbage map":            {multi("operations", operations, "map", `[1]`, "0", "x"), 422, fault.Invalid},
		"no file":                {multi("operations", operations, "map", `{"0": ["variables.f"]}`), 422, fault.Invalid},
		"unmapped file":          {multi("operations", operations, "map", `{}`, "0", "x"), 422, fault.Invalid},
		"odd path":               {multi("operations", operations, "map", `{"0": ["variables.g.h.0"]}`, "0", "x"), 422, fault.Invalid},
		"path of a list":         {multi("operations", `{"query": "{ __typename }", "variables": {"f": [null]}}`, "map", `{"0": ["variables.f.9"]}`, "0", "x"), 422, fault.Invalid},
		"empty path":             {multi("operations", operations, "map", `{"0": [""]}`, "0", "x"), 422, fault.Invalid},
		"no tarball":             {multi("operations", operations, "map", `{"0": ["variables.f"]}`, "0", "no gzip"), 200, fault.Invalid},
		"empty tarball":          {multi("operations", operations, "map", `{"0": ["variables.f"]}`, "0", ""), 200, fault.Invalid},
		"cut tarball": {multi("operations", operations, "map", `{"0": ["variables.f"]}`, "0",
			string(tarball(t, "@tv/home@3.4.2", `"device": ["tv"], "schema": "v3"`, ``, "view home")[:100])), 200, fault.Invalid},
		"large upload": {multi("operations", operations, "map", `{"0": ["variables.f"]}`, "0", strings.Repeat("x", 65<<10)), 413, fault.TooLarge},
		"cut form":     {body("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{}"), 422, fault.Invalid},
		"no boundary":  {body("multipart/form-data", "x"), 422, fault.Invalid},
	} {
		a := row.ask()
		if a.status != row.status || a.code() != string(row.code) {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.text, row.status, row.code)
		}
		if a.header.Get("Content-Type") != "application/json" || a.header.Get("X-Request-Id") == "" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", name, a.header)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/": 404, "/graphql": 405} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
		if a := w.do(req); a.status != want {
			t.Errorf("GET %s: %d, want %d", path, a.status, want)
		}
	}
	// A body without a length is cut off at the same place.
	media, long := form(t, "operations", operations, "map", `{"0": ["variables.f"]}`, "0", strings.Repeat("x", 65<<10))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/graphql", struct{ *strings.Reader }{strings.NewReader(string(long))})
	req.ContentLength = -1
	req.Header.Set("Content-Type", media)
	req.Header.Set("Authorization", "Bearer root-secret")
	if a := w.do(req); a.status != http.StatusRequestEntityTooLarge || a.code() != string(fault.TooLarge) {
		t.Errorf("a long body without a length: %d %s", a.status, a.text)
	}
}

// TestPanic makes the builder panic: the asker is told nothing of why, the log all of it.
func TestPanic(t *testing.T) {
	w := newWorld(t, Limits{})
	w.films()
	a := w.upload("root", `mutation($f: Upload!) { publish(tarball: $f) { ok } }`, nil, tarball(t, "@tv/panic@1.0.0", `"device": ["tv"], "schema": "v9"`, ``, "panic"))
	if a.code() != string(fault.Internal) || strings.Contains(a.text, "secret") || a.Errors[0].Extensions.Request == "" {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if log := w.log.String(); !strings.Contains(log, "the secret of the builder") || !strings.Contains(log, a.Errors[0].Extensions.Request) {
		t.Errorf("the log says %s", log)
	}
}

// TestKinds shows a fault of every kind: its word, and of what is internal nothing more.
func TestKinds(t *testing.T) {
	for _, k := range fault.Kinds() {
		err := &fault.Error{Kind: k, Op: "control.op", Subject: "@tv/home", Message: "the sentence", Err: errors.New("the cause"), Hint: "the hint"}
		for _, e := range []error{err, fmt.Errorf("around: %w", err)} {
			g := told(e)
			if g.Extensions["code"] != string(k) || g.Extensions["hint"] != "the hint" || strings.Contains(g.Message, "cause") || strings.Contains(g.Message, "control.op") {
				t.Errorf("%s: %v %v", k, g.Message, g.Extensions)
			}
			if shown := strings.Contains(g.Message, "the sentence"); shown == (k == fault.Internal) {
				t.Errorf("%s: %s", k, g.Message)
			}
			if of := strings.HasPrefix(g.Message, "@tv/home: "); of != slices.Contains(named, k) {
				t.Errorf("%s: %s", k, g.Message)
			}
		}
	}
}

// TestUploads lets in only so many uploads at a time, and tells the others to come back.
func TestUploads(t *testing.T) {
	w := newWorld(t, Limits{Uploads: 1})
	w.films()
	began, finish := make(chan struct{}), make(chan struct{})
	inner := w.control.Build
	w.control.Build = func(ctx context.Context, in control.Input) (*view.Build, fault.Diagnostics, error) {
		close(began)
		<-finish
		return inner(ctx, in)
	}
	const mutation = `mutation($f: Upload!) { publish(tarball: $f) { ok } }`
	done := make(chan *answer)
	slow := tarball(t, "@tv/slow@1.0.0", `"device": ["tv"], "schema": "v9"`, ``, "view slow")
	go func() { done <- w.upload("root", mutation, nil, slow) }()
	<-began
	if a := w.upload("root", mutation, nil, tarball(t, "@tv/late@1.0.0", `"device": ["tv"], "schema": "v9"`, ``, "view late")); a.status != http.StatusTooManyRequests || a.code() != string(fault.Limit) || a.header.Get("Retry-After") == "" {
		t.Errorf("a second upload: %d %s", a.status, a.text)
	}
	w.must("reader", `{ graphs { version } }`, nil)
	close(finish)
	if a := <-done; a.status != 200 || len(a.Errors) > 0 {
		t.Errorf("the first upload: %d %s", a.status, a.text)
	}
}

// TestOperators lets operators deploy different packages at once: all land, each in a release of its own, or are told what conflicts.
func TestOperators(t *testing.T) {
	w := newWorld(t, Limits{})
	w.films()
	const n = 8
	for i := range n {
		w.publish(fmt.Sprintf("@tv/app%d@1.0.0", i), `"device": ["tv"], "schema": "v3"`, ``, fmt.Sprintf("view app%d", i))
	}
	answers := make(chan *answer, n)
	for i := range n {
		go func() {
			answers <- w.ask("root", `mutation($p: String!) { release(input: {env: "prod", deploy: [$p]}) { ok release diagnostics { message } failures { package diagnostics { message } } } }`, map[string]any{"p": fmt.Sprintf("@tv/app%d", i)})
		}()
	}
	landed := 0
	for range n {
		switch a := <-answers; {
		case strings.Contains(a.text, `"ok":true`):
			landed++
		case a.code() != string(fault.Conflict):
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	a := w.must("reader", `{ contents(env: "prod") { mounts { package } } }`, nil)
	if got := strings.Count(a.text, "@tv/app"); got != landed || landed == 0 {
		t.Errorf("%d of %d are mounted: %s", got, landed, a.text)
	}
}
