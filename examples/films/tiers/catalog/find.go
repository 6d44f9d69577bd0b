package catalog

import (
	"cmp"
	"net/http"
	"slices"

	"facet/examples/films/data"
	"facet/examples/films/tiers/wire"
)

// A filter names what a film must be. What is not given does not count.
type filter struct {
	Genre    string `json:"genre"`
	Director string `json:"director"`
	Source   string `json:"source"`
	FromYear int    `json:"fromYear"`
	ToYear   int    `json:"toYear"`
	Sort     string `json:"sort"` // RATING (if not given), YEAR, GROSS
}

// orders are the ways to sort, the best, latest or richest first.
var orders = map[string]func(*data.Title) float64{
	"RATING": data.Esteem,
	"YEAR":   func(t *data.Title) float64 { return float64(t.Year) },
	"GROSS": func(t *data.Title) float64 {
		if t.WorldwideGrossUSD == nil {
			return 0
		}
		return float64(*t.WorldwideGrossUSD)
	},
}

// A finder keeps all films in every order, so that a search is one walk.
type finder struct {
	sorted map[string][]*data.Title
	genres []string
}

func newFinder(l *data.Library) *finder {
	f := &finder{sorted: map[string][]*data.Title{}}
	for name, weight := range orders {
		list := slices.Clone(l.Titles)
		slices.SortFunc(list, func(a, b *data.Title) int { return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(a.ID, b.ID)) })
		f.sorted[name] = list
	}
	for _, t := range l.Titles {
		if t.Genre != nil && !slices.Contains(f.genres, *t.Genre) {
			f.genres = append(f.genres, *t.Genre)
		}
	}
	slices.Sort(f.genres)
	return f
}

func (f *finder) find(w http.ResponseWriter, r *http.Request) {
	in := struct {
		Filter filter `json:"filter"`
		Offset int    `json:"offset"`
		Limit  int    `json:"limit"`
	}{Limit: wire.MaxPage}
	if !wire.Read(w, r, &in) {
		return
	}
	list, ok := f.sorted[cmp.Or(in.Filter.Sort, "RATING")]
	if !ok {
		wire.Fail(w, http.StatusBadRequest, "sort is %q: RATING, YEAR and GROSS are known", in.Filter.Sort)
		return
	}
	if in.Offset < 0 || in.Limit < 0 {
		wire.Fail(w, http.StatusBadRequest, "offset and limit are counts from 0")
		return
	}
	found := []ref{}
	total := 0
	for _, t := range list {
		if !in.Filter.fits(t) {
			continue
		}
		if total >= in.Offset && len(found) < min(in.Limit, wire.MaxPage) {
			found = append(found, ref{t.ID})
		}
		total++
	}
	wire.Write(w, map[string]any{"total": total, "titles": found})
}

func (f filter) fits(t *data.Title) bool {
	is := func(want string, got *string) bool { return want == "" || got != nil && *got == want }
	return is(f.Genre, t.Genre) && is(f.Director, t.Director) && is(f.Source, t.Source) &&
		(f.FromYear == 0 || t.Year >= f.FromYear) && (f.ToYear == 0 || t.Year <= f.ToYear)
}
