package data

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoad(t *testing.T) {
	l := Load()
	if got, want := len(l.Titles), 3200; got != want {
		t.Errorf("%d films, want %d", got, want)
	}
	if j := l.Title("jaws-1975"); j == nil || j.Title != "Jaws" || *j.Director != "Steven Spielberg" || j.Series != "jaws-series" {
		t.Errorf("jaws-1975 is %+v", j)
	}
	if l.Title("no-such-film") != nil || l.OneSeries("no-such-series") != nil {
		t.Error("an unknown id has a value")
	}
}

func TestMend(t *testing.T) {
	for in, want := range map[string]string{
		"LÈon":                                "Léon",
		"The Naked Gun 2Ω: The Smell of Fear": "The Naked Gun 2½: The Smell of Fear",
		"I Love You Ö Don't Touch Me!":        "I Love You … Don't Touch Me!",
		"Ri¢hie Ri¢h":                         "Ri¢hie Ri¢h",
		"Alien³":                              "Alien³",
		"Jaws":                                "Jaws",
	} {
		if got := mend(in); got != want {
			t.Errorf("mend(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestBrokenFile(t *testing.T) {
	for name, src := range map[string]string{
		"no JSON":  `[{`,
		"no id":    `[{"title":"A"}]`,
		"no title": `[{"id":"a"}]`,
		"twice":    `[{"id":"a","title":"A"},{"id":"a","title":"A"}]`,
	} {
		if _, err := parse([]byte(src)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSeries(t *testing.T) {
	l := Load()
	for id, want := range map[string]Series{
		"jaws-series":               {Title: "Jaws", Titles: []string{"jaws-1975", "jaws-2-1978", "jaws-4-the-revenge-1987"}},
		"godfather-series":          {Title: "The Godfather", Titles: []string{"the-godfather-1972", "the-godfather-part-ii-1974", "the-godfather-part-iii-1990"}},
		"mission-series":            {Title: "Mission: Impossible", Titles: []string{"mission-impossible-1996", "mission-impossible-2-2000", "mission-impossible-iii-2006"}},
		"kill-bill-series":          {Title: "Kill Bill", Titles: []string{"kill-bill-volume-1-2003", "kill-bill-volume-2-2004"}},
		"back-to-the-future-series": {Title: "Back to the Future", Titles: []string{"back-to-the-future-1985", "back-to-the-future-part-ii-1989", "back-to-the-future-part-iii-1990"}},
	} {
		s := l.OneSeries(id)
		if s == nil {
			t.Errorf("no %s", id)
			continue
		}
		want.ID = id
		if diff := cmp.Diff(&want, s); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	if l.OneSeries("king-kong-series") != nil {
		t.Error("a remake is taken for a sequel")
	}
	if n := len(l.Series); n < 80 {
		t.Errorf("only %d series", n)
	}
	for _, s := range l.Series {
		if s.Title == "" || strings.HasSuffix(s.Title, ":") || len(s.Titles) < 2 {
			t.Errorf("odd series %+v", s)
		}
	}
}

func TestSimilar(t *testing.T) {
	l := Load()
	for _, film := range l.Titles {
		if len(film.Similar) != similarMost {
			t.Errorf("%s has %d similar films", film.ID, len(film.Similar))
		}
		if slices.Contains(film.Similar, film.ID) {
			t.Errorf("%s is similar to itself", film.ID)
		}
		for _, id := range film.Similar {
			if l.Title(id) == nil {
				t.Errorf("%s: similar film %q does not exist", film.ID, id)
			}
		}
	}
	again, err := parse(films)
	if err != nil {
		t.Fatal(err)
	}
	for i, film := range l.Titles {
		if !slices.Equal(film.Similar, again.Titles[i].Similar) {
			t.Fatalf("%s: not the same at every start", film.ID)
		}
	}
	if got := l.Title("jaws-1975").Similar[:2]; !slices.Contains(got, "jaws-2-1978") {
		t.Errorf("Jaws is most like %v", got)
	}
}

func TestPeople(t *testing.T) {
	l := Load()
	for _, v := range Viewers() {
		for _, id := range v.Profiles {
			p, ok := OneProfile(id)
			if !ok {
				t.Errorf("viewer %s has no profile %s", v.ID, id)
			}
			ids := slices.Clone(p.MyList)
			for _, m := range p.Watched {
				ids = append(ids, m.Title)
			}
			for _, id := range ids {
				if film := l.Title(id); film == nil || !p.Maturity.Allows(film) {
					t.Errorf("profile %s: %q is no film for it", p.ID, id)
				}
			}
		}
	}
	for id, want := range map[string]bool{"demo": true, "guest-0": true, "guest-9999": true, "guest-10000": false, "guest-01": false, "guest-": false, "guest--1": false, "nobody": false} {
		if _, ok := OneProfile(id); ok != want {
			t.Errorf("OneProfile(%q) = %v", id, ok)
		}
		if _, ok := OneViewer(id); ok != want {
			t.Errorf("OneViewer(%q) = %v", id, ok)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := parse(films); err != nil {
			b.Fatal(err)
		}
	}
}
