package composer_test

import (
	"testing"

	"facet/composer"
)

// TestInvalidatable: an answer that shows what some mutation changes, in a shape or outside, may not be kept unasked.
func TestInvalidatable(t *testing.T) {
	for _, tt := range []struct {
		name string
		ask  []any
		want bool
	}{
		{"what a mutation changes", []any{"title", "progress"}, true},
		{"what none changes", []any{"title", "art", "key"}, false},
		{"below a reference", []any{"title", "similar", nodes("progress")}, true},
		{"a reference alone", []any{"title", "similar", nodes("title")}, false},
	} {
		for _, format := range []composer.Format{composer.FormatTree, composer.FormatGraph} {
			w := filmWorld(t, false)
			sel, values := film("t2", tt.ask...)
			sel.Roots[0].Path = []string{"film", "t2"}
			if got := w.ask(&composer.Request{Selection: sel, Values: values, Format: format}).Cache.Invalidatable; got != tt.want {
				t.Errorf("%s: %v", tt.name, got)
			}
		}
	}
}
