package graphql_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// check holds for every answer: JSON, in little of the processor since it had used start, no defect of ours, and data only where nothing
// was refused.
func check(t *testing.T, rec *httptest.ResponseRecorder, start time.Duration) {
	t.Helper()
	if d := cpu(t) - start; d > 2*time.Second {
		t.Errorf("took %v of the processor", d)
	}
	if rec.Code >= 500 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	var body struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v: %s", err, rec.Body)
	}
	if rec.Code >= 400 && (body.Data != nil || len(body.Errors) == 0) {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
}

func FuzzDocument(f *testing.F) {
	for _, q := range []string{
		"{ home { name rows(first: 2) { items { __typename ... on Card { title progress { state } } ...S } itemsPage { next } } } } fragment S on SeriesCard { seasons }",
		`query Q($id: ID!, $a: Boolean = true) { film(id: $id) { key @skip(if: $a) similar(after: "aTox") { ... @include(if: $a) { title } } } node(id: $id) { ... on Card { art } } }`,
		`mutation M { a: setBookmark(title: "x", positionSeconds: 1) { id } }`,
		`{ search(filter: { text: "a", genre: CRIME }) { key } __schema { types { name fields { args { defaultValue } } } } }`,
		`{ ...A } fragment A on Query { ...B home { name } } fragment B on Query { ...A }`,
		`subscription { x }`,
	} {
		f.Add(q, `{"id":"Card:jaws-1975","a":false}`)
	}
	h := serveWorld(films(f), nil)
	f.Fuzz(func(t *testing.T, query, variables string) {
		if !json.Valid([]byte(variables)) {
			variables = "{}"
		}
		r := httptest.NewRequest("POST", "/tv/v3/graphql", strings.NewReader(`{"query":`+text(query)+`,"variables":`+variables+`}`))
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		start := cpu(t)
		h.ServeHTTP(rec, r)
		check(t, rec, start)
	})
}

func FuzzBody(f *testing.F) {
	f.Add(`{"query":"{home{name}}","operationName":null,"variables":{},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}`, "application/json", "*/*")
	f.Add(`{"documentId":"a"}`, "application/json; charset=utf-8", "application/graphql-response+json;q=0.5, application/json")
	f.Add(`[`, "text/plain", "text/html")
	h := serveWorld(films(f), nil)
	f.Fuzz(func(t *testing.T, body, contentType, accept string) {
		r := httptest.NewRequest("POST", "/tv/v3/graphql", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Accept", accept)
		rec := httptest.NewRecorder()
		start := cpu(t)
		h.ServeHTTP(rec, r)
		check(t, rec, start)
	})
}
