package data

import (
	"cmp"
	"math"
	"slices"
)

const (
	similarMost = 12 // films that one film names
	similarNear = 40 // neighbours by release on either side that are weighed, within one genre
)

// findSimilar gives every film its most alike: of one series, by one director, of one genre and creative type, of near years, well rated.
// Films of one genre are weighed only against their neighbours by release, so the work grows with the number of films, not with its square.
func findSimilar(titles []*Title) {
	byRelease := slices.Clone(titles)
	slices.SortFunc(byRelease, func(a, b *Title) int {
		return cmp.Or(cmp.Compare(a.Released, b.Released), cmp.Compare(a.ID, b.ID))
	})
	genres, directors, series := map[string][]*Title{}, map[string][]*Title{}, map[string][]*Title{}
	place := make([]int, len(titles)) // by index: where the film stands in its genre
	for _, t := range byRelease {
		g := value(t.Genre)
		place[t.index] = len(genres[g])
		genres[g] = append(genres[g], t)
		if t.Director != nil {
			directors[*t.Director] = append(directors[*t.Director], t)
		}
		if t.Series != "" {
			series[t.Series] = append(series[t.Series], t)
		}
	}
	var best ranking
	seen := make([]int, len(titles)) // by index: in which round a film was seen last
	for round, t := range titles {
		best = best[:0]
		consider := func(others []*Title) {
			for _, o := range others {
				if o != t && seen[o.index] != round+1 {
					seen[o.index] = round + 1
					best.add(o, likeness(t, o))
				}
			}
		}
		g, at := genres[value(t.Genre)], place[t.index]
		consider(g[max(0, at-similarNear):min(len(g), at+similarNear+1)])
		if t.Director != nil {
			consider(directors[*t.Director])
		}
		consider(series[t.Series])
		if len(best) < similarMost { // a genre of few films
			consider(byRelease[:min(len(byRelease), 2*similarMost)])
		}
		for _, c := range best {
			t.Similar = append(t.Similar, c.t.ID)
		}
	}
}

// A ranking holds at most similarMost films, the heaviest first, ids deciding among equals.
type ranking []ranked

type ranked struct {
	t      *Title
	weight float64
}

func (r *ranking) add(t *Title, weight float64) {
	at := len(*r)
	for at > 0 && ((*r)[at-1].weight < weight || (*r)[at-1].weight == weight && (*r)[at-1].t.ID > t.ID) {
		at--
	}
	if at == similarMost {
		return
	}
	if len(*r) < similarMost {
		*r = append(*r, ranked{})
	}
	copy((*r)[at+1:], (*r)[at:])
	(*r)[at] = ranked{t, weight}
}

func likeness(a, b *Title) float64 {
	w := -math.Abs(float64(a.Year-b.Year)) / 10
	if a.Series != "" && a.Series == b.Series {
		w += 6
	}
	if same(a.Director, b.Director) {
		w += 3
	}
	if same(a.Genre, b.Genre) {
		w++
	}
	if same(a.CreativeType, b.CreativeType) {
		w++
	}
	if b.IMDBRating != nil {
		w += *b.IMDBRating / 5
	}
	return w
}

func same(a, b *string) bool { return a != nil && b != nil && *a == *b }

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
