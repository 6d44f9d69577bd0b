package films

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"facet/examples/films/data"
	"facet/examples/films/tiers/artwork"
	"facet/examples/films/tiers/bookmarks"
	"facet/examples/films/tiers/catalog"
	"facet/examples/films/tiers/profiles"
	"facet/examples/films/tiers/reviews"
	"facet/examples/films/tiers/rows"
	"facet/examples/films/tiers/search"
)

// A Tier is one backend of the world.
type Tier struct {
	Name  string // "catalog": the graph's @source name
	Env   string // "CATALOG_URL": the environment variable that the graph reads its address from
	About string // one line for people
	Open  func(Options) (Backend, error)
}

// Options say how a tier runs. The zero Options are good.
type Options struct {
	Now    func() time.Time // the clock of what is saved; nil: time.Now
	Public string           // the address that devices reach posters at; "": the one that the edge reaches the tier at
	Data   string           // the folder of what outlives a process; "": a temporary one, gone with the tier
}

// A Backend answers for a tier. Close it when no call is in flight.
type Backend interface {
	http.Handler
	Close() error
}

// Tiers are all backends, in the order that the graph names them. Each may run in a process of its own.
func Tiers() []Tier {
	return []Tier{
		{"catalog", "CATALOG_URL", "titles and series by id, and titles by what they are", func(Options) (Backend, error) {
			return forgetful{catalog.Handler(data.Load())}, nil
		}},
		{"profiles", "PROFILES_URL", "viewers, their profiles, and what those looked for", func(Options) (Backend, error) {
			return forgetful{profiles.Handler()}, nil
		}},
		{"rows", "ROWS_URL", "what a profile's home shows, and in which order", func(Options) (Backend, error) {
			return forgetful{rows.Handler(data.Load())}, nil
		}},
		{"bookmarks", "BOOKMARKS_URL", "how far a profile got in a film, and what is on its list", openBookmarks},
		{"artwork", "ARTWORK_URL", "posters", func(o Options) (Backend, error) {
			return forgetful{artwork.Handler(data.Load(), o.Public)}, nil
		}},
		{"search", "SEARCH_URL", "films by words, typed or spoken", func(Options) (Backend, error) {
			return forgetful{search.Handler(data.Load())}, nil
		}},
		{"reviews", "REVIEWS_URL", "what critics and audiences thought, over GraphQL", func(Options) (Backend, error) {
			return forgetful{reviews.Handler(data.Load())}, nil
		}},
	}
}

// forgetful is a tier that has nothing to close.
type forgetful struct{ http.Handler }

func (forgetful) Close() error { return nil }

func openBookmarks(o Options) (Backend, error) {
	now, dir, temporary := o.Now, o.Data, o.Data == ""
	if now == nil {
		now = time.Now
	}
	var err error
	if temporary {
		dir, err = os.MkdirTemp("", "films-")
	} else {
		err = os.MkdirAll(dir, 0o750)
	}
	if err != nil {
		return nil, err
	}
	tier, err := bookmarks.Open(filepath.Join(dir, "bookmarks.db"), data.Load(), now)
	if !temporary {
		return tier, err
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return passing{tier, dir}, nil
}

// passing is a tier whose folder goes with it.
type passing struct {
	Backend
	dir string
}

func (p passing) Close() error { return errors.Join(p.Backend.Close(), os.RemoveAll(p.dir)) }
