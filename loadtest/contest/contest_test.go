package contest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// tierAddresses runs the tiers until the test ends, and says where, by their variables.
func tierAddresses(t *testing.T) map[string]string {
	t.Helper()
	addresses := map[string]string{}
	for _, tier := range Tiers(0) {
		srv := httptest.NewServer(tier.Handler)
		t.Cleanup(srv.Close)
		addresses[tier.Env] = srv.URL
	}
	return addresses
}

// The page by hand is what the edge is measured against: it must be whole, and of the size that is stated.
func TestByHandAnswersTheWholePage(t *testing.T) {
	h, err := NewByHand(tierAddresses(t))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	var p page
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if got := len(p.Data.Home.Rows); got != Rows {
		t.Fatalf("got %d rows, want %d", got, Rows)
	}
	marked := 0
	for _, row := range p.Data.Home.Rows {
		if len(row.Items) != PerRow {
			t.Fatalf("row %q has %d items, want %d", row.Name, len(row.Items), PerRow)
		}
		for _, c := range row.Items {
			if c.Title == "" || c.Art == "" {
				t.Fatalf("%s has no title or art", c.ID)
			}
			if c.At != nil {
				marked++
			}
		}
	}
	if marked == 0 || marked == Rows*PerRow {
		t.Errorf("%d of %d cards have a bookmark, want some", marked, Rows*PerRow)
	}
	if n := w.Body.Len(); n < 85_000 || n > 105_000 {
		t.Errorf("the page has %d bytes, want about 94 KB", n)
	}
}
