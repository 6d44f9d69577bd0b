package scripts

import (
	"fmt"
	"testing"

	"facet/scripts/plain"
	"facet/view"
)

// TestShelf: functions share closures where all is the same that they are compiled from, and nowhere else.
func TestShelf(t *testing.T) {
	const source = "({ a, b }) => a + b /* shelf */"
	closures := func(f *view.Func) *plain.Function {
		fs, err := Open(build(f), RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer fs.Close()
		p := fs.funcs[0].plain()
		if p == nil {
			t.Fatalf("%q needs the engine", f.Source)
		}
		return p
	}
	first := closures(fn("Int", source, "a", "b"))
	for _, tt := range []struct {
		what string
		f    *view.Func
		same bool
	}{
		{"the same", fn("Int", source, "a", "b"), true},
		{"another result", fn("Float", source, "a", "b"), false},
		{"never null", fn("Int!", source, "a", "b"), false},
		{"a list", fn("[Int]", source, "a", "b"), false},
		{"other inputs", fn("Int", source, "b", "a"), false},
		{"a locale", fn("Int", source, "a", "b", localeInput), false},
		{"other code", fn("Int", source+" ", "a", "b"), false},
	} {
		if same := closures(tt.f) == first; same != tt.same {
			t.Errorf("%s: shared: %t, want %t", tt.what, same, tt.same)
		}
	}
	object := fn("Kind", `({ a }) => a /* shelf */`, "a")
	if one, other := closures(object), closures(object); one == other {
		t.Error("a function of a type that its package declares is shared")
	}
}

// TestShelfIsBounded: what was asked lately stays, and not much more.
func TestShelfIsBounded(t *testing.T) {
	var s compiledShelf
	made := 0
	get := func(key string) {
		s.get(key, func() *plain.Function { made++; return nil })
	}
	for i := range 50_000 {
		get(fmt.Sprintf("%0100d", i))
		get("again and again")
	}
	if made != 50_001 {
		t.Errorf("%d were made, want 50001", made)
	}
	if n := len(s.young) + len(s.old); n > 2*shelfBytes/100 {
		t.Errorf("%d are kept of texts of 100 bytes", n)
	}
}
