package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"facet/asker"
)

const askerGraph = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "base", http: { baseURL: "{$env.ASKER_TIER}" }, timeout: "2s")

type Query {
  viewer(id: ID!): Viewer
  base: String @connect(source: "base", http: { GET: "/base" }, selection: "$.v")
}

type Viewer @key(fields: "id") @connect(source: "base", http: { GET: "/viewers/{$this.id}" }, selection: "id name") {
  id: ID!
  name: String
  cell(experiment: String!): String @connect(source: "base", http: { GET: "/cells/{$this.id}/{$args.experiment}" }, selection: "$.arm")
}
`

const askerPackage = `import { cell, computed, graph, view } from "@facet/sdk";
export const who = view({
  cache: { maxAge: "30s" },
  build: (_a, { viewer, device }) => ({
    viewer: viewer.id, profile: viewer.profile.id, form: device.form, bandwidth: device.bandwidth, app: device.appVersion, base: graph.base,
  }),
});
export const when = view({
  cache: { maxAge: "30s" },
  build: (_a, { now, random }) => ({ now, random, half: computed.string({ now, random }, ({ now, random }) => (now / 2) + " " + (random < 0.5)) }),
});
export const rows = view({ build: () => ({ arm: cell("rows"), n: cell("rows").pick({ a: 10, b: 20, default: 1 }) }) });
export const art = view({ build: () => ({ arm: cell("art"), base: graph.base }) });
`

// An askerWorld is a whole edge by its configuration file, with an issuer of tokens, a tier, and the command line.
type askerWorld struct {
	t       *testing.T
	devices string
	ops     string
	key     *ecdsa.PrivateKey
	kid     atomic.Value
	keysUp  atomic.Bool
	tier    atomic.Value // what the cell's tier answers; "" fails
	log     *lockedText
}

type lockedText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newAskerWorld(t *testing.T) *askerWorld {
	t.Helper()
	w := &askerWorld{t: t, log: &lockedText{}}
	w.rotate("k1")
	w.keysUp.Store(true)
	w.tier.Store("b")
	issuer := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		if !w.keysUp.Load() {
			out.WriteHeader(http.StatusBadGateway)
			return
		}
		b, err := w.key.PublicKey.Bytes()
		if err != nil {
			t.Error(err)
		}
		text := base64.RawURLEncoding.EncodeToString
		send(out, map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "kid": w.kid.Load(), "x": text(b[1:33]), "y": text(b[33:])}}})
	}))
	t.Cleanup(issuer.Close)
	tier := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/base":
			send(out, map[string]any{"v": "base"})
		case strings.HasPrefix(r.URL.Path, "/cells/") && w.tier.Load() != "":
			send(out, map[string]any{"arm": w.tier.Load()})
		default:
			out.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(tier.Close)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("edge.yaml", fmt.Sprintf(`env: prod
store: {embedded: {dir: %s}}
serve: {listen: "127.0.0.1:0", trustHeaders: true, drainDelay: 1ms}
ops: {listen: "127.0.0.1:0"}
log: {level: debug}
control:
  listen: 127.0.0.1:0
  tokens: [{name: ci, env: ASKER_CI, scopes: [admin]}]
