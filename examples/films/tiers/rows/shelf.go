package rows

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"facet/examples/films/data"
)

const (
	mostItems = 75 // of one row
	fewest    = 5  // items that are worth a row
	prolific  = 9  // films by which a director is known, among all films
)

// A shelf is a row before it is dealt to a profile: a name and films, the best first.
type shelf struct {
	id, name string
	items    []item
}

// An item is an id with its type. Rows hold nothing more.
type item struct {
	Type string `json:"type"` // "title" or "series"
	ID   string `json:"id"`
}

// A stock is all shelves of one maturity: those that every profile sees first, and those whose order is the profile's own.
type stock struct {
	first, rest []shelf
}

func fill(l *data.Library, m data.Maturity) stock {
	var films []*data.Title
	for _, t := range l.Titles {
		if m.Allows(t) {
			films = append(films, t)
		}
	}
	slices.SortFunc(films, func(a, b *data.Title) int {
		return cmp.Or(cmp.Compare(data.Esteem(b), data.Esteem(a)), cmp.Compare(a.ID, b.ID))
	})
	known := prolific
	if m == data.Kids {
		known = fewest // there are not so many
	}
	var s stock
	first := func(id, name string, fits func(*data.Title) bool) {
		s.first = keep(s.first, id, name, pick(films, fits))
	}
	first("originals", "Originals", func(t *data.Title) bool { return is(t.Source, "Original Screenplay") })
	first("acclaimed", "Critics and public agree", func(t *data.Title) bool { return critics(t) >= 90 && public(t) >= 7.5 })
	s.first = keep(s.first, "sagas", "Sagas and sequels", sagas(l, m))
	first("hidden", "Critics loved it, few saw it", func(t *data.Title) bool { return critics(t) >= 85 && seen(t) < 20_000 })
	first("guilty", "The public was right, the critics were not", func(t *data.Title) bool { return critics(t) <= 45 && critics(t) >= 0 && public(t) >= 6.8 })
	first("blockbusters", "Half a billion at the box office", func(t *data.Title) bool { return t.WorldwideGrossUSD != nil && *t.WorldwideGrossUSD >= 500_000_000 })
	s.rest = append(s.rest, byValue(l, films, "genre", "%s", fewest, func(t *data.Title) string { return text(t.Genre) })...)
	s.rest = append(s.rest, byValue(l, films, "decade", "The %s", fewest, decade)...)
	s.rest = append(s.rest, byValue(l, films, "director", "Directed by %s", known, func(t *data.Title) string { return text(t.Director) })...)
	s.rest = append(s.rest, byValue(l, films, "source", "%s", fewest, func(t *data.Title) string {
		if is(t.Source, "Original Screenplay") {
			return "" // the Originals, above
		}
		return text(t.Source)
	})...)
	s.rest = append(s.rest, byValue(l, films, "genre-decade", "%s", 2*fewest, func(t *data.Title) string {
		if t.Genre == nil {
			return ""
		}
		return *t.Genre + " of the " + decade(t)
	})...)
	s.rest = append(s.rest, byValue(l, films, "kind", "%s", fewest, func(t *data.Title) string { return text(t.CreativeType) })...)
	return s
}

// byValue makes a shelf of every value that films share. Rows of genres show a series once instead of its films.
func byValue(l *data.Library, films []*data.Title, kind, name string, enough int, of func(*data.Title) string) []shelf {
	groups := map[string][]*data.Title{}
	for _, t := range films {
		if v := of(t); v != "" {
			groups[v] = append(groups[v], t)
		}
	}
	var out []shelf
	for _, v := range slices.Sorted(maps.Keys(groups)) {
		if len(groups[v]) < enough {
			continue
		}
		var items []item
		if kind == "genre" {
			items = folded(l, groups[v])
		} else {
			items = pick(groups[v], func(*data.Title) bool { return true })
		}
		out = keep(out, kind+"-"+slug(v), fmt.Sprintf(name, v), items)
	}
	return out
}

// folded puts a series in the place of the first of its films and drops the others.
func folded(l *data.Library, films []*data.Title) []item {
	var items []item
	shown := map[string]bool{}
	for _, t := range films {
		switch {
		case t.Series == "" || l.OneSeries(t.Series) == nil:
			items = append(items, item{"title", t.ID})
		case !shown[t.Series]:
			shown[t.Series] = true
			items = append(items, item{"series", t.Series})
		}
	}
	return items
}

// sagas are the series that a profile may watch from the first film on, the best first film first.
func sagas(l *data.Library, m data.Maturity) []item {
	list := slices.Clone(l.Series)
	opening := func(s *data.Series) *data.Title { return l.Title(s.Titles[0]) }
	list = slices.DeleteFunc(list, func(s *data.Series) bool { return !m.Allows(opening(s)) })
	slices.SortStableFunc(list, func(a, b *data.Series) int { return cmp.Compare(data.Esteem(opening(b)), data.Esteem(opening(a))) })
	items := make([]item, len(list))
	for i, s := range list {
		items[i] = item{"series", s.ID}
	}
	return items
}

func pick(films []*data.Title, fits func(*data.Title) bool) []item {
	var items []item
	for _, t := range films {
		if fits(t) {
			items = append(items, item{"title", t.ID})
		}
	}
	return items
}

// keep adds a shelf if it has enough to show.
func keep(shelves []shelf, id, name string, items []item) []shelf {
	if len(items) < fewest {
		return shelves
	}
	return append(shelves, shelf{id, name, items[:min(len(items), mostItems)]})
}

func critics(t *data.Title) int {
	if t.RottenTomatoes == nil {
		return -1
	}
	return *t.RottenTomatoes
}

func public(t *data.Title) float64 {
	if t.IMDBRating == nil {
		return 0
	}
	return *t.IMDBRating
}

func seen(t *data.Title) int {
	if t.IMDBVotes == nil {
		return 0
	}
	return *t.IMDBVotes
}

func decade(t *data.Title) string { return fmt.Sprintf("%ds", t.Year/10*10) }

func is(s *string, want string) bool { return s != nil && *s == want }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

var noSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slug(s string) string {
	return strings.Trim(noSlug.ReplaceAllString(strings.ToLower(s), "-"), "-")
}
