// Package search is the tier that finds films by words, typed or spoken: in titles, directors and genres, from the first letters on.
package search

import (
	"net/http"
	"unicode/utf8"

	"facet/examples/films/data"
	"facet/examples/films/tiers/wire"
)

// The bounds of a question.
const (
	mostText  = 200 // bytes
	mostWords = 12
)

type ref struct {
	ID string `json:"id"`
}

// Handler serves the tier:
//
//	GET /search?text=jaws&offset=&limit=  -> {"total", "titles": [{"id"}]}, the best first
//
// Where no film has all the words, those that have most of them are found.
func Handler(l *data.Library) http.Handler {
	x := newIndex(l)
	return wire.Mux(map[string]http.HandlerFunc{
		"GET /search": func(w http.ResponseWriter, r *http.Request) {
			offset, limit, ok := wire.Page(w, r)
			if !ok {
				return
			}
			text := r.URL.Query().Get("text")
			if len(text) > mostText || !utf8.ValidString(text) {
				wire.Fail(w, http.StatusBadRequest, "text has %d bytes: it is UTF-8 of at most %d", len(text), mostText)
				return
			}
			found := x.find(text)
			page := []ref{}
			for _, t := range wire.Cut(found, offset, limit) {
				page = append(page, ref{t.ID})
			}
			wire.Write(w, map[string]any{"total": len(found), "titles": page})
		},
	})
}