tiers: {env: {ASKER_TIER: %q}}
asker:
  jwt:
    jwks: %s/jwks
    issuers: [https://id.example]
    audiences: [devices]
    refetchEvery: 1ms
    claims: {profiles: "facet.profiles"}
  rules:
    - {device: tv, header: User-Agent, match: "^Stick/([0-9.]+)", form: stick, bandwidth: low, appVersion: "$1"}
`, filepath.Join(dir, "objects"), tier.URL, issuer.URL))
	t.Setenv("ASKER_CI", "letmein")
	t.Setenv("FACET_TOKEN", "letmein")
	t.Setenv("FACET_ENV", "prod")
	c, err := loadConfig(file, []string{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	said, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- runServe(ctx, Streams{In: strings.NewReader(""), Out: out, Err: w.log}, c, true) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("edge serve ended: %v", err)
		}
		if strings.Contains(w.log.String(), "eyJ") {
			t.Error("a token is in the log")
		}
	})
	var text string
	buf := make([]byte, 4096)
	for !strings.HasSuffix(text, "ready\n") {
		n, err := said.Read(buf)
		if err != nil {
			t.Fatalf("edge serve: %v\n%s", err, w.log)
		}
		text += string(buf[:n])
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	for _, m := range regexp.MustCompile(`(?m)^(\w+)=(\S+)$`).FindAllStringSubmatch(text, -1) {
		switch m[1] {
		case "EDGE_URL":
			w.devices = m[2]
		case "OPS_URL":
			w.ops = m[2]
		case "CONTROL_URL":
			t.Setenv("FACET_CONTROL", m[2])
		}
	}
	graph := write("graph.graphqls", askerGraph)
	write("tv/package.json", `{"name": "@tv/who", "version": "1.0.0", "type": "module", "exports": "./index.ts", "edge": {"device": ["tv"], "schema": "v1"}}`)
	write("tv/index.ts", askerPackage)
	w.edge("publish", "--graph", graph, "--version", "1.0.0")
	w.edge("deploy", filepath.Join(dir, "tv"), "--wait")
	return w
}

func (w *askerWorld) rotate(kid string) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	w.key = k
	w.kid.Store(kid)
}

// edge runs a command and gives what it printed.
func (w *askerWorld) edge(args ...string) string {
	w.t.Helper()
	var out, wrong bytes.Buffer
	if code := Run(w.t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &wrong}); code != exitOK {
		w.t.Fatalf("edge %s: exit %d\n%s%s", strings.Join(args, " "), code, out.String(), wrong.String())
	}
	return out.String() + wrong.String()
}

func (w *askerWorld) token(sub string, more map[string]any) string {
	c := jwt.MapClaims{"sub": sub, "iss": "https://id.example", "aud": "devices", "exp": time.Now().Add(time.Hour).Unix()}
	for k, v := range more {
		c[k] = v
	}
	j := jwt.NewWithClaims(jwt.SigningMethodES256, c)
	j.Header["kid"] = w.kid.Load()
	text, err := j.SignedString(w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// hashed is the arm that a viewer is in, of a and b alike.
func (w *askerWorld) hashed(name, salt, viewer string) string {
	return (&asker.Experiment{Name: name, Salt: salt, Arms: []string{"a", "b"}, Weights: []uint32{50, 50}}).Arm(viewer)
}

// get asks; headers are pairs.
func (w *askerWorld) get(path string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.devices+path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, string(b)
}

// TestAskers is who asks, from one end to the other: edge serve by its file, a real issuer of tokens, the command line.
func TestAskers(t *testing.T) {
	w := newAskerWorld(t)
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	ann := w.token("ann", map[string]any{"facet": map[string]any{"profiles": []string{"kids", "ann"}}})

	t.Run("tokens", func(t *testing.T) {
		for _, tt := range []struct {
			name, path string
			headers    []string
			status     int
			want       string
			challenge  string
		}{
			{"nobody", "/tv/v1/who", nil, 200, `"viewer":null`, ""},
			{"a token", "/tv/v1/who", bearer(ann), 200, `"viewer":"ann","profile":"kids"`, ""},
			{"a profile of it", "/tv/v1/who", append(bearer(ann), "Facet-Profile", "ann"), 200, `"profile":"ann"`, ""},
			{"another's profile", "/tv/v1/who", append(bearer(ann), "Facet-Profile", "bob"), 403, `"code":"forbidden"`, ""},
			{"a token goes before a trusted header", "/tv/v1/who", append(bearer(ann), "Facet-Viewer", "eve"), 200, `"viewer":"ann"`, ""},
			{"REST", "/tv/v1/who", bearer(ann + "x"), 401, `"type":"unauthorized"`, `Bearer error="invalid_token"`},
			{"GraphQL", "/tv/v1/graphql?query={who{viewer}}", bearer("x.y.z"), 401, `"code":"unauthorized"`, `Bearer error="invalid_token"`},
			{"JSON Graph", `/tv/v1/model.json?method=get&paths=[["who","viewer"]]`, bearer("x.y.z"), 401, `malformed`, `Bearer error="invalid_token"`},
			{"expired", "/tv/v1/who", bearer(w.token("ann", map[string]any{"exp": 1})), 401, `the token is expired`, `Bearer error="invalid_token"`},
			{"for another", "/tv/v1/who", bearer(w.token("ann", map[string]any{"aud": "x"})), 401, `another audience`, `Bearer error="invalid_token"`},
		} {
			t.Run(tt.name, func(t *testing.T) {
				res, body := w.get(tt.path, tt.headers...)
				if res.StatusCode != tt.status || !strings.Contains(body, tt.want) || res.Header.Get("WWW-Authenticate") != tt.challenge {
					t.Errorf("%d %q %s\nwant %d %q %s", res.StatusCode, res.Header.Get("WWW-Authenticate"), body, tt.status, tt.challenge, tt.want)
				}
				if res.StatusCode >= 400 && res.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("the refusal may be kept: %q", res.Header.Get("Cache-Control"))
				}
			})
		}
	})
	t.Run("a rotated key", func(t *testing.T) {
		w.keysUp.Store(false)
		if res, body := w.get("/tv/v1/who", bearer(w.token("cy", nil))...); res.StatusCode != 200 {
			t.Fatalf("the keys were not kept: %d %s", res.StatusCode, body)
		}
		w.keysUp.Store(true)
		w.rotate("k2")
		if res, body := w.get("/tv/v1/who", bearer(w.token("bob", nil))...); res.StatusCode != 200 || !strings.Contains(body, `"viewer":"bob"`) {
			t.Errorf("%d %s", res.StatusCode, body)
		}
		if res, _ := w.get("/tv/v1/who", bearer(ann)...); res.StatusCode != 401 {
			t.Errorf("a token of the old key is answered by %d", res.StatusCode)
		}
	})
	t.Run("devices", func(t *testing.T) {
		res, body := w.get("/tv/v1/who", "User-Agent", "Stick/2.5 (x)")
		if !strings.Contains(body, `"form":"stick","bandwidth":"low","app":"2.5"`) || !strings.Contains(strings.Join(res.Header.Values("Vary"), ", "), "User-Agent") {
			t.Errorf("%s, varies by %q", body, strings.Join(res.Header.Values("Vary"), ", "))
		}
		if _, body = w.get("/tv/v1/who", "ECT", "3g"); !strings.Contains(body, `"form":"tv","bandwidth":"medium","app":null`) {
			t.Error(body)
		}
		if _, body = w.get("/tv/v1/who", "Save-Data", "on", "ECT", "4g"); !strings.Contains(body, `"bandwidth":"low"`) {
			t.Error(body)
		}
	})
	t.Run("time and random", func(t *testing.T) {
		res, body := w.get("/tv/v1/when", "Facet-Now", "2026-11-22T10:00:00.7Z", "Facet-Random", "0.25")
		if !strings.Contains(body, `"now":1795341600000,"random":0.25,"half":"897670800000 true"`) || !strings.HasPrefix(res.Header.Get("Cache-Control"), "private") {
			t.Errorf("%s %q", body, res.Header.Get("Cache-Control"))
		}
		_, again := w.get("/tv/v1/when", "Facet-Now", "1795341600999", "Facet-Random", "0.25")
		if again != body {
			t.Errorf("replayed: %s, first: %s", again, body)
		}
		type asked struct {
			Data struct{ Now, Random float64 }
		}
		var one, two asked
		_, a := w.get("/tv/v1/when")
		_, b := w.get("/tv/v1/when")
		if json.Unmarshal([]byte(a), &one) != nil || json.Unmarshal([]byte(b), &two) != nil || one.Data.Random == two.Data.Random || one.Data.Now < float64(time.Now().Add(-time.Minute).UnixMilli()) {
			t.Errorf("%s then %s", a, b)
		}
		if res, body := w.get("/tv/v1/when", "Facet-Random", "1"); res.StatusCode != 400 {
			t.Errorf("%d %s", res.StatusCode, body)
		}
	})
	t.Run("experiments", func(t *testing.T) { testAskerExperiments(t, w) })
}

func testAskerExperiments(t *testing.T, w *askerWorld) {
	if _, body := w.get("/tv/v1/rows", "Facet-Viewer", "v1"); !strings.Contains(body, `{"arm":null,"n":1}`) {
		t.Errorf("before the experiment: %s", body)
	}
	if said := w.edge("experiment", "set", "rows", "--arms", "a=50,b=50", "--salt", "s1", "--why", "try", "--wait"); !strings.Contains(said, "experiment rows a 50, b 50 (salt s1) added") {
		t.Errorf("it said %s", said)
	}
	metric := func(line string) string {
		res, err := http.Get(w.ops + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(line) + ` (\S+)$`).FindSubmatch(b)
		if m == nil {
			return ""
		}
		return string(m[1])
	}
	arms := map[string]int{}
	arm := func(viewer string) string {
		_, body := w.get("/tv/v1/rows", "Facet-Viewer", viewer)
		for _, a := range []string{"a", "b"} {
			if strings.Contains(body, fmt.Sprintf(`{"arm":%q,"n":%d}`, a, 10+10*int(a[0]-'a'))) {
				return a
			}
		}
		t.Fatalf("no arm: %s", body)
		return ""
	}
	for i := range 1200 {
		arms[arm(fmt.Sprint("v", i))]++
	}
	if arms["a"] < 500 || arms["b"] < 500 {
		t.Errorf("arms %v", arms)
	}
	if first, again := arm("v7"), arm("v7"); first != again {
		t.Errorf("v7 was in %s and then in %s", first, again)
	}
	if got := metric(`edge_experiment_exposures_total{arm="a",experiment="rows"}`); got == "" || got == "0" {
		t.Error("exposures are not counted")
	}
	if got := metric(`edge_experiment_sample_ratio_mismatch{experiment="rows"}`); got != "0" {
		t.Errorf("a fair ratio is mismatched: %q", got)
	}
	for i := range 1200 { // one in two of arm b never arrives
		v := fmt.Sprint("w", i)
		if (i%2 == 0) || w.hashed("rows", "s1", v) == "a" {
			arm(v)
		}
	}
	if got := metric(`edge_experiment_sample_ratio_mismatch{experiment="rows"}`); got != "1" {
		t.Errorf("a mismatch is not seen: %q", got)
	}
	if out := w.edge("experiment", "list"); !strings.Contains(out, "rows") || !strings.Contains(out, "a 50%, b 50%") {
		t.Errorf("listed: %s", out)
	}

	w.edge("experiment", "set", "art", "--field", "Viewer.cell", "--arms", "a=1,b=1", "--default", "a", "--wait")
	if _, body := w.get("/tv/v1/art", "Facet-Viewer", "v1"); !strings.Contains(body, `{"arm":"b","base":"base"}`) {
		t.Errorf("allocated: %s", body)
	}
	context := func(path string) string {
		res, _ := w.get(path, "Facet-Viewer", "v1")
		return res.Header.Get("Facet-Context")
	}
	inB := context("/tv/v1/art")
	w.tier.Store("a")
	if inA := context("/tv/v1/art"); inA == inB || inA == "" || context("/tv/v1/rows") != inA {
		t.Errorf("the context of an allocated arm: %q after %q, and %q of what does not depend on it", inA, inB, context("/tv/v1/rows"))
	}
	w.tier.Store("")
	if res, body := w.get("/tv/v1/art", "Facet-Viewer", "v2"); res.StatusCode != 200 || !strings.Contains(body, `{"arm":"a","base":"base"}`) || !strings.Contains(body, "degraded") || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("without the tier: %d %s %q", res.StatusCode, body, res.Header.Get("Cache-Control"))
	}
	// A change of the weights that one saw is a conflict if others changed them since.
	seen := w.edge("experiment", "set", "rows", "--arms", "a=90,b=10", "--json")
	var made struct{ Release string }
	if err := json.Unmarshal([]byte(seen[:strings.LastIndexByte(seen, '}')+1]), &made); err != nil {
		t.Fatalf("%v: %s", err, seen)
	}
	w.edge("experiment", "set", "rows", "--arms", "a=80,b=20")
	var out, wrong bytes.Buffer
	if code := Run(t.Context(), []string{"experiment", "set", "rows", "--arms", "a=70,b=30", "--if-revision", made.Release}, Streams{Out: &out, Err: &wrong}); code == exitOK || !strings.Contains(wrong.String(), "was changed since") {
		t.Errorf("exit %d: %s%s", code, out.String(), wrong.String())
	}
	w.edge("experiment", "end", "rows", "--if-revision", "", "--wait")
	if _, body := w.get("/tv/v1/rows", "Facet-Viewer", "v1"); !strings.Contains(body, `{"arm":null,"n":1}`) {
		t.Errorf("after its end: %s", body)
	}
	if got := metric(`edge_experiment_exposures_total{arm="a",experiment="rows"}`); got != "" {
		t.Errorf("an ended experiment is still counted: %s", got)
	}
}
