package graphql_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const knownFilm = "query Film($id: ID!, $n: Int = 2, $with: Boolean!) {\n  film(id: $id) { key title @include(if: $with) }\n  home { rows(first: $n) { name } }\n}\nquery Other { home { name } }"

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// answerOf is all that a device sees of an answer.
func answerOf(h http.Handler, method, query, body string) []any {
	r := httptest.NewRequest(method, "/tv/v3/graphql", strings.NewReader(body))
	r.URL.RawQuery = query
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return []any{w.Code, w.Header(), w.Body.String()}
}

// knownBodies ask for a document that is known, in all ways that clients and others write it.
func knownBodies() []string {
	q, hash := text(knownFilm), hashOf(knownFilm)
	apq := `"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}`
	vars := `"variables":{"id":"jaws-1975","with":true}`
	return []string{
		`{"query":` + q + `,"operationName":"Film",` + vars + `}`,
		` { "variables" : {"with":false,"id":"jaws-1975","n":1} , "operationName" : "Film" , "query" : ` + q + ` } `,
		`{"query":` + q + `,"operationName":"Other"}`,
		`{"query":` + q + `,"operationName":"Other","variables":null,"extensions":null,"documentId":null}`,
		`{"query":` + q + `,"operationName":"Other","variables":{"unknown":[1,{"a":2}]}}`,
		`{"query":` + q + `,"operationName":"Nobody"}`,
		`{"query":` + q + `}`,
		`{"query":` + q + `,"operationName":null,` + vars + `}`,
		`{"query":` + strings.ReplaceAll(q, "Film", `\u0046ilm`) + `,"operationName":"\u0046ilm",` + vars + `}`,
		`{"\u0071uery":` + q + `,"operationName":"Other"}`,
		`{"query":"{ nothing }","query":` + q + `,"operationName":"Other"}`,
		`{"operationName":"Film",` + vars + `,` + apq + `}`,
		`{"query":` + q + `,"operationName":"Film",` + vars + `,` + apq + `}`,
		`{"query":"{ home { name } }","operationName":"Film",` + vars + `,` + apq + `}`,
		`{"operationName":"Film",` + vars + `,"extensions":{"a":1,"persistedQuery":{"sha256Hash":"` + strings.ToUpper(hash) + `","version":1,"b":2},"clientLibrary":{"name":"x"}}}`,
		`{"operationName":"Film",` + vars + `,"extensions":{"persistedQuery":{"sha256Hash":"` + hash + `","version":2}}}`,
		`{"operationName":"Film",` + vars + `,"extensions":{"persistedQuery":{"sha256Hash":"short","version":1}}}`,
		`{"operationName":"Film",` + vars + `,"extensions":{"persistedQuery":null}}`,
		`{"operationName":"Film","extensions":[]}`,
		`{"query":` + q + `,"operationName":"Film","variables":{"id":7,"with":true}}`,
		`{"query":` + q + `,"operationName":"Film","variables":{"id":"a\u0062","with":true,"n":null}}`,
		`{"query":` + q + `,"operationName":"Film","variables":{"id":"x","with":true,"n":"3"}}`,
		`{"query":` + q + `,"operationName":"Film","variables":{"id":"x","with":true,"n":1.5}}`,
		`{"query":` + q + `,"operationName":"Film","variables":{"id":"x","with":true,"n":99999999999}}`,
		`{"query":` + q + `,"operationName":"Film","variables":{"id":"x","with":"true"}}`,
		`{"query":` + q + `,"operationName":"Film","variables":{"id":null,"with":true}}`,
		`{"query":` + q + `,"operationName":"Film","variables":{"id":["x"],"with":true}}`,
		`{"query":` + q + `,"operationName":"Film","variables":{"with":true}}`,
		`{"query":` + q + `,"operationName":"Film","variables":{"id":"x","id":"y","with":true}}`,
		`{"query":` + q + `,"operationName":"Film","variables":[]}`,
		`{"query":` + q + `,"operationName":"Film","variables":` + strings.Repeat(`{"a":`, 70) + `1` + strings.Repeat(`}`, 70) + `}`,
		`{"query":` + q + `,"operationName":7}`,
		`{"query":7}`, `{"query":null}`, `{"query":""}`, `{}`, `[]`, `null`, ``, `{"query":` + q, `{"query":` + q + `} x`, "{\"query\":" + q + ",\"operationName\":\"\xff\"}",
	}
}

