// Package home is the films world's TV home as a careful Go programmer writes it: typed structs, encoding/json, generated gRPC code, one goroutine a call.
package home

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"facet/examples/films/tiers/artwork/artworkpb"
)

// Whose home it is, and how large: so many rows have 417 films on them.
const (
	profile  = "demo"
	pageRows = 26
	perRow   = 20
	width    = 342
)

// What the page waits for, where it waits at all: a late bookmark or score costs no card.
const (
	markWithin   = 30 * time.Millisecond
	scoreWithin  = 60 * time.Millisecond
	anyWithin    = 150 * time.Millisecond
	originalFrom = "Original Screenplay"
)

// ByHand answers the page. Close it when no request is in flight.
type ByHand struct {
	profiles, rows, catalog, bookmarks, reviews string // base URLs
	client                                      *http.Client
	conn                                        *grpc.ClientConn
	artwork                                     artworkpb.ArtworkClient
}

// New makes the handler; addresses are the tiers' base URLs by the variables of the films graph.
func New(addresses map[string]string) (*ByHand, error) {
	h := &ByHand{client: &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 128, IdleConnTimeout: 90 * time.Second}}}
	for env, into := range map[string]*string{"PROFILES_URL": &h.profiles, "ROWS_URL": &h.rows, "CATALOG_URL": &h.catalog, "BOOKMARKS_URL": &h.bookmarks, "REVIEWS_URL": &h.reviews} {
		if *into = addresses[env]; *into == "" {
			return nil, fmt.Errorf("no address for %s", env)
		}
	}
	art := strings.TrimPrefix(addresses["ARTWORK_URL"], "http://")
	if art == "" {
		return nil, errors.New("no address for ARTWORK_URL")
	}
	var err error
	if h.conn, err = grpc.NewClient("passthrough:///"+art, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		return nil, err
	}
	h.artwork = artworkpb.NewArtworkClient(h.conn)
	return h, nil
}

// Close ends its connections.
func (h *ByHand) Close() error {
	h.client.CloseIdleConnections()
	return h.conn.Close()
}

// ServeHTTP answers the page, or 502 if a tier fails that the page is nothing without.
func (h *ByHand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, err := h.compose(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // who asked may be gone
}

func (h *ByHand) compose(ctx context.Context) (*page, error) {
	var (
		who      struct{ Name string }
		searches struct{ Searches []string }
		shelf    shelf
	)
	if err := together(
		func() error { return h.get(ctx, h.profiles+"/profiles/"+profile, &who) },
		func() error { return h.get(ctx, h.profiles+"/profiles/"+profile+"/recent-searches", &searches) },
		func() error {
			return h.get(ctx, fmt.Sprintf("%s/profiles/%s/rows?offset=0&limit=%d", h.rows, profile, pageRows), &shelf)
		},
	); err != nil {
		return nil, err
	}
	films, series := shelf.ids()
	known, err := h.know(ctx, films, series)
	if err != nil {
		return nil, err
	}
	p := &page{}
	p.Data.Home = homePage{Name: who.Name, Recent: searches.Searches[:min(3, len(searches.Searches))]}
	for _, row := range shelf.Rows {
		out := pageRow{Name: row.Name}
		for _, item := range row.Items[:min(perRow, len(row.Items))] {
			if c := known.card(item); c != nil {
				out.Items = append(out.Items, c)
			}
		}
		p.Data.Home.Rows = append(p.Data.Home.Rows, out)
	}
	return p, nil
}

// ids are the films and the series of the page, each once, in the order in which they stand there.
func (s *shelf) ids() (films, series []string) {
	seen := map[item]bool{}
	for _, row := range s.Rows {
		for _, it := range row.Items[:min(perRow, len(row.Items))] {
			if seen[it] {
				continue
			}
			seen[it] = true
			if it.Type == "series" {
				series = append(series, it.ID)
			} else {
				films = append(films, it.ID)
			}
		}
	}
	return films, series
}

// know asks five tiers at once for what is to be known of films and series.
func (h *ByHand) know(ctx context.Context, films, series []string) (*known, error) {
	var (
		titles  struct{ Titles []title }
		saga    struct{ Series []saga }
		art     *artworkpb.BatchGetResponse
		marks   struct{ Bookmarks []mark }
		reviews struct {
			Data struct{ Films []review }
		}
	)
	type ids struct {
		IDs []string `json:"ids"`
	}
	err := together(
		func() error { return h.post(ctx, h.catalog+"/titles:batchGet", ids{films}, &titles) },
		func() error {
			if len(series) == 0 {
				return nil
			}
			return h.post(ctx, h.catalog+"/series:batchGet", ids{series}, &saga)
		},
		func() error {
			ctx, cancel := context.WithTimeout(ctx, anyWithin)
			defer cancel()
			var err error
			if art, err = h.artwork.BatchGet(ctx, &artworkpb.BatchGetRequest{Width: width, Ids: films}); err != nil {
				art = &artworkpb.BatchGetResponse{} // a page without posters is a page
			}
			return nil
		},
		func() error {
			ctx, cancel := context.WithTimeout(ctx, markWithin)
			defer cancel()
			_ = h.post(ctx, h.bookmarks+"/bookmarks:batchGet", map[string]any{"profile": profile, "titles": films}, &marks) // or none
			return nil
		},
		func() error {
			ctx, cancel := context.WithTimeout(ctx, scoreWithin)
			defer cancel()
			_ = h.post(ctx, h.reviews+"/graphql", map[string]any{"query": reviewsQuery, "variables": ids{films}}, &reviews) // or none
			return nil
		},
	)
	if err != nil {
		return nil, err
	}
	k := &known{cards: make(map[string]*card, len(titles.Titles)), series: make(map[string]*seriesCard, len(saga.Series))}
	runtimes := make(map[string]*int, len(titles.Titles))
	for _, t := range titles.Titles {
		k.cards[t.ID] = &card{Type: "Card", ID: "Card:" + t.ID, Title: t.Title, Badge: badge(t.Source)}
		runtimes[t.ID] = t.RuntimeMinutes
	}
	for _, a := range art.Artwork {
		if c := k.cards[a.Id]; c != nil {
			c.Art = &a.Url
		}
	}
	for _, r := range reviews.Data.Films {
		if c := k.cards[r.ID]; c != nil && r.Critics != nil {
			c.Score = &r.Critics.OutOf100
		}
	}
	for _, m := range marks.Bookmarks {
		if c := k.cards[m.Title]; c != nil {
			c.Position = &m.PositionSeconds
		}
	}
	for id, c := range k.cards {
		c.Progress = progressOf(runtimes[id], c.Position)
	}
	for _, s := range saga.Series {
		k.series[s.ID] = &seriesCard{Type: "SeriesCard", ID: "SeriesCard:" + s.ID, Title: s.Title, Seasons: s.SeasonCount}
	}
	return k, nil
}

func together(fs ...func() error) error {
	errs := make([]error, len(fs))
	var wg sync.WaitGroup
	for i, f := range fs {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}
