package resolvers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
	"facet/view"
	"facet/view/viewtest"
)

const graphText = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "catalog", http: { baseURL: "http://127.0.0.1:1" })

type Query {
  hello: String @connect(source: "catalog", http: { GET: "/hello" }, selection: "$")
}
`

// A world is the control API over a control over memory, with packages as short texts.
type world struct {
	t       *testing.T
	control *control.Control
	url     string
	log     *journal
}

// journal is a log that may be read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// The tokens of the world, by name, with their scopes. A token's text is its name with "-secret".
var holders = map[string][]string{
	"root":    {"admin"},
	"reader":  {"read"},
	"ci":      {"publish", "deploy", "graph"},
	"tv":      {"read", "publish:@tv", "deploy:dev"},
	"one":     {"publish:@tv/home"},
	"graphs":  {"graph"},
	"release": {"deploy:prod"},
}

func newWorld(t *testing.T, limits Limits) *world {
	t.Helper()
	w := &world{t: t, log: &journal{}}
	w.control = &control.Control{Store: memory.New(), Builder: "test 1", Workers: 4, Build: build}
	var list []Token
	for name, scopes := range holders {
		list = append(list, Token{Name: name, SHA256: HashToken(name + "-secret"), Scopes: scopes})
	}
	tokens, err := NewTokens(list)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(Handler(Options{Control: w.control, Tokens: tokens, Log: zerolog.New(w.log), Limits: limits, Context: t.Context()}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// build takes one word a line: "view home", "mistake", "panic".
func build(_ context.Context, in control.Input) (*view.Build, fault.Diagnostics, error) {
	m := in.Package.Manifest
	b := &view.Build{Format: view.Format, Package: m.Name, Version: m.Version, Devices: m.Edge.Device, Schema: m.Edge.Schema, Graph: in.Graph.Digest, Locks: map[string]string{}}
	for id := range in.Lock.Modules {
		name, version := pack.SplitID(id)
		b.Locks[name] = version
	}
	var ds fault.Diagnostics
	for i, line := range strings.Split(string(in.Package.Files["index.ts"]), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "view":
			r := &viewtest.Recorder{}
			leaf := r.Literal(`"`+m.Version+`"`, "String!")
			b.Views = append(b.Views, &view.View{Name: rest, Scope: r.Scope, Output: &view.Output{Kind: view.Leaf, Value: leaf, Each: view.None, Type: viewtest.Type("String!"), NonNull: true}})
		case "mistake":
			ds.Add(fault.Pos{File: "index.ts", Line: i + 1, Col: 1}, "F999", "Write it otherwise", "a mistake")
		case "panic":
			panic("the secret of the builder")
		}
	}
	if ds.Failed() {
		return nil, ds, nil
	}
	return b, nil, nil
}

// tarball packs "name@version", what stands in edge, and the text.
func tarball(t testing.TB, id, edge, deps, text string) []byte {
	t.Helper()
	name, version := pack.SplitID(id)
	manifest := fmt.Sprintf(`{"name": %q, "version": %q, "dependencies": {%s}, "edge": {%s}}`, name, version, deps, edge)
	pkg := &pack.Package{Files: map[string][]byte{"package.json": []byte(manifest), "index.ts": []byte(text)}}
	b, err := pkg.Tarball()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// films publishes a graph, a module and two packages, and releases them to dev and prod.
func (w *world) films() {
	w.t.Helper()
	w.must("root", `mutation($sdl: String) { publishGraph(sdl: $sdl, version: "1.0.0") { ok } }`, map[string]any{"sdl": graphText})
	w.publish("@originals/rows@2.1.0", ``, ``, "")
	w.publish("@tv/home@3.4.1", `"device": ["tv"], "schema": "v3", "bindings": {"@originals/rows": "live"}`, `"@originals/rows": "^2.1.0"`, "view home")
	w.publish("@phone/home@1.0.0", `"device": ["phone"], "schema": "v1"`, ``, "view home")
	for _, env := range []string{"dev", "prod"} {
		w.must("root", `mutation($env: String!) { release(input: {env: $env, regions: ["eu", "us"], deploy: ["@tv/home", "@phone/home"], why: "first"}) { ok } }`, map[string]any{"env": env})
	}
}

func (w *world) publish(id, edge, deps, text string) {
	w.t.Helper()
	a := w.upload("root", `mutation($f: Upload!) { publish(tarball: $f) { ok diagnostics { message } } }`, nil, tarball(w.t, id, edge, deps, text))
	if a.status != 200 || !strings.Contains(a.text, `"ok":true`) {
		w.t.Fatalf("publish %s: %d %s", id, a.status, a.text)
	}
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Message    string
		Path       []any
		Extensions struct{ Code, Hint, Request string }
	} `json:"errors"`
}

// code is the first error's, or "".
func (a *answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.Code
}

func (w *world) ask(who, query string, vars map[string]any) *answer {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send(who, "application/json", body)
}

// must is ask where an error is the test's end.
func (w *world) must(who, query string, vars map[string]any) *answer {
	w.t.Helper()
	a := w.ask(who, query, vars)
	if a.status != 200 || len(a.Errors) > 0 {
		w.t.Fatalf("%s: %d %s", query, a.status, a.text)
	}
	return a
}

// upload asks with a file as the variable f.
func (w *world) upload(who, query string, vars map[string]any, file []byte) *answer {
	w.t.Helper()
	all := map[string]any{"f": nil}
	for k, v := range vars {
		all[k] = v
	}
	operations, err := json.Marshal(map[string]any{"query": query, "variables": all})
	if err != nil {
		w.t.Fatal(err)
	}
	media, body := form(w.t, "operations", string(operations), "map", `{"0": ["variables.f"]}`, "0", string(file))
	return w.send(who, media, body)
}

// form is a multipart body of names and contents; a name of digits is a file.
func form(t testing.TB, parts ...string) (string, []byte) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		var part io.Writer
		var err error
		if strings.Trim(parts[i], "0123456789") == "" {
			part, err = m.CreateFormFile(parts[i], "package.tgz")
		} else {
			part, err = m.CreateFormField(parts[i])
		}
		if err == nil {
			_, err = io.WriteString(part, parts[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return m.FormDataContentType(), b.Bytes()
}

func (w *world) send(who, media string, body []byte) *answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", media)
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+who+"-secret")
	}
	return w.do(req)
}

func (w *world) do(req *http.Request) *answer {
	w.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	return parsed(w.t, res)
}

func parsed(t testing.TB, res *http.Response) *answer {
	t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{status: res.StatusCode, header: res.Header, text: string(b)}
	if err := json.Unmarshal(b, a); err != nil && res.Header.Get("Content-Type") == "application/json" {
		t.Fatalf("%s: %v", b, err)
	}
	return a
}

// acknowledge is what an instance writes.
func (w *world) acknowledge(in release.Instance) {
	w.t.Helper()
	b, err := json.Marshal(in)
	if err == nil {
		_, err = w.control.Store.Put(w.t.Context(), release.InstanceKey(in.Env, in.Region, in.ID), b, storage.PutOptions{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