// TestKnownDocuments: a request for a document that is known is answered as it is for one that is not, in all that a device sees.
func TestKnownDocuments(t *testing.T) {
	first := []string{`{"query":` + text(knownFilm) + `,"operationName":"Other"}`, `{"query":` + text(knownFilm) + `,"operationName":"Other","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hashOf(knownFilm) + `"}}}`}
	warm := serveWorld(films(t), nil)
	for _, body := range first {
		if got := answerOf(warm, "POST", "", body); got[0] != 200 {
			t.Fatal(got...)
		}
	}
	for _, body := range knownBodies() {
		cold := serveWorld(films(t), nil)
		if strings.Contains(body, "persistedQuery") { // it has to know the hash, by another engine's document
			answerOf(cold, "POST", "", first[1])
		}
		want := answerOf(cold, "POST", "", body)
		for range 2 {
			if d := cmp.Diff(want, answerOf(warm, "POST", "", body)); d != "" {
				t.Errorf("%s: (-unknown +known)\n%s", body, d)
			}
		}
	}
	apq := `{"persistedQuery":{"version":1,"sha256Hash":"` + hashOf(knownFilm) + `"}}`
	for _, q := range []string{
		url.Values{"query": {knownFilm}, "operationName": {"Film"}, "variables": {`{"id":"jaws-1975","with":true}`}}.Encode(),
		url.Values{"query": {knownFilm, "{ nothing }"}, "operationName": {"Other", "Film"}}.Encode(),
		url.Values{"query": {knownFilm}, "operationName": {"Film"}, "variables": {`{"id":`}}.Encode(),
		url.Values{"query": {knownFilm}, "operationName": {"Film"}, "variables": {`null`}}.Encode(),
		url.Values{"query": {knownFilm}, "operationName": {"Other"}, "variables": {``}, "extensions": {``}}.Encode(),
		url.Values{"query": {knownFilm}, "operationName": {"Other"}}.Encode() + "&other=%zz",
		url.Values{"query": {knownFilm}, "operationName": {"Other"}}.Encode() + ";x=1",
		"%71uery=" + url.QueryEscape(knownFilm) + "&operationName=Other",
		url.Values{"operationName": {"Other"}, "extensions": {apq}}.Encode(),
		url.Values{"query": {"mutation { setBookmark(title: \"jaws-1975\", positionSeconds: 1) { key } }"}}.Encode(), "", "query=", "extensions=%7B%7D",
	} {
		for _, method := range []string{"GET", "HEAD", "PUT"} {
			cold := serveWorld(films(t), nil)
			if strings.Contains(q, "extensions") {
				answerOf(cold, "POST", "", first[1])
			}
			want := answerOf(cold, method, q, "")
			for range 2 {
				if d := cmp.Diff(want, answerOf(warm, method, q, "")); d != "" {
					t.Errorf("%s %s: (-unknown +known)\n%s", method, q, d)
				}
			}
		}
	}
}

// FuzzKnown: whatever a POST holds, it is answered as by an engine that knows no document.
func FuzzKnown(f *testing.F) {
	for _, body := range knownBodies() {
		f.Add(body)
	}
	warm := serveWorld(films(f), nil)
	answerOf(warm, "POST", "", `{"query":`+text(knownFilm)+`,"operationName":"Other"}`)
	f.Fuzz(func(t *testing.T, body string) {
		if strings.Contains(body, "persistedQuery") {
			return // what is registered stays
		}
		want := answerOf(serveWorld(films(t), nil), "POST", "", body)
		for range 2 {
			if d := cmp.Diff(want, answerOf(warm, "POST", "", body)); d != "" {
				t.Errorf("%q: (-unknown +known)\n%s", body, d)
			}
		}
	})
}

// BenchmarkKnown is what a request for a known document costs before the composer, by how it names it: the answer is at hand.
func BenchmarkKnown(b *testing.B) {
	q := text(knownFilm)
	ext := `{"persistedQuery":{"version":1,"sha256Hash":"` + hashOf(knownFilm) + `"}}`
	get := func(v url.Values) string {
		v.Set("operationName", "Film")
		v.Set("variables", `{"id":"jaws-1975","with":true}`)
		return v.Encode()
	}
	for _, c := range []struct{ name, query, body string }{
		{"POST text", "", `{"query":` + q + `,"operationName":"Film","variables":{"id":"jaws-1975","with":true}}`},
		{"POST hash", "", `{"operationName":"Film","variables":{"id":"jaws-1975","with":true},"extensions":` + ext + `}`},
		{"GET text", get(url.Values{"query": {knownFilm}}), ""},
		{"GET hash", get(url.Values{"extensions": {ext}}), ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := &world{surface: films(b).surface, raw: []byte(`{"film":{"key":"jaws-1975","title":"Jaws"},"home":{"rows":[]}}`)}
			h := serveWorld(w, nil)
			answerOf(h, "POST", "", `{"query":`+q+`,"operationName":"Other","extensions":`+ext+`}`)
			r := httptest.NewRequest("POST", "/tv/v3/graphql", nil)
			r.Header.Set("Content-Type", "application/json")
			if c.body == "" {
				r.Method, r.URL.RawQuery = "GET", c.query
			}
			body := strings.NewReader(c.body)
			r.Body = readCloser{body}
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(c.body)
				out := &sink{header: http.Header{}}
				h.ServeHTTP(out, r)
				if out.status != 200 {
					b.Fatal(out.status)
				}
			}
		})
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
