package pack

import "testing"

// Work in progress is published many times under one version: the exact text, or else the tag, says which is meant.
func TestResolveTellsBuildMetadataApart(t *testing.T) {
	in := Index{Name: "@a/b", Versions: map[string]Published{"1.0.0+aa": {}, "1.0.0+zz": {}, "1.0.0+mm": {}, "0.9.0": {}}, Tags: map[string]string{"latest": "1.0.0+mm"}}
	old := Index{Name: "@a/b", Versions: map[string]Published{"1.0.0+aa": {}, "1.1.0": {}}, Tags: map[string]string{"latest": "1.0.0+aa"}}
	for _, c := range []struct {
		in         Index
		want, gets string
	}{
		{in, "1.0.0+aa", "1.0.0+aa"},
		{in, "1.0.0+zz", "1.0.0+zz"},
		{in, "^1.0.0", "1.0.0+mm"},
		{in, "1.0.0", "1.0.0+mm"},
		{in, "latest", "1.0.0+mm"},
		{in, "<1.0.0", "0.9.0"},
		{old, "^1.0.0", "1.1.0"},
	} {
		got, err := Resolve(c.want, c.in)
		if err != nil || got.String() != c.gets {
			t.Errorf("Resolve(%q) = %v (%v), want %s", c.want, got, err, c.gets)
		}
	}
}
