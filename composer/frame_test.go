package composer_test

import (
	"testing"

	"facet/composer"
)

// TestFrame: an answer between a head and a tail is the same bytes, however it was made, and Data stays what it is.
func TestFrame(t *testing.T) {
	e, w, sel, _ := page(t)
	for i := range 3 {
		for p := range e.Answer(t.Context(), &composer.Request{Selection: sel, Asker: w.asker}) {
			data := string(p.Data)
			if got := string(p.Frame(`{"data":`, `}`)); got != `{"data":`+data+`}` {
				t.Fatalf("%d: %.40s … %s", i, got, got[len(got)-20:])
			}
			if got := string(p.Frame("", "")); got != data || string(p.Data) != data {
				t.Fatal("framing changed the data")
			}
			p.Release()
		}
	}
	p := composer.Part{Data: []byte("null")}
	if got := string(p.Frame("<", ">")); got != "<null>" {
		t.Error(got)
	}
}
