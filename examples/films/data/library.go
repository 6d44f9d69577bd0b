// Package data holds the films that the demo world runs on, the series among them, what is like what, and the people who watch, all by rule.
package data

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	"golang.org/x/text/encoding/charmap"
)

//go:embed films.json
var films []byte

// A Title is one film. Nil means that nobody knew.
type Title struct {
	ID                string   `json:"id"`
	Title             string   `json:"title"`
	Year              int      `json:"year"`
	Released          string   `json:"released"` // 1975-06-20
	Rating            *string  `json:"mpaa"`     // G, PG, PG-13, R, NC-17, Not Rated, Open
	RuntimeMinutes    *int     `json:"runtimeMinutes"`
	Distributor       *string  `json:"distributor"`
	Source            *string  `json:"source"` // "Original Screenplay", "Remake", …
	Genre             *string  `json:"genre"`
	CreativeType      *string  `json:"creativeType"`
	Director          *string  `json:"director"`
	IMDBRating        *float64 `json:"imdbRating"`     // 0 to 10
	IMDBVotes         *int     `json:"imdbVotes"`      // how many people rated it
	RottenTomatoes    *int     `json:"rottenTomatoes"` // 0 to 100
	BudgetUSD         *int64   `json:"budgetUsd"`
	WorldwideGrossUSD *int64   `json:"worldwideGrossUsd"` // past 2³¹ for the biggest

	// Series is the id of the series that the film belongs to, "" for most.
	Series string `json:"-"`
	// Similar are the ids of at most 12 films, the most alike first, never the film itself.
	Similar []string `json:"-"`

	index int // in Library.Titles
}

// A Series is a film with its sequels.
type Series struct {
	ID     string   // "jaws-series"
	Title  string   // "Jaws"
	Titles []string // ids of its films by release, two or more
}

// A Library is everything that can be watched. It is read-only.
type Library struct {
	Titles []*Title  // in the order of the file
	Series []*Series // by id

	titles map[string]*Title
	series map[string]*Series
}

// Title is the film with that id, or nil.
func (l *Library) Title(id string) *Title { return l.titles[id] }

// OneSeries is the series with that id, or nil.
func (l *Library) OneSeries(id string) *Series { return l.series[id] }

// Load is the library, made once per process. It panics if the embedded file is broken, which a test rules out.
var Load = sync.OnceValue(func() *Library {
	l, err := parse(films)
	if err != nil {
		panic(err)
	}
	return l
})

func parse(src []byte) (*Library, error) {
	l := &Library{titles: map[string]*Title{}, series: map[string]*Series{}}
	if err := json.Unmarshal(src, &l.Titles); err != nil {
		return nil, fmt.Errorf("films.json: %w", err)
	}
	for i, t := range l.Titles {
		if t.ID == "" || t.Title == "" || l.titles[t.ID] != nil {
			return nil, fmt.Errorf("films.json: id %q is empty or taken, or its title is empty", t.ID)
		}
		t.Title, t.index = mend(t.Title), i
		l.titles[t.ID] = t
	}
	l.Series = findSeries(l.Titles)
	for _, s := range l.Series {
		l.series[s.ID] = s
		for _, id := range s.Titles {
			l.titles[id].Series = s.ID
		}
	}
	findSimilar(l.Titles)
	return l, nil
}

// mend undoes one wrong reading: Windows-1252 bytes that were taken for Mac Roman. What does not fit stays.
func mend(s string) string {
	mac, err := charmap.Macintosh.NewEncoder().String(s)
	if err != nil {
		return s
	}
	if mended, err := charmap.Windows1252.NewDecoder().String(mac); err == nil {
		return mended
	}
	return s
}
