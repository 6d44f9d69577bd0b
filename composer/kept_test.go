package composer_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"facet/composer"
)

func TestKept(t *testing.T) {
	fact := func(i int) [32]byte { return sha256.Sum256(fmt.Append(nil, i)) }
	var k composer.Kept
	if k.Knows(fact(0)) {
		t.Error("it knows a fact that it was not told")
	}
	for i := range 100 {
		k.Learn(fact(i))
		k.Learn(fact(i))
	}
	for i, want := range map[int]bool{0: false, 35: false, 36: true, 99: true} {
		if got := k.Knows(fact(i)); got != want {
			t.Errorf("fact %d: known %v, want %v", i, got, want)
		}
	}
}
