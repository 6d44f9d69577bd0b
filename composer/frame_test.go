package composer_test

import (
	"testing"

	"facet/composer"
)

// TestFrame: an answer between a head and a tail is the same bytes, and Data stays what it is. The first answer of a plan has outgrown its
// buffer, the others have room.
func TestFrame(t *testing.T) {
	e, w, sel, _ := page(t)
	framed := 0
	for range 3 {
		for p := range e.Answer(t.Context(), &composer.Request{Selection: sel, Asker: w.asker}) {
			data := string(p.Data)
			for _, f := range [][2]string{{`{"data":`, `}`}, {"", ""}, {"<", ""}} {
				got, ok := p.Frame([]byte(f[0]), []byte(f[1]))
				if ok && string(got) != f[0]+data+f[1] {
					t.Fatalf("%.40s … %s", got, got[len(got)-20:])
				}
				if ok {
					framed++
				}
			}
			if string(p.Data) != data {
				t.Fatal("framing changed the data")
			}
			if _, ok := p.Frame(make([]byte, 1000), nil); ok {
				t.Error("there was room for a head of 1,000 bytes")
			}
			p.Release()
		}
	}
	if framed == 0 {
		t.Error("no answer had room")
	}
	p := composer.Part{Data: []byte("null")}
	if _, ok := p.Frame([]byte("<"), nil); ok {
		t.Error("a part of somebody else's has no room")
	}
}
