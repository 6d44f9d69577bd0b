package composer

import "testing"

// TestPools: what has grown for a large answer is kept for such, and not among what small ones take: else all of that would be large in time,
// as many as requests are answered at once.
func TestPools(t *testing.T) {
	made := func(change func(x *exec)) *exec {
		x := &exec{ans: make([]answerData, ansTier+1)}
		change(x)
		return x
	}
	for name, c := range map[string]struct {
		x    *exec
		vast bool
	}{
		"small":                {made(func(*exec) {}), false},
		"entities":             {made(func(x *exec) { x.entities = vastRows + 1 }), true},
		"a long list":          {made(func(x *exec) { x.ans[ansTier].cells = make([]cell, vastCells+1) }), true},
		"lists of functions":   {made(func(x *exec) { x.ans[ansOwn].cells = make([]cell, vastCells+1) }), true},
		"texts of functions":   {made(func(x *exec) { x.ans[ansOwn].body = make([]byte, largeAnswer+1) }), true},
		"a large one before":   {made(func(x *exec) { x.vast = true }), true},
		"a page of ten titles": {made(func(x *exec) { x.entities, x.ans[ansTier].cells = 10, make([]cell, 200) }), false},
	} {
		released := 0
		c.x.ans[ansTier].release = func() { released++ }
		if pool := c.x.pool(); (pool == &vast) != c.vast || released != 1 || len(c.x.ans) != ansTier {
			t.Errorf("%s: among the vast: %v, want %v; released %d times", name, pool == &vast, c.vast, released)
		}
	}
	for size, want := range map[int]any{0: &buffers, 100 << 10: &buffers, 3 << 20: &vastBuffers, maxPooled: &vastBuffers} {
		b := &buffer{b: make([]byte, size)}
		if got := b.pool(); got != want {
			t.Errorf("a buffer of %d bytes is in another pool", size)
		}
	}
	if (&buffer{b: make([]byte, maxPooled+1)}).pool() != nil {
		t.Error("a buffer past the bound is kept")
	}
}
