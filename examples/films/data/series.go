package data

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	article = regexp.MustCompile(`^(The|A|An) `)
	// sequel is what a sequel's name has after the name of the first film.
	sequel = regexp.MustCompile(`(?i)(:.*|,? (part|vol\.?|volume|ep\.?|episode|chapter) .*| (\d{1,2}|[ivx]+|3-?d)(:.*)?)$`)
	// number is what may stand at the end of a common prefix and does not belong to a name.
	number = regexp.MustCompile(`(?i)[:,]?( (part|vol\.?|volume|ep\.?|episode|chapter))?[ :,]*$`)
	spaces = regexp.MustCompile(`\s+`)
	noSlug = regexp.MustCompile(`[^a-z0-9]+`)
)

// findSeries groups films whose names share a stem, where at least one of them is numbered or has a subtitle:
// "Jaws" and "Jaws 2" are a series; "King Kong" of 1976 and of 2005 are a remake.
func findSeries(titles []*Title) []*Series {
	groups := map[string][]*Title{}
	for _, t := range titles {
		stem := strings.ToLower(sequel.ReplaceAllString(plain(t.Title), ""))
		if len(stem) > 1 {
			groups[stem] = append(groups[stem], t)
		}
	}
	var all []*Series
	for _, stem := range slices.Sorted(maps.Keys(groups)) {
		g := groups[stem]
		names := map[string]bool{}
		marked := false
		for _, t := range g {
			name := strings.ToLower(plain(t.Title))
			names[name] = true
			marked = marked || name != stem
		}
		if len(g) < 2 || len(names) < 2 || !marked {
			continue
		}
		slices.SortFunc(g, func(a, b *Title) int {
			return cmp.Or(cmp.Compare(a.Released, b.Released), cmp.Compare(a.ID, b.ID))
		})
		s := &Series{ID: strings.Trim(noSlug.ReplaceAllString(stem, "-"), "-") + "-series", Title: commonName(g)}
		for _, t := range g {
			s.Titles = append(s.Titles, t.ID)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Series) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// plain is a name without its article and with single spaces.
func plain(name string) string {
	return article.ReplaceAllString(spaces.ReplaceAllString(name, " "), "")
}

// commonName is what the names of all films begin with, in whole words, spelled as the first film spells it.
func commonName(films []*Title) string {
	first := strings.Fields(plain(films[0].Title))
	n := len(first)
	for _, t := range films[1:] {
		words := strings.Fields(plain(t.Title))
		n = min(n, len(words))
		for i := range n {
			if bare(first[i]) != bare(words[i]) {
				n = i
				break
			}
		}
	}
	name := number.ReplaceAllString(strings.Join(first[:n], " "), "")
	return article.FindString(films[0].Title) + name
}

func bare(word string) string { return strings.ToLower(strings.TrimRight(word, ":,")) }
