package view_test

import (
	"slices"
	"strings"
	"testing"

	"facet/view"
	"facet/view/viewtest"

	"github.com/google/go-cmp/cmp"
)

func TestIdentity(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{
		{[]string{"jaws-1975"}, "jaws-1975"},
		{[]string{"a~b:%/ü"}, "a~b:%/ü"}, // one part stands as it is
		{[]string{"a", "b"}, "a~b"},
		{[]string{"a~b", "c:d"}, "a%7Eb~c%3Ad"},
		{[]string{"", "ü"}, "~%C3%BC"},
	} {
		got := view.EncodeKey(c.parts)
		if got != c.want {
			t.Errorf("EncodeKey(%q) = %q, want %q", c.parts, got, c.want)
		}
		back, ok := view.DecodeKey(got, len(c.parts))
		if !ok || !slices.Equal(back, c.parts) {
			t.Errorf("DecodeKey(%q) = %q %v, want %q", got, back, ok, c.parts)
		}
	}
	if got, want := view.EncodeID("Card", []string{"de:DE", "3"}, "a~b"), "Card:de%3ADE:3:a%7Eb"; got != want {
		t.Errorf("EncodeID = %q, want %q", got, want)
	}
	for _, bad := range []string{"", "Card", ":x", "Card:%zz"} {
		if _, _, _, ok := view.DecodeID(bad); ok {
			t.Errorf("DecodeID(%q) is ok", bad)
		}
	}
	if _, ok := view.DecodeKey("a~b~c", 2); ok {
		t.Error("a key of three parts is one of two")
	}
}

func FuzzIdentity(f *testing.F) {
	f.Add("Card", "de:DE", "a~b%ü", "Card:a:b")
	f.Fuzz(func(t *testing.T, shape, arg, key, id string) {
		if shape != "" && !strings.Contains(shape, ":") {
			s, args, k, ok := view.DecodeID(view.EncodeID(shape, []string{arg}, key))
			if !ok || s != shape || k != key || len(args) != 1 || args[0] != arg {
				t.Errorf("got %q %q %q %v", s, args, k, ok)
			}
		}
		parts := []string{arg, key}
		if back, ok := view.DecodeKey(view.EncodeKey(parts), 2); !ok || !slices.Equal(back, parts) {
			t.Errorf("key %q: %q %v", parts, back, ok)
		}
		view.DecodeID(id)
		view.DecodeKey(id, 2)
	})
}

// A module's shape that depends on arguments is an identity with those before its key.
func TestPathsOfShapeArguments(t *testing.T) {
	b := viewtest.Home()
	b.Shapes[1].Args = []*view.Arg{{Name: "size", Type: viewtest.Type("Int!")}, {Name: "genre", Type: viewtest.Type("Genre!")}}
	out := arms(b)[1].Output
	out.Args = []*view.Named{{Name: "size", Value: out.Value - 1}, {Name: "genre", Value: out.Value - 1}}
	b.Mutations[0].On, b.Mutations[0].As = "SeriesCard", []string{"marks", "push"}
	var got []string
	for _, p := range surface(t, b).Paths().All {
		if s := p.String(); strings.HasPrefix(s, `["SeriesCard"`) {
			got = append(got, s)
		}
	}
	want := []string{
		`["SeriesCard", <size: Int!>, <genre: Genre!>, <key: ID!>, "marks", "push"] call(title: ID!, positionSeconds: Int! >= 0)`,
		`["SeriesCard", <size: Int!>, <genre: Genre!>, <key: ID!>, "id"] ID!`,
		`["SeriesCard", <size: Int!>, <genre: Genre!>, <key: ID!>, "key"] ID!`,
		`["SeriesCard", <size: Int!>, <genre: Genre!>, <key: ID!>, "title"] String!`,
		`["SeriesCard", <size: Int!>, <genre: Genre!>, <key: ID!>, "seasons"] Int`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// What is no identity is a branch where it stands.
func TestPathsOfBranches(t *testing.T) {
	b := viewtest.Home()
	b.Shapes[0].Loadable = false
	got := surface(t, b).Paths().String()
	for _, want := range []string{
		`["film", <id: ID!>, "title"] String!`, `["film", <id: ID!>, "similar", "length"] Int!`,
		`["home", "rows", <index>, "items", <index>] -> SeriesCard`, `["home", "rows", <index>, "items", <index>, "title"] String!`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is not in:\n%s", want, got)
		}
	}
	if strings.Contains(got, `["Card"`) {
		t.Error("Card is an identity")
	}
}

func BenchmarkDecode(b *testing.B) {
	data, err := viewtest.Home().Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := view.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSurface(b *testing.B) {
	home, other := viewtest.Home(), player(nil)
	for b.Loop() {
		if _, diags := view.NewSurface("tv", "v3", home, other); diags.Failed() {
			b.Fatal(diags.Err())
		}
	}
}
