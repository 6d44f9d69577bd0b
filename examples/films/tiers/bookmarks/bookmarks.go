// Package bookmarks is the tier that remembers: how far a profile got in a film, and what is on its list. It keeps both in SQLite.
package bookmarks

import (
	"context"
	"encoding/json"
	"errors"
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

// A Tier answers from its store of what each profile keeps. Close it when no call is in flight.
type Tier struct {
	http.Handler
	films *data.Library
	kept  *store
}

// Open serves the tier from the database at path, a file that is made if it is missing. In a new one the named profiles start with
// what package data says of them. Now is the clock of updatedAt.
//
//	POST   /bookmarks:batchGet {"profile", "titles": […]}        -> {"bookmarks": [{"title", "positionSeconds", "updatedAt"}]}, those that there are
//	GET    /bookmarks/{profile}?offset=&limit=                   -> {"total", "bookmarks": […]}, the latest first
//	PUT    /bookmarks/{profile}/{title} {"positionSeconds": 90}  -> {"title", "positionSeconds", "updatedAt"}
//	DELETE /bookmarks/{profile}/{title}                          -> {"title"}, also if there was none
//	GET    /my-list/{profile}?offset=&limit=                     -> {"total", "titles": [{"id"}]}, the latest first
//	POST   /my-list/{profile} {"title": "jaws-1975"}             -> {"title", "listed": true, "total"}, also if it was there
//	DELETE /my-list/{profile}/{title}                            -> {"title", "listed": false, "total"}, also if it was not
//
// A profile or a film that does not exist is 404, a store that is full 507. What is answered with 200 is on the disk.
//
// A write with an Idempotency-Key is done once: the same write with the same key gets the first answer again, with
// Idempotency-Replayed: true; another write of the same profile with the same key is 422. Keys are kept for 24 hours.
func Open(path string, l *data.Library, now func() time.Time) (*Tier, error) {
	kept, err := openStore(path, now)
	if err != nil {
		return nil, err
	}
	t := &Tier{films: l, kept: kept}
	t.Handler = wire.Mux(map[string]http.HandlerFunc{
		"POST /bookmarks:batchGet":            t.batch,
		"GET /bookmarks/{profile}":            t.list,
		"PUT /bookmarks/{profile}/{title}":    t.put,
		"DELETE /bookmarks/{profile}/{title}": t.remove,
		"GET /my-list/{profile}":              t.myList,
		"POST /my-list/{profile}":             t.push,
		"DELETE /my-list/{profile}/{title}":   t.drop,
	})
	return t, nil
}

// Close ends the database's connections.
func (t *Tier) Close() error { return t.kept.close() }

// patience bounds what one call waits for the database.
const patience = 5 * time.Second

func (t *Tier) batch(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Profile string   `json:"profile"`
		Titles  []string `json:"titles"`
	}
	if !wire.Read(w, r, &in) || !wire.Batch(w, "titles", in.Titles) || !profile(w, in.Profile) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	marks, err := t.kept.marks(ctx, in.Profile, in.Titles)
	if err != nil {
		broken(w)
		return
	}
	wire.Write(w, map[string]any{"bookmarks": marks})
}

func (t *Tier) list(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("profile")
	offset, limit, ok := wire.Page(w, r)
	if !ok || !profile(w, id) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	page, total, err := t.kept.latest(ctx, id, offset, limit)
	if err != nil {
		broken(w)
		return
	}
	wire.Write(w, map[string]any{"total": total, "bookmarks": page})
}

func (t *Tier) myList(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("profile")
	offset, limit, ok := wire.Page(w, r)
	if !ok || !profile(w, id) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	page, total, err := t.kept.listed(ctx, id, offset, limit)
	if err != nil {
		broken(w)
		return
	}
	wire.Write(w, map[string]any{"total": total, "titles": page})
}

func (t *Tier) put(w http.ResponseWriter, r *http.Request) {
	var in struct {
		PositionSeconds *int `json:"positionSeconds"`
	}
	id, film := r.PathValue("profile"), r.PathValue("title")
	body, ok := wire.Body(w, r)
	if !ok || !wire.Read(w, r, &in) || !profile(w, id) || !t.film(w, film) {
		return
	}
	if in.PositionSeconds == nil || *in.PositionSeconds < 0 || *in.PositionSeconds > maxSeconds {
		wire.Fail(w, http.StatusBadRequest, "positionSeconds is a number from 0 to %d", maxSeconds)
		return
	}
	t.change(w, r, body, func(c *change) (any, error) { return c.mark(id, film, *in.PositionSeconds) })
}

func (t *Tier) remove(w http.ResponseWriter, r *http.Request) {
	id, film := r.PathValue("profile"), r.PathValue("title")
	body, ok := wire.Body(w, r)
	if !ok || !profile(w, id) || !t.film(w, film) {
		return
	}
	t.change(w, r, body, func(c *change) (any, error) { return map[string]string{"title": film}, c.unmark(id, film) })
}

func (t *Tier) push(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Title string `json:"title"`
	}
	id := r.PathValue("profile")
	body, ok := wire.Body(w, r)
	if !ok || !wire.Read(w, r, &in) || !profile(w, id) || !t.film(w, in.Title) {
		return
	}
	t.change(w, r, body, func(c *change) (any, error) {
		total, err := c.push(id, in.Title)
		return map[string]any{"title": in.Title, "listed": true, "total": total}, err
	})
}

func (t *Tier) drop(w http.ResponseWriter, r *http.Request) {
	id, film := r.PathValue("profile"), r.PathValue("title")
	body, ok := wire.Body(w, r)
	if !ok || !profile(w, id) || !t.film(w, film) {
		return
	}
	t.change(w, r, body, func(c *change) (any, error) {
		total, err := c.drop(id, film)
		return map[string]any{"title": film, "listed": false, "total": total}, err
	})
}

// change makes one write, once for its Idempotency-Key, and answers. It goes on when the caller leaves: who comes back finds the answer.
func (t *Tier) change(w http.ResponseWriter, r *http.Request, body []byte, do func(*change) (any, error)) {
	key, ok := keyOf(w, r)
	if !ok {
		return
	}
	if key != "" {
		key = r.PathValue("profile") + "/" + key
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	answer, replayed, err := t.kept.once(ctx, key, fingerprint(r, body), func(c *change) ([]byte, error) {
		v, err := do(c)
		if err != nil {
			return nil, err
		}
		return json.Marshal(v)
	})
	switch {
	case errors.Is(err, errFull):
		wire.Fail(w, http.StatusInsufficientStorage, "this store is full: %d entries a profile, %d in all", mostPerProfile, mostEntries)
	case errors.Is(err, errReused):
		wire.Fail(w, http.StatusUnprocessableEntity, "the Idempotency-Key was used for another request: make a key for each write")
	case err != nil:
		broken(w)
	default:
		if replayed {
			w.Header().Set("Idempotency-Replayed", "true")
		}
		wire.WriteBytes(w, answer)
	}
}

func (t *Tier) film(w http.ResponseWriter, id string) bool {
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

// broken says that the database did not answer, without its text.
func broken(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	wire.Fail(w, http.StatusServiceUnavailable, "the store did not answer")
}
