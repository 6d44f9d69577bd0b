package servetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"facet/fault"
	"facet/view"
)

// checker is the folder of the npm packages that hold answers against a document.
const checker = "testdata/openapi"

// TestRESTAnswersAsItsOpenAPISays holds real answers, partial and refused ones too, against the document.
func TestRESTAnswersAsItsOpenAPISays(t *testing.T) {
	if _, err := os.Stat(filepath.Join(checker, "node_modules/.package-lock.json")); err != nil {
		npm := exec.Command("npm", "ci", "--no-audit", "--no-fund")
		npm.Dir = checker
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci in serve/servetest/%s: %v; this test needs Node 20 with npm and, once, the npm registry\n%s", checker, err, out)
		}
	}
	type answer struct {
		Path   string          `json:"path"`
		Method string          `json:"method"`
		Status int             `json:"status"`
		Body   json.RawMessage `json:"body"`
	}
	var in struct {
		OpenAPI json.RawMessage `json:"openapi"`
		Answers []answer        `json:"answers"`
	}
	add := func(w *world, method, path, target, body string) {
		r := httptest.NewRequest(strings.ToUpper(method), "/tv/v3"+target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		w.handlers.REST.ServeHTTP(rec, r)
		in.Answers = append(in.Answers, answer{path, method, rec.Code, rec.Body.Bytes()})
	}
	for _, trouble := range []func(w *world){
		func(*world) {},
		func(w *world) { w.tier.Fail("artwork.Title.artwork", fault.Unavailable) },
		func(w *world) { w.tier.Fail("catalog.Title", fault.Timeout) },
		func(w *world) { w.tier.Garbage("profiles.Profile") },
	} {
		w := films(t)
		doc, err := w.engine.Surface().OpenAPI(view.API{})
		if err != nil {
			t.Fatal(err)
		}
		in.OpenAPI = doc
		trouble(w)
		get := func(path, target string) { add(w, http.MethodGet, path, target, "") }
		get("/home", "/home")
		get("/home", "/home?fields=name,rows(name,itemsPage(length,next),items(__typename,title,seasons))&rows.first=2&rows.items.first=1")
		get("/film", "/film?id=t2")
		get("/film", "/film?id=t9&fields=title")
		get("/film", "/film")
		get("/film", "/film?id=t2&fields=nothing")
		get("/search", `/search?filter=%7B%22text%22%3A%22x%22%7D&first=2`)
		get("/byGenre", "/byGenre?genre=CRIME&limit=2")
		get("/byGenre", "/byGenre?genre=crime")
		get("/node/{id}", "/node/Card:t4")
		get("/node/{id}", "/node/nobody")
		add(w, http.MethodPost, "/setBookmark", "/setBookmark", `{"title":"t3","positionSeconds":60}`)
		add(w, http.MethodPost, "/setBookmark", "/setBookmark", `{"title":"t3","positionSeconds":-1}`)
	}
	for i := range in.Answers {
		in.Answers[i].Method = strings.ToLower(in.Answers[i].Method)
	}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "openapi.mjs")
	cmd.Dir = checker
	cmd.Stdin = strings.NewReader(string(text))
	out, err := cmd.CombinedOutput()
	if want := fmt.Sprintf("ok %d", len(in.Answers)); err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("%v\n%s", err, out)
	}
}
