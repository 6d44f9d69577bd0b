// Package catalog is the tier that knows what there is to watch: titles and series by id, and titles by what they are.
package catalog

import (
	"encoding/json"
	"net/http"

	"facet/examples/films/data"
	"facet/examples/films/tiers/wire"
)

// title is one film as the tier sends it. Amounts are dollars, past 32 bits for the biggest.
type title struct {
	ID                string   `json:"id"`
	Title             string   `json:"title"`
	Year              int      `json:"year"`
	Released          string   `json:"released"`
	Rating            *string  `json:"rating"`
	RuntimeMinutes    *int     `json:"runtimeMinutes"`
	Distributor       *string  `json:"distributor"`
	Source            *string  `json:"source"`
	Genre             *string  `json:"genre"`
	CreativeType      *string  `json:"creativeType"`
	Director          *string  `json:"director"`
	IMDBRating        *float64 `json:"imdbRating"`
	IMDBVotes         *int     `json:"imdbVotes"`
	RottenTomatoes    *int     `json:"rottenTomatoes"`
	BudgetUSD         *int64   `json:"budgetUsd"`
	WorldwideGrossUSD *int64   `json:"worldwideGrossUsd"`
	Series            *ref     `json:"series"`
	Similar           []ref    `json:"similar"`
}

type series struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	SeasonCount int    `json:"seasonCount"` // one film is one season
	FirstYear   int    `json:"firstYear"`
	LastYear    int    `json:"lastYear"`
	Titles      []ref  `json:"titles"`
}

type ref struct {
	ID string `json:"id"`
}

func refs(ids []string) []ref {
	out := make([]ref, len(ids))
	for i, id := range ids {
		out[i] = ref{id}
	}
	return out
}

// Handler serves the tier:
//
//	POST /titles:batchGet  {"ids": […]}                                   -> {"titles": […]}, in the order asked, unknown ids left out
//	POST /series:batchGet  {"ids": […]}                                   -> {"series": […]}, likewise
//	POST /titles:find      {"filter": {…}, "offset": 0, "limit": 20}      -> {"total": 789, "titles": [{"id": …}, …]}
//	GET  /genres                                                          -> {"genres": ["Action", …]}
func Handler(l *data.Library) http.Handler {
	titles := make(map[string][]byte, len(l.Titles))
	for _, t := range l.Titles {
		row := title{
			ID: t.ID, Title: t.Title, Year: t.Year, Released: t.Released, Rating: t.Rating, RuntimeMinutes: t.RuntimeMinutes,
			Distributor: t.Distributor, Source: t.Source, Genre: t.Genre, CreativeType: t.CreativeType, Director: t.Director,
			IMDBRating: t.IMDBRating, IMDBVotes: t.IMDBVotes, RottenTomatoes: t.RottenTomatoes,
			BudgetUSD: t.BudgetUSD, WorldwideGrossUSD: t.WorldwideGrossUSD, Similar: refs(t.Similar),
		}
		if t.Series != "" {
			row.Series = &ref{t.Series}
		}
		titles[t.ID] = encode(row)
	}
	all := make(map[string][]byte, len(l.Series))
	for _, s := range l.Series {
		all[s.ID] = encode(series{
			ID: s.ID, Title: s.Title, SeasonCount: len(s.Titles), Titles: refs(s.Titles),
			FirstYear: l.Title(s.Titles[0]).Year, LastYear: l.Title(s.Titles[len(s.Titles)-1]).Year,
		})
	}
	f := newFinder(l)
	return wire.Mux(map[string]http.HandlerFunc{
		"POST /titles:batchGet": batch("titles", titles),
		"POST /series:batchGet": batch("series", all),
		"POST /titles:find":     f.find,
		"GET /genres":           func(w http.ResponseWriter, _ *http.Request) { wire.Write(w, map[string]any{"genres": f.genres}) },
	})
}

func batch(name string, rows map[string][]byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			IDs []string `json:"ids"`
		}
		if !wire.Read(w, r, &in) || !wire.Batch(w, "ids", in.IDs) {
			return
		}
		found := make([][]byte, 0, len(in.IDs))
		for _, id := range in.IDs {
			if row, ok := rows[id]; ok {
				found = append(found, row)
			}
		}
		wire.WriteBytes(w, wire.Join(name, found))
	}
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain strings and numbers always encode
	}
	return b
}
