package servetest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"facet/serve/servetest"
)

// A heard is a testing.TB that keeps complaints to itself.
type heard struct {
	testing.TB
	said strings.Builder
}

func (h *heard) Helper()                      {}
func (h *heard) Logf(string, ...any)          {}
func (h *heard) Errorf(f string, args ...any) { fmt.Fprintf(&h.said, f+"\n", args...) }
func (h *heard) Fatalf(f string, args ...any) { h.Errorf(f, args...); runtime.Goexit() }
func (h *heard) Fatal(args ...any)            { h.Errorf("%s", fmt.Sprint(args...)); runtime.Goexit() }

// lying changes what a handler answers.
func lying(h http.Handler, from, to string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		w.WriteHeader(rec.Code)
		if _, err := w.Write(bytes.Replace(rec.Body.Bytes(), []byte(from), []byte(to), 1)); err != nil {
			panic(err)
		}
	})
}

// The comparison notices: a protocol that says something else does not pass.
func TestLiesAreNoticed(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(h *servetest.Handlers)
		want string
	}{
		"truth":            {func(*servetest.Handlers) {}, ""},
		"REST, a value":    {func(h *servetest.Handlers) { h.REST = lying(h.REST, `Row 1`, `Row 7`) }, "GraphQL and REST differ"},
		"REST, a field":    {func(h *servetest.Handlers) { h.REST = lying(h.REST, `"name":"Row 1",`, ``) }, "GraphQL and REST differ"},
		"GraphQL, a value": {func(h *servetest.Handlers) { h.GraphQL = lying(h.GraphQL, `Row 1`, `Row 7`) }, "GraphQL and JSON Graph differ at answer.rows[1].name"},
		"Graph, a value":   {func(h *servetest.Handlers) { h.Graph = lying(h.Graph, `Row 1`, `Row 7`) }, "GraphQL and JSON Graph differ at answer.rows[1].name"},
		"Graph, another entity": {func(h *servetest.Handlers) {
			h.Graph = lying(h.Graph, `"value":["Card","t0"]`, `"value":["Card","t4"]`)
		}, "answer.rows[0].items[0]"},
		"Graph, an error": {func(h *servetest.Handlers) {
			h.Graph = lying(h.Graph, `"value":"Row 1"`, `"value":"Row 1","$type":"error"`)
		}, "answer.rows[1].name: an error"},
		"Graph, a missing value":  {func(h *servetest.Handlers) { h.Graph = lying(h.Graph, `,"value":"Row 1"`, ``) }, "answer.rows[1].name"},
		"Graph, a shorter list":   {func(h *servetest.Handlers) { h.Graph = lying(h.Graph, `"3":{`, `"9":{`) }, "items"},
		"Graph, no JSON":          {func(h *servetest.Handlers) { h.Graph = lying(h.Graph, `{`, ``) }, "GET"},
		"GraphQL, a null for all": {func(h *servetest.Handlers) { h.GraphQL = lying(h.GraphQL, `{"answer":{`, `{"answer":null,"x":{`) }, "want null"},
	} {
		t.Run(name, func(t *testing.T) {
			w := films(t)
			c.lie(&w.handlers)
			h := &heard{TB: t}
			done := make(chan struct{})
			go func() { // Fatalf ends the goroutine
				defer close(done)
				servetest.Ask(h, w.engine.Surface(), w.handlers, servetest.Question{Device: "tv", Schema: "v3", View: "home",
					Fields: "name,rows(name,items(key,title))", First: 5})
			}()
			<-done
			if got := h.said.String(); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
}
