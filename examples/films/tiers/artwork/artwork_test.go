package artwork

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films/data"
)

func TestBatch(t *testing.T) {
	for _, c := range []struct {
		name, public, body string
		status             int
		want               string
	}{
		{"films and series", "", `{"width":342,"ids":["jaws-1975","nothing","jaws-series"]}`, 200,
			`{"artwork":[{"id":"jaws-1975","url":"http://example.com/art/jaws-1975-342.svg","width":342,"height":513},{"id":"jaws-series","url":"http://example.com/art/jaws-series-342.svg","width":342,"height":513}]}`},
		{"an address of its own", "https://art.test/", `{"width":40,"ids":["jaws-1975"]}`, 200, `{"artwork":[{"id":"jaws-1975","url":"https://art.test/art/jaws-1975-40.svg","width":40,"height":60}]}`},
		{"nothing", "", `{"width":342,"ids":[]}`, 200, `{"artwork":[]}`},
		{"no width", "", `{"ids":[]}`, 400, `{"error":"width is 0: 40 to 2000 are drawn"}`},
		{"too wide", "", `{"width":2001,"ids":[]}`, 400, `{"error":"width is 2001: 40 to 2000 are drawn"}`},
		{"no ids", "", `{"width":342}`, 400, `{"error":"\"ids\" is missing: give a list of ids"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			Handler(data.Load(), c.public).ServeHTTP(w, httptest.NewRequest("POST", "/artwork:batchGet", strings.NewReader(c.body)))
			if diff := cmp.Diff(c.want, w.Body.String()); diff != "" || w.Code != c.status {
				t.Errorf("%d, want %d (-want +got):\n%s", w.Code, c.status, diff)
			}
		})
	}
}

func TestDraw(t *testing.T) {
	h := Handler(data.Load(), "")
	for path, status := range map[string]int{
		"/art/jaws-1975-342.svg":   200,
		"/art/jaws-series-40.svg":  200,
		"/art/jaws-1975-2001.svg":  400,
		"/art/jaws-1975-39.svg":    400,
		"/art/nothing-342.svg":     404,
		"/art/jaws-1975.svg":       404,
		"/art/jaws-1975-99999.svg": 404,
		"/art/jaws-1975-342.png":   404,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
		if w.Code == 200 && w.Header().Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s is %s", path, w.Header().Get("Content-Type"))
		}
	}
}

// TestEveryPoster draws all of them: each is XML whose lines fit.
func TestEveryPoster(t *testing.T) {
	l := data.Load()
	check := func(s sheet) {
		lines, size := breakLines(s.title, 172)
		if len(lines) == 0 || size < 8 || float64(len(lines))*size > 200 {
			t.Errorf("%s: %d lines of %v units", s.id, len(lines), size)
		}
		d := xml.NewDecoder(strings.NewReader(string(poster(s, 342))))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", s.id, err)
			}
		}
	}
	for _, film := range l.Titles {
		check(ofTitle(film))
	}
	for _, s := range l.Series {
		check(ofSeries(s, l))
	}
}

func BenchmarkPoster(b *testing.B) {
	s := ofTitle(data.Load().Title("jaws-1975"))
	for b.Loop() {
		poster(s, 342)
	}
}

func FuzzDraw(f *testing.F) {
	for _, name := range []string{"jaws-1975-342.svg", "jaws-series-40.svg", "-40.svg", "jaws-1975-0342.svg", "a/b-342.svg", "\x00-342.svg"} {
		f.Add(name)
	}
	h := Handler(data.Load(), "")
	f.Fuzz(func(t *testing.T, name string) {
		r := httptest.NewRequest("GET", "/art/x", nil)
		r.URL.Path = "/art/" + name
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%q: %d %s", name, w.Code, w.Body)
		}
	})
}
