package composer_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/asker"
	"facet/composer"
)

// TestStale: what happened elsewhere is told to those who see it, in words of their own schema, and to nobody else.
func TestStale(t *testing.T) {
	w := filmWorld(t, false)
	viewer := func(profile string, profiles ...string) *asker.Asker {
		return &asker.Asker{Viewer: asker.Viewer{ID: "v", Profile: profile, Profiles: profiles, SignedIn: true}, Device: asker.Device{Type: "tv", Form: "tv"}}
	}
	mark := func(key []string, args map[string]string) composer.Write {
		return composer.Write{Type: "Title", Field: "bookmark", Key: key, Args: args}
	}
	for _, tt := range []struct {
		name  string
		write composer.Write
		asker *asker.Asker
		want  []string
	}{
		{"the own profile's", mark([]string{"t2"}, map[string]string{"profile": "p1"}), viewer("p1", "p1"), []string{"[Card t2 progress] Card:t2"}},
		{"another viewer's", mark([]string{"t2"}, map[string]string{"profile": "p1"}), viewer("p9", "p9"), nil},
		{"a profile of the account that is not at the screen", mark([]string{"t2"}, map[string]string{"profile": "p1"}), viewer("p2", "p1", "p2"), nil},
		{"nobody knows whose", mark([]string{"t2"}, nil), viewer("p1", "p1"), nil},
		{"any entity", mark(nil, map[string]string{"profile": "p1"}), viewer("p1", "p1"), []string{"[Card] "}},
		{"what everybody sees", composer.Write{Type: "Title", Field: "title", Key: []string{"t3"}}, viewer("p9", "p9"), []string{"[Card t3 title] Card:t3"}},
		{"a list that a view reads", composer.Write{Type: "Profile", Field: "rows", Key: []string{"p1"}}, viewer("p1", "p1"), []string{"[home] "}},
		{"nothing of this schema", composer.Write{Type: "Title", Field: "nobody", Key: []string{"t3"}}, viewer("p1", "p1"), nil},
		{"no type of this graph", composer.Write{Type: "Invoice", Field: "total"}, viewer("p1", "p1"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, in := range w.engine.Stale([]composer.Write{tt.write, tt.write}, tt.asker) {
				got = append(got, fmt.Sprint(in.Path, " ", in.ID))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
