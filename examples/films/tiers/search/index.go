package search

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"facet/examples/films/data"
)

// How much a word counts by where it stands, and by how much of it was said.
const (
	inTitle    = 4.0
	inDirector = 2.0
	inGenre    = 1.0
	asPrefix   = 0.6
	wholeTitle = 20.0
)

// idle are words that people say around what they look for. They count where they stand in a title, but no film needs them.
var idle = []string{"a", "an", "and", "by", "film", "films", "find", "for", "i", "in", "me", "movie", "movies", "of", "on", "play", "please", "put", "show", "something", "start", "that", "the", "to", "want", "watch", "with"}

// A posting says that a word stands in a film.
type posting struct {
	film   int
	weight float64
}

// An index knows for each word the films that have it. It is read-only.
type index struct {
	films    []*data.Title
	titles   []string // folded, by film
	words    []string // sorted
	postings [][]posting
}

func newIndex(l *data.Library) *index {
	x := &index{films: l.Titles, titles: make([]string, len(l.Titles))}
	all := map[string]map[int]float64{}
	add := func(film int, text *string, weight float64) {
		if text == nil {
			return
		}
		for _, w := range fold(*text) {
			if all[w] == nil {
				all[w] = map[int]float64{}
			}
			all[w][film] = max(all[w][film], weight)
		}
	}
	for i, t := range l.Titles {
		x.titles[i] = strings.Join(fold(t.Title), " ")
		add(i, &t.Title, inTitle)
		add(i, t.Director, inDirector)
		add(i, t.Genre, inGenre)
	}
	x.words = slices.Sorted(maps.Keys(all))
	for _, w := range x.words {
		var list []posting
		for _, film := range slices.Sorted(maps.Keys(all[w])) {
			list = append(list, posting{film, all[w][film]})
		}
		x.postings = append(x.postings, list)
	}
	return x
}

// fold cuts a text into words that compare without case and accents: "Amélie's" is "amelie", "s".
func fold(text string) []string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(text)) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’': // an accent; "don't" is one word
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// find gives films, the best first.
func (x *index) find(text string) []*data.Title {
	said := fold(text)
	said = said[:min(len(said), mostWords)]
	score := map[int]float64{}
	has := map[int]int{} // how many of the needed words
	needed := 0
	for i, w := range said {
		if slices.Contains(said[:i], w) {
			continue
		}
		isNeeded := !slices.Contains(idle, w)
		if isNeeded {
			needed++
		}
		for film, weight := range x.having(w) {
			score[film] += weight
			if isNeeded {
				has[film]++
			}
		}
	}
	if needed == 0 { // idle words alone may be a title: "Show Me"
		title := strings.Join(said, " ")
		maps.DeleteFunc(score, func(film int, _ float64) bool { return !strings.HasPrefix(x.titles[film], title) || title == "" })
	}
	most := 0
	for _, n := range has {
		most = max(most, n)
	}
	whole, bare := strings.Join(said, " "), strings.Join(slices.DeleteFunc(slices.Clone(said), func(w string) bool { return slices.Contains(idle, w) }), " ")
	var found []int
	for film := range score {
		if has[film] < most {
			continue
		}
		if x.titles[film] == whole || x.titles[film] == bare {
			score[film] += wholeTitle
		}
		score[film] += data.Esteem(x.films[film]) / 100
		found = append(found, film)
	}
	slices.SortFunc(found, func(a, b int) int {
		return cmp.Or(cmp.Compare(score[b], score[a]), cmp.Compare(x.films[a].ID, x.films[b].ID))
	})
	out := make([]*data.Title, len(found))
	for i, film := range found {
		out[i] = x.films[film]
	}
	return out
}

// having gives each film that has a word, or one that begins with it, what that is worth: rare words more than common ones.
func (x *index) having(word string) map[int]float64 {
	out := map[int]float64{}
	from, _ := slices.BinarySearch(x.words, word)
	for i := from; i < len(x.words) && strings.HasPrefix(x.words[i], word); i++ {
		share := 1.0
		if x.words[i] != word {
			if len(word) < 2 {
				continue
			}
			share = asPrefix
		}
		rare := math.Log(1 + float64(len(x.films))/float64(len(x.postings[i])))
		for _, p := range x.postings[i] {
			out[p.film] = max(out[p.film], p.weight*share*rare)
		}
	}
	return out
}
