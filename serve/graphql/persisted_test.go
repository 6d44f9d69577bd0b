package graphql

import (
	"fmt"
	"strings"
	"testing"
)

// TestPersistedShares: what is registered is bounded in all and for each schema, and one that registers without end pushes out its own alone.
func TestPersistedShares(t *testing.T) {
	const max = 64 << 10
	p := newPersisted(max)
	text, hash := func(n int) string { return fmt.Sprintf("%0*d", 500, n) }, func(n int) string { return fmt.Sprintf("%064d", n) }
	quiet := routeName{"tv", "v1"}
	for n := range 20 {
		p.add(quiet, hash(n), text(n))
	}
	loud := routeName{"phone", "v1"}
	for n := range 10_000 {
		p.add(loud, hash(n), text(n))
	}
	for n := range 20 {
		if got, ok := p.get(quiet, hash(n)); !ok || got != text(n) {
			t.Fatalf("the other schema's document %d is gone", n)
		}
	}
	if _, ok := p.get(loud, hash(0)); ok {
		t.Error("the first of ten thousand is still there")
	}
	if got, ok := p.get(loud, hash(9_999)); !ok || got != text(9_999) {
		t.Error("the last is not there")
	}
	if a := p.by[loud]; a.size > max/persistedShare || len(a.texts) != a.order.Len() {
		t.Errorf("one schema keeps %d bytes in %d and %d", a.size, len(a.texts), a.order.Len())
	}
	for n := range 50 {
		at := routeName{"tv", fmt.Sprint("v", n+2)}
		for m := range 25 {
			p.add(at, hash(m), text(m))
		}
	}
	size, all := 0, 0
	for _, a := range p.by {
		size, all = size+a.size, all+len(a.texts)
	}
	if size != p.size || size > max || all != p.order.Len() || all == 0 {
		t.Errorf("%d bytes and %d texts are counted as %d and %d", size, all, p.size, p.order.Len())
	}
	if p.add(quiet, hash(1), strings.Repeat("x", max)); p.size > max {
		t.Error("what is larger than everything is kept")
	}
}
