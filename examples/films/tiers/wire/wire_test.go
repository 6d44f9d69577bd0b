package wire

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func echo(w http.ResponseWriter, r *http.Request) {
	var in struct {
		IDs []string `json:"ids"`
	}
	if Read(w, r, &in) && Batch(w, "ids", in.IDs) {
		Write(w, in.IDs)
	}
}

func page(w http.ResponseWriter, r *http.Request) {
	if offset, limit, ok := Page(w, r); ok {
		Write(w, Cut([]int{0, 1, 2, 3, 4}, offset, limit))
	}
}

func TestRequests(t *testing.T) {
	h := Mux(map[string]http.HandlerFunc{"POST /echo:batch": echo, "GET /page": page})
	many := `{"ids":["` + strings.Repeat(`a","`, MaxBatch) + `a"]}`
	for _, c := range []struct {
		name, method, target, body string
		status                     int
		want                       string // part of the answer
	}{
		{"a batch", "POST", "/echo:batch", `{"ids":["a","b"]}`, 200, `["a","b"]`},
		{"unknown fields do not matter", "POST", "/echo:batch", `{"ids":[],"more":1}`, 200, `[]`},
		{"no JSON", "POST", "/echo:batch", `{`, 400, `"error"`},
		{"another type", "POST", "/echo:batch", `{"ids":"a"}`, 400, `"error"`},
		{"two values", "POST", "/echo:batch", `{"ids":[]} {}`, 400, `more than one`},
		{"nothing", "POST", "/echo:batch", ``, 400, `"error"`},
		{"no ids", "POST", "/echo:batch", `{}`, 400, `missing`},
		{"an empty id", "POST", "/echo:batch", `{"ids":[""]}`, 400, `0 bytes`},
		{"a long id", "POST", "/echo:batch", `{"ids":["` + strings.Repeat("a", MaxID+1) + `"]}`, 400, `129 bytes`},
		{"too many ids", "POST", "/echo:batch", many, 400, `at most 500`},
		{"too large", "POST", "/echo:batch", `{"ids":["` + strings.Repeat("a", MaxBody) + `"]}`, 413, `larger`},
		{"all of a list", "GET", "/page", "", 200, `[0,1,2,3,4]`},
		{"a page", "GET", "/page?offset=1&limit=2", "", 200, `[1,2]`},
		{"past the end", "GET", "/page?offset=9&limit=2", "", 200, `[]`},
		{"a huge page", "GET", "/page?offset=4&limit=9223372036854775807", "", 200, `[4]`},
		{"a negative offset", "GET", "/page?offset=-1", "", 400, `offset`},
		{"no number", "GET", "/page?limit=x", "", 400, `limit`},
		{"an unknown path", "GET", "/none", "", 404, `not served`},
		{"another method", "GET", "/echo:batch", "", 405, `not served`},
		{"health", "GET", "/healthz", "", 200, `ok`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(c.method, c.target, strings.NewReader(c.body)))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%d %s, want %d and %q", w.Code, w.Body, c.status, c.want)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
}

func TestAllow(t *testing.T) {
	h := Mux(map[string]http.HandlerFunc{"POST /echo:batch": echo})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/echo:batch", nil))
	if diff := cmp.Diff("POST", w.Header().Get("Allow")); diff != "" {
		t.Error(diff)
	}
}

func TestJoin(t *testing.T) {
	for want, rows := range map[string][][]byte{
		`{"rows":[]}`:      nil,
		`{"rows":[1]}`:     {[]byte("1")},
		`{"rows":[1,{}]}`:  {[]byte("1"), []byte("{}")},
		`{"rows":[[],[]]}`: {[]byte("[]"), []byte("[]")},
	} {
		if got := string(Join("rows", rows)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestServerHasLimits(t *testing.T) {
	s := Server(http.NotFoundHandler())
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("a limit is missing: %s", fmt.Sprintf("%+v", s))
	}
}
