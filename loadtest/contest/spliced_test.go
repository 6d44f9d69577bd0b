package contest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Both pages by hand are the same JSON, from the first request and from pooled buffers.
func TestSplicedAnswersTheSamePage(t *testing.T) {
	addresses := tierAddresses(t)
	hand, err := NewByHand(addresses)
	if err != nil {
		t.Fatal(err)
	}
	spliced, err := NewSpliced(addresses)
	if err != nil {
		t.Fatal(err)
	}
	page := func(h http.Handler) (v any) {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != http.StatusOK {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	want := page(hand)
	for range 3 {
		if d := cmp.Diff(want, page(spliced)); d != "" {
			t.Fatal(d)
		}
	}
}

func TestScan(t *testing.T) {
	for in, want := range map[string]string{
		`"a"`: `"a"`, `"a\"b",`: `"a\"b"`, `"\\"}`: `"\\"`, ` 12 `: `12`, `-1.5e3,`: `-1.5e3`, `{"a":[1,"}"]},2`: `{"a":[1,"}"]}`, `[]`: `[]`, `null}`: `null`, `"a`: ``, ``: ``,
	} {
		s := scan{b: []byte(in)}
		if got := string(s.value()); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

func TestFilmByHand(t *testing.T) {
	h, err := NewByHand(tierAddresses(t))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.Film(w, httptest.NewRequest("GET", "/film/title-0007", nil))
	want := `{"data":{"film":{"id":"Card:title-0007","title":"The Long Way Home, Part 7","year":1957,"runtimeMinutes":87,"rating":"R","synopsis":"In film 7 an old friend returns."}}}`
	if d := cmp.Diff(want, w.Body.String()); d != "" {
		t.Error(d)
	}
}
