// Package bookmarks is the tier that remembers: how far a profile got in a film, and what is on its list. It keeps both in memory.
package bookmarks

import (
	"net/http"
	"time"

	"facet/examples/films/data"
	"facet/examples/films/tiers/wire"
)

const maxSeconds = 24 * 60 * 60 // no film is longer

type bookmark struct {
	Title           string    `json:"title"`
	PositionSeconds int       `json:"positionSeconds"`
	UpdatedAt       time.Time `json:"updatedAt"`
}

type ref struct {
	ID string `json:"id"`
}

// tier answers from its shelf of what each profile keeps.
type tier struct {
	films *data.Library
	kept  *store
}

// Handler serves the tier. The named profiles start with what package data says of them; a restart forgets the rest.
//
//	POST   /bookmarks:batchGet {"profile", "titles": […]}        -> {"bookmarks": [{"title", "positionSeconds", "updatedAt"}]}, those that there are
//	GET    /bookmarks/{profile}?offset=&limit=                   -> {"total", "bookmarks": […]}, the latest first
//	PUT    /bookmarks/{profile}/{title} {"positionSeconds": 90}  -> {"title", "positionSeconds", "updatedAt"}
//	DELETE /bookmarks/{profile}/{title}                          -> {"title"}, also if there was none
//	GET    /my-list/{profile}?offset=&limit=                     -> {"total", "titles": [{"id"}]}, the latest first
//	POST   /my-list/{profile} {"title": "jaws-1975"}             -> {"title", "listed": true, "total"}, also if it was there
//	DELETE /my-list/{profile}/{title}                            -> {"title", "listed": false, "total"}, also if it was not
//
// A profile or a film that does not exist is 404, a store that is full 507. Now is the clock of updatedAt.
func Handler(l *data.Library, now func() time.Time) http.Handler {
	t := &tier{films: l, kept: newStore(now)}
	return wire.Mux(map[string]http.HandlerFunc{
		"POST /bookmarks:batchGet":            t.batch,
		"GET /bookmarks/{profile}":            t.list,
		"PUT /bookmarks/{profile}/{title}":    t.put,
		"DELETE /bookmarks/{profile}/{title}": t.remove,
		"GET /my-list/{profile}":              t.myList,
		"POST /my-list/{profile}":             t.push,
		"DELETE /my-list/{profile}/{title}":   t.drop,
	})
}

func (t *tier) batch(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Profile string   `json:"profile"`
		Titles  []string `json:"titles"`
	}
	if !wire.Read(w, r, &in) || !wire.Batch(w, "titles", in.Titles) || !profile(w, in.Profile) {
		return
	}
	wire.Write(w, map[string]any{"bookmarks": t.kept.marks(in.Profile, in.Titles)})
}

func (t *tier) list(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("profile")
	offset, limit, ok := wire.Page(w, r)
	if !ok || !profile(w, id) {
		return
	}
	all := t.kept.latest(id)
	wire.Write(w, map[string]any{"total": len(all), "bookmarks": wire.Cut(all, offset, limit)})
}

func (t *tier) put(w http.ResponseWriter, r *http.Request) {
	id, film := r.PathValue("profile"), r.PathValue("title")
	var in struct {
		PositionSeconds *int `json:"positionSeconds"`
	}
	if !wire.Read(w, r, &in) || !profile(w, id) || !t.film(w, film) {
		return
	}
	if in.PositionSeconds == nil || *in.PositionSeconds < 0 || *in.PositionSeconds > maxSeconds {
		wire.Fail(w, http.StatusBadRequest, "positionSeconds is a number from 0 to %d", maxSeconds)
		return
	}
	saved, ok := t.kept.mark(id, film, *in.PositionSeconds)
	if !ok {
		full(w)
		return
	}
	wire.Write(w, saved)
}

func (t *tier) remove(w http.ResponseWriter, r *http.Request) {
	id, film := r.PathValue("profile"), r.PathValue("title")
	if !profile(w, id) || !t.film(w, film) {
		return
	}
	t.kept.unmark(id, film)
	wire.Write(w, map[string]string{"title": film})
}

func (t *tier) myList(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("profile")
	offset, limit, ok := wire.Page(w, r)
	if !ok || !profile(w, id) {
		return
	}
	all := t.kept.listed(id)
	page := []ref{}
	for _, film := range wire.Cut(all, offset, limit) {
		page = append(page, ref{film})
	}
	wire.Write(w, map[string]any{"total": len(all), "titles": page})
}

func (t *tier) push(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("profile")
	var in struct {
		Title string `json:"title"`
	}
	if !wire.Read(w, r, &in) || !profile(w, id) || !t.film(w, in.Title) {
		return
	}
	total, ok := t.kept.push(id, in.Title)
	if !ok {
		full(w)
		return
	}
	wire.Write(w, map[string]any{"title": in.Title, "listed": true, "total": total})
}

func (t *tier) drop(w http.ResponseWriter, r *http.Request) {
	id, film := r.PathValue("profile"), r.PathValue("title")
	if !profile(w, id) || !t.film(w, film) {
		return
	}
	wire.Write(w, map[string]any{"title": film, "listed": false, "total": t.kept.drop(id, film)})
}

func (t *tier) film(w http.ResponseWriter, id string) bool {
	if t.films.Title(id) == nil {
		wire.Fail(w, http.StatusNotFound, "there is no film %q", id)
		return false
	}
	return true
}

func profile(w http.ResponseWriter, id string) bool {
	if _, ok := data.OneProfile(id); !ok {
		wire.Fail(w, http.StatusNotFound, "there is no profile %q", id)
		return false
	}
	return true
}

func full(w http.ResponseWriter) {
	wire.Fail(w, http.StatusInsufficientStorage, "this store is full: %d entries a profile, %d in all", mostPerProfile, mostEntries)
}
