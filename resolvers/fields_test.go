package resolvers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/release"
)

var (
	digestForm = regexp.MustCompile(`sha256:[0-9a-f]{64}`)
	timeForm   = regexp.MustCompile(`20\d\d-[0-9-]+T[0-9:.]+Z`)
)

// plain replaces what differs between runs.
func plain(text string) string {
	text = strings.ReplaceAll(text, `\u003e`, ">")
	return timeForm.ReplaceAllString(digestForm.ReplaceAllString(text, "D"), "T")
}

// TestFields asks for every field of the schema over the films' world.
func TestFields(t *testing.T) {
	w := newWorld(t, Limits{})
	w.films()
	w.publish("@originals/rows@2.2.0", ``, ``, "view rows")
	ack := release.Instance{ID: "edge-1", Env: "prod", Region: "eu", Seq: 1, At: time.Now(), Seen: time.Now(), Version: "0.1"}
	p, _, err := w.control.Pointer(t.Context(), "prod", "eu")
	if err != nil {
		t.Fatal(err)
	}
	ack.Release = p.Release
	w.acknowledge(ack)
	late := ack
	late.ID, late.Release, late.Seen = "edge-2", "", time.Now().Add(-time.Hour)
	late.Refused = &release.Refusal{Release: p.Release, Reason: "its digest is wrong", At: time.Now()}
	w.acknowledge(late)
	for name, row := range map[string]struct{ query, want string }{
		"packages": {`{ packages { name tags { name version } } }`,
			`{"packages":[{"name":"@originals/rows","tags":[{"name":"latest","version":"2.2.0"}]},{"name":"@phone/home","tags":[{"name":"latest","version":"1.0.0"}]},{"name":"@tv/home","tags":[{"name":"latest","version":"3.4.1"}]}]}`},
		"a page of packages":  {`{ packages(after: "@originals/rows", first: 1) { name } }`, `{"packages":[{"name":"@phone/home"}]}`},
		"packages in between": {`{ packages(after: "@p", first: 1) { name } }`, `{"packages":[{"name":"@phone/home"}]}`},
		"no more packages":    {`{ packages(after: "z") { name } }`, `{"packages":[]}`},
		"package": {`{ package(name: "@originals/rows") { name tags { version } versions { version digest deprecated tags } } }`,
			`{"package":{"name":"@originals/rows","tags":[{"version":"2.2.0"}],"versions":[{"version":"2.2.0","digest":"D","deprecated":"","tags":["latest"]},{"version":"2.1.0","digest":"D","deprecated":"","tags":[]}]}}`},
		"resolve": {`{ resolve(env: "prod", package: "@tv/home") { package graph bindings { importer name range kind version } diagnostics { code } } }`,
			`{"resolve":{"package":"@tv/home@3.4.1","graph":"1.0.0","bindings":[{"importer":"@tv/home@3.4.1","name":"@originals/rows","range":"^2.1.0","kind":"live","version":"2.1.0"}],"diagnostics":[]}}`},
		"graphs":       {`{ graphs { version digest publishedAt } }`, `{"graphs":[{"version":"1.0.0","digest":"D","publishedAt":"T"}]}`},
		"graph":        {`{ graph(version: "1.0.0") { version digest } }`, `{"graph":{"version":"1.0.0","digest":"D"}}`},
		"environments": {`{ environments { name regions } }`, `{"environments":[{"name":"dev","regions":["eu","us"]},{"name":"prod","regions":["eu","us"]}]}`},
		"releases": {`{ releases(env: "prod") { digest parent seq regions made author why sourceRevision graph changed } }`,
			`{"releases":[{"digest":"D","parent":"","seq":1,"regions":["eu","us"],"made":"T","author":"root","why":"first","sourceRevision":"","graph":"1.0.0","changed":["graph 1.0.0","@originals/rows 2.1.0 added for live bindings","phone/v1 @phone/home 1.0.0 added","tv/v3 @tv/home 3.4.1 added"]}]}`},
		"release": {`{ release(env: "prod") { why } }`, `{"release":{"why":"first"}}`},
		"contents": {`{ contents(env: "prod") { digest env graph olderGraphs mounts { route package version track weight graph locks } modules { line version } switches } }`,
			`{"contents":{"digest":"D","env":"prod","graph":"1.0.0","olderGraphs":[],"mounts":[{"route":"phone/v1","package":"@phone/home","version":"1.0.0","track":"stable","weight":100,"graph":"1.0.0","locks":[]},{"route":"tv/v3","package":"@tv/home","version":"3.4.1","track":"stable","weight":100,"graph":"1.0.0","locks":["@originals/rows@2.1.0"]}],"modules":[{"line":"@originals/rows@2","version":"2.1.0"}],"switches":[]}}`},
		"status": {`{ status(env: "prod") { env regions { region revision converged trouble pointer { seq release previous activateAt } release { why }
			instances { id seq release version copy stale behind refused { release build reason } } routes { route mounts { package version track weight graph state } refused { reason } } kept { package } } } }`,
			`{"status":{"env":"prod","regions":[{"region":"eu","revision":"D","converged":1,"trouble":"","pointer":{"seq":1,"release":"D","previous":"","activateAt":null},"release":{"why":"first"},"instances":[{"id":"edge-1","seq":1,"release":"D","version":"0.1","copy":false,"stale":false,"behind":false,"refused":null},{"id":"edge-2","seq":1,"release":"","version":"0.1","copy":false,"stale":true,"behind":true,"refused":{"release":"D","build":"","reason":"its digest is wrong"}}],"routes":[{"route":"phone/v1","mounts":[{"package":"@phone/home","version":"1.0.0","track":"stable","weight":100,"graph":"1.0.0","state":"current"}],"refused":null},{"route":"tv/v3","mounts":[{"package":"@tv/home","version":"3.4.1","track":"stable","weight":100,"graph":"1.0.0","state":"current"}],"refused":null}],"kept":[]},{"region":"us","revision":"D","converged":0,"trouble":"","pointer":{"seq":1,"release":"D","previous":"","activateAt":null},"release":{"why":"first"},"instances":[],"routes":[{"route":"phone/v1","mounts":[{"package":"@phone/home","version":"1.0.0","track":"stable","weight":100,"graph":"1.0.0","state":"current"}],"refused":null},{"route":"tv/v3","mounts":[{"package":"@tv/home","version":"3.4.1","track":"stable","weight":100,"graph":"1.0.0","state":"current"}],"refused":null}],"kept":[]}]}}`},
	} {
		a := w.must("reader", row.query, nil)
		if d := cmp.Diff(row.want, plain(string(a.Data))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	for query, want := range map[string]fault.Kind{
		`{ package(name: "@no/such") { name } }`:                  fault.NotFound,
		`{ graph(version: "9.9.9") { sdl } }`:                     fault.NotFound,
		`{ status(env: "nowhere") { env } }`:                      fault.NotFound,
		`{ releases(env: "prod", from: "xyz") { why } }`:          fault.Invalid,
		`{ release(env: "nowhere") { why } }`:                     fault.NotFound,
		`{ contents(env: "prod", ref: "00000000") { env } }`:      fault.NotFound,
		`{ diff(env: "prod") { from } }`:                          fault.NotFound,
		`{ resolve(env: "prod", package: "@no/such") { graph } }`: fault.NotFound,
	} {
		if a := w.ask("reader", query, nil); a.code() != string(want) {
			t.Errorf("%s: %d %s, want %s", query, a.status, a.text, want)
		}
	}
}

// TestMutations walks a package's life, and reads the log that it leaves.
func TestMutations(t *testing.T) {
	w := newWorld(t, Limits{})
	w.films()
	publish := func(id, text string) *answer {
		b := tarball(t, id, `"device": ["tv"], "schema": "v3"`, ``, text)
		return w.upload("tv", `mutation($f: Upload!) { publish(tarball: $f, env: "prod") { ok package version tag new digest build changes { route changes { path code breaking } }
			diagnostics { code severity file line column message hint notes { file line column message } } } }`, nil, b)
	}
	same := func(name string, a *answer, want string) {
		t.Helper()
		if d := cmp.Diff(want, plain(string(a.Data))); d != "" || len(a.Errors) > 0 {
			t.Errorf("%s (-want +got):\n%s%s", name, d, a.text)
		}
	}
	same("a new version", publish("@tv/home@3.4.2", "view home\nview more"), `{"publish":{"ok":true,"package":"@tv/home","version":"3.4.2","tag":"latest","new":true,"digest":"D","build":"D","changes":[{"route":"tv/v3","changes":[{"path":"Query.more","code":"field_added","breaking":false}]}],"diagnostics":[]}}`)
	same("again", publish("@tv/home@3.4.2", "view home\nview more"), `{"publish":{"ok":true,"package":"@tv/home","version":"3.4.2","tag":"latest","new":false,"digest":"D","build":"","changes":[],"diagnostics":[]}}`)
	same("with a mistake", publish("@tv/home@3.4.3", "view home\nmistake"), `{"publish":{"ok":false,"package":"@tv/home","version":"3.4.3","tag":"latest","new":false,"digest":"D","build":"","changes":[],"diagnostics":[{"code":"F999","severity":"error","file":"index.ts","line":2,"column":1,"message":"a mistake","hint":"Write it otherwise","notes":[]}]}}`)
	if a := publish("@tv/home@3.4.3", "view other"); len(a.Errors) > 0 || !strings.Contains(a.text, `"ok":false`) || !strings.Contains(a.text, `"code":"field_removed","breaking":true`) {
		t.Errorf("a breaking version: %s", a.text)
	}
	if a := publish("@tv/home@3.4.2", "view home"); a.code() != string(fault.Conflict) || a.Errors[0].Extensions.Hint == "" {
		t.Errorf("other files under one version: %s", a.text)
	}
	same("setTag", w.must("tv", `mutation { setTag(package: "@tv/home", tag: "beta", version: "3.4.1") { tags { name version } } }`, nil), `{"setTag":{"tags":[{"name":"beta","version":"3.4.1"},{"name":"latest","version":"3.4.2"}]}}`)
	same("removeTag", w.must("tv", `mutation { removeTag(package: "@tv/home", tag: "beta") { tags { name } } }`, nil), `{"removeTag":{"tags":[{"name":"latest"}]}}`)
	same("deprecate", w.must("tv", `mutation { deprecate(package: "@tv/home", versions: "<3.4.2", message: "old") { versions { version deprecated } } }`, nil), `{"deprecate":{"versions":[{"version":"3.4.2","deprecated":""},{"version":"3.4.1","deprecated":"old"}]}}`)
	same("a graph with mistakes", w.must("graphs", `mutation { publishGraph(sdl: "type Query { a: Nothing }", version: "1.1.0") { ok version digest } }`, nil), `{"publishGraph":{"ok":false,"version":"1.1.0","digest":""}}`)
	same("a graph as a file", w.upload("graphs", `mutation($f: Upload) { publishGraph(file: $f, version: "1.1.0") { ok version digest diagnostics { code } } }`, nil, []byte(graphText+"\n# later\n")), `{"publishGraph":{"ok":true,"version":"1.1.0","digest":"D","diagnostics":[]}}`)
	for _, query := range []string{`mutation { publishGraph(version: "1.1.0") { ok } }`, `mutation { publishGraph(sdl: "type Query", version: "one") { ok } }`} {
		if a := w.ask("graphs", query, nil); a.code() != string(fault.Invalid) {
			t.Errorf("%s: %s", query, a.text)
		}
	}

	const fields = `{ ok unchanged pointers { region pointer { seq } } made reused failures { package asked diagnostics { code } } changed changes { route } replaced { route } diagnostics { code severity } diff { from to routes { route state mounts { package from to locks } schema { path dangerous } views { view state } } modules switches limits experiments graph { changed older from { version } to { version digest } } } unaudited }`
	release := func(input string) *answer {
		return w.ask("root", `mutation { release(input: {`+input+`}) `+fields+` }`, nil)
	}
	dry := release(`env: "prod", deploy: ["@tv/home"], dryRun: true`)
	same("a dry run", dry, `{"release":{"ok":true,"unchanged":false,"pointers":[],"made":[],"reused":["@tv/home@3.4.2"],"failures":[],"changed":["tv/v3 @tv/home 3.4.1 -> 3.4.2"],"changes":[{"route":"tv/v3"}],"replaced":[],"diagnostics":[],"diff":{"from":"D","to":"","routes":[{"route":"tv/v3","state":"changed","mounts":[{"package":"@tv/home","from":"3.4.1","to":"3.4.2","locks":["@originals/rows 2.1.0 removed"]}],"schema":[{"path":"Query.more","dangerous":false}],"views":[{"view":"more","state":"added"}]}],"modules":[],"switches":[],"limits":[],"experiments":[],"graph":null},"unaudited":""}}`)
	before, _, err := w.control.Pointer(t.Context(), "prod", "eu")
	if err != nil || before.Seq != 1 {
		t.Fatalf("a dry run moved the pointer: %v %v", before, err)
	}
	made := release(`env: "prod", deploy: ["@tv/home"], why: "more", author: "ana", sourceRevision: "abc", activateAt: "2020-01-01T00:00:00Z", ifRevision: "` + before.Release + `"`)
	if len(made.Errors) > 0 || !strings.Contains(made.text, `"pointers":[{"region":"eu","pointer":{"seq":2}},{"region":"us","pointer":{"seq":2}}]`) {
		t.Fatalf("release: %s", made.text)
	}
	same("its entry", w.must("reader", `{ release(env: "prod") { author why sourceRevision changed regions } }`, nil), `{"release":{"author":"ana (root)","why":"more","sourceRevision":"abc","changed":["tv/v3 @tv/home 3.4.1 -> 3.4.2"],"regions":["eu","us"]}}`)
	if a := release(`env: "prod", deploy: ["@tv/home@3.4.1"], ifRevision: "` + before.Release + `"`); a.code() != string(fault.Conflict) {
		t.Errorf("a release over what another changed: %s", a.text)
	}
	same("nothing new", release(`env: "prod", deploy: ["@tv/home"]`), `{"release":{"ok":true,"unchanged":true,"pointers":[{"region":"eu","pointer":{"seq":2}},{"region":"us","pointer":{"seq":2}}],"made":[],"reused":["@tv/home@3.4.2"],"failures":[],"changed":[],"changes":[],"replaced":[],"diagnostics":[],"diff":null,"unaudited":""}}`)
	if a := release(`env: "prod", remove: [{device: "tv", schema: "v3", package: "@tv/home"}]`); len(a.Errors) > 0 || !strings.Contains(a.text, `"ok":false`) {
		t.Errorf("a release that breaks a contract: %s", a.text)
	}
	for input, want := range map[string]fault.Kind{
		`env: ""`:                           fault.Invalid,
		`env: "prod", deploy: ["@no/such"]`: fault.NotFound,
		`env: "prod", remove: [{device: "tv", schema: "v9", package: "@tv/home"}]`: fault.NotFound,
		`env: "prod", deploy: ["@tv/home"], activateAt: "soon"`:                    fault.Invalid,
	} {
		if a := release(input); a.code() != string(want) {
			t.Errorf("%s: %d %s, want %s", input, a.status, a.text, want)
		}
	}
	back := w.must("release", `mutation { rollback(input: {env: "prod", why: "oops"}) { ok changed pointers { region } } }`, nil)
	same("rollback", back, `{"rollback":{"ok":true,"changed":["tv/v3 @tv/home 3.4.2 -> 3.4.1"],"pointers":[{"region":"eu"},{"region":"us"}]}}`)
	if a := w.must("reader", `{ diff(env: "prod") { from to routes { route mounts { from to } } } }`, nil); !strings.Contains(a.text, `"from":"3.4.2","to":"3.4.1"`) {
		t.Errorf("diff: %s", a.text)
	}

	log := w.log.String()
	for _, want := range []string{
		`"who":"tv","verb":"publish","result":"ok"`, `"who":"tv","verb":"publish","result":"refused"`, `"who":"tv","verb":"publish","result":"conflict"`,
		`"published":"@tv/home@3.4.2"`, `"who":"root","verb":"release","result":"ok"`, `"env":"prod","regions":[],"deploy":["@tv/home"]`, `"verb":"rollback"`, `"verb":"setTag"`, `"verb":"publishGraph"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s", want)
		}
	}
	if strings.Contains(log, "-secret") {
		t.Error("the log has a token")
	}
}

// TestStream reads the status as Server-Sent Events while a release is made.
func TestStream(t *testing.T) {
	w := newWorld(t, Limits{Streams: 1})
	w.films()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	open := func(who, env string) *http.Response {
		body, err := json.Marshal(map[string]any{"query": `subscription($env: String!) { status(env: $env) { regions { region pointer { seq } } } }`, "variables": map[string]any{"env": env}})
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/graphql", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "text/event-stream")
		req.Header.Set("Authorization", "Bearer "+who+"-secret")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	res := open("reader", "prod")
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return ""
	}
	if got := next(); got != `{"data":{"status":{"regions":[{"region":"eu","pointer":{"seq":1}},{"region":"us","pointer":{"seq":1}}]}}}` {
		t.Fatalf("first: %s", got)
	}
	if a := open("reader", "prod"); a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a second stream: %s", a.Status)
	}
	w.publish("@tv/more@1.0.0", `"device": ["tv"], "schema": "v3"`, ``, "view more")
	w.must("root", `mutation { release(input: {env: "prod", regions: ["us"], deploy: ["@tv/more"]}) { ok } }`, nil)
	if got := next(); got != `{"data":{"status":{"regions":[{"region":"eu","pointer":{"seq":1}},{"region":"us","pointer":{"seq":2}}]}}}` {
		t.Fatalf("second: %s", got)
	}
}

// TestStreamRefused asks without the scope, and of what is not there.
func TestStreamRefused(t *testing.T) {
	w := newWorld(t, Limits{})
	w.films()
	for who, want := range map[string]string{"graphs": `"code":"forbidden"`, "reader": `"code":"not_found"`} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/graphql", strings.NewReader(`{"query": "subscription { status(env: \"nowhere\") { env } }"}`))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "text/event-stream")
		req.Header.Set("Authorization", "Bearer "+who+"-secret")
		if a := w.do(req); !strings.Contains(a.text, want) {
			t.Errorf("%s: %s", who, a.text)
		}
	}
}
