package rows

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films/data"
)

type answer struct {
	Total int   `json:"total"`
	Rows  []row `json:"rows"`
}

func ask(t *testing.T, h http.Handler, path string) (a answer) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 {
		t.Fatalf("%s: %d %s: %v", path, w.Code, w.Body, err)
	}
	return a
}

func TestHomes(t *testing.T) {
	l := data.Load()
	h := Handler(l)
	for _, id := range []string{"demo", "kids", "grace", "new", "guest-42"} {
		p, _ := data.OneProfile(id)
		a := ask(t, h, "/profiles/"+id+"/rows")
		if a.Total < 40 || a.Total != len(a.Rows) {
			t.Errorf("%s: total %d, %d rows, want at least 40", id, a.Total, len(a.Rows))
		}
		if a.Rows[0].ID != "originals" {
			t.Errorf("%s: the first row is %q", id, a.Rows[0].ID)
		}
		ids := map[string]bool{}
		for _, r := range a.Rows {
			if ids[r.ID] || r.Name == "" || len(r.Items) < 5 || len(r.Items) > mostItems {
				t.Errorf("%s: row %q (%q) has %d items, or is there twice", id, r.ID, r.Name, len(r.Items))
			}
			ids[r.ID] = true
			seen := map[item]bool{}
			for _, i := range r.Items {
				if seen[i] {
					t.Errorf("%s: row %s has %s twice", id, r.ID, i.ID)
				}
				seen[i] = true
				switch {
				case i.Type == "title" && l.Title(i.ID) != nil:
					if !p.Maturity.Allows(l.Title(i.ID)) {
						t.Errorf("%s: row %s shows %s", id, r.ID, i.ID)
					}
				case i.Type == "series" && l.OneSeries(i.ID) != nil:
				default:
					t.Errorf("%s: row %s has an unknown item %+v", id, r.ID, i)
				}
			}
		}
	}
}

func TestPages(t *testing.T) {
	h := Handler(data.Load())
	all := ask(t, h, "/profiles/demo/rows")
	page := ask(t, h, "/profiles/demo/rows?offset=5&limit=3")
	if diff := cmp.Diff(answer{all.Total, all.Rows[5:8]}, page); diff != "" {
		t.Errorf("a page is no part of the whole:\n%s", diff)
	}
	if past := ask(t, h, "/profiles/demo/rows?offset=500&limit=3"); past.Total != all.Total || len(past.Rows) != 0 {
		t.Errorf("past the end: %+v", past)
	}
	if again := ask(t, Handler(data.Load()), "/profiles/demo/rows"); !cmp.Equal(all, again) {
		t.Error("not the same at every start")
	}
	if other := ask(t, h, "/profiles/grace/rows"); cmp.Equal(all, other) {
		t.Error("two profiles have one home")
	}
}

func TestRefusals(t *testing.T) {
	h := Handler(data.Load())
	for path, status := range map[string]int{
		"/profiles/nobody/rows":         404,
		"/profiles/demo/rows?offset=-1": 400,
		"/profiles/demo/rows?limit=ten": 400,
		"/rows":                         404,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
	}
}

func BenchmarkHome(b *testing.B) {
	h := Handler(data.Load())
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/profiles/demo/rows?limit=20", nil))
	}
}
