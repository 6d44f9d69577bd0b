package contest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// ByHand is the page as a careful Go programmer writes it: typed structs, encoding/json, a pooled client,
// one goroutine per call, each title asked for once.
type ByHand struct {
	Profiles, Rows, Catalog, Artwork, Bookmarks string // base URLs
	Client                                      *http.Client
}

// NewClient is the client that ByHand uses: the same keep-alive and deadlines as the edge's tiers.
func NewClient() *http.Client {
	return &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 128, IdleConnTimeout: 90 * time.Second}}
}

type page struct {
	Data struct {
		Home homePage `json:"home"`
	} `json:"data"`
}

type homePage struct {
	Name   string    `json:"name"`
	Recent []string  `json:"recent"`
	Rows   []pageRow `json:"rows"`
}

type pageRow struct {
	Name  string `json:"name"`
	Items []card `json:"items"`
}

type card struct {
	ID             string `json:"id"`
	Title          string `json:"title"`
	Year           *int   `json:"year"`
	RuntimeMinutes *int   `json:"runtimeMinutes"`
	Rating         string `json:"rating"`
	Synopsis       string `json:"synopsis"`
	Art            string `json:"art"`
	At             *int   `json:"at"`
}

// ServeHTTP answers the page, or 502 if any tier fails.
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
	send(w, body)
}

func (h *ByHand) compose(ctx context.Context) (*page, error) {
	var (
		who struct {
			Name           string   `json:"name"`
			RecentSearches []string `json:"recentSearches"`
		}
		shelf struct {
			Rows []struct {
				Name  string `json:"name"`
				Items []struct {
					ID string `json:"id"`
				} `json:"items"`
			} `json:"rows"`
		}
	)
	if err := together(
		func() error { return h.get(ctx, h.Profiles+"/profiles/"+profile, &who) },
		func() error { return h.get(ctx, h.Rows+"/profiles/"+profile+"/rows", &shelf) },
	); err != nil {
		return nil, err
	}
	var ids []string
	seen := map[string]bool{}
	for _, row := range shelf.Rows {
		for _, it := range row.Items[:min(PerRow, len(row.Items))] {
			if !seen[it.ID] {
				seen[it.ID] = true
				ids = append(ids, it.ID)
			}
		}
	}
	var (
		cat struct {
			Titles []struct {
				ID             string `json:"id"`
				Title          string `json:"title"`
				Year           *int   `json:"year"`
				RuntimeMinutes *int   `json:"runtimeMinutes"`
				Rating         string `json:"rating"`
				Synopsis       string `json:"synopsis"`
			} `json:"titles"`
		}
		art struct {
			Artwork []struct{ ID, URL string } `json:"artwork"`
		}
		marks struct {
			Bookmarks []struct {
				ID              string `json:"id"`
				PositionSeconds int    `json:"positionSeconds"`
			} `json:"bookmarks"`
		}
	)
	ask, err := json.Marshal(map[string]any{"ids": ids})
	if err != nil {
		return nil, err
	}
	if err := together(
		func() error { return h.post(ctx, h.Catalog+"/titles:batchGet", ask, &cat) },
		func() error { return h.post(ctx, h.Artwork+"/artwork:batchGet", ask, &art) },
		func() error { return h.post(ctx, h.Bookmarks+"/bookmarks:batchGet", ask, &marks) },
	); err != nil {
		return nil, err
	}
	cards := make(map[string]*card, len(cat.Titles))
	for _, t := range cat.Titles {
		cards[t.ID] = &card{ID: "Card:" + t.ID, Title: t.Title, Year: t.Year, RuntimeMinutes: t.RuntimeMinutes, Rating: t.Rating, Synopsis: t.Synopsis}
	}
	for _, a := range art.Artwork {
		if c := cards[a.ID]; c != nil {
			c.Art = a.URL
		}
	}
	for _, m := range marks.Bookmarks {
		if c := cards[m.ID]; c != nil {
			at := m.PositionSeconds
			c.At = &at
		}
	}
	p := &page{}
	p.Data.Home = homePage{Name: who.Name, Recent: who.RecentSearches[:min(3, len(who.RecentSearches))]}
	for _, row := range shelf.Rows {
		out := pageRow{Name: row.Name}
		for _, it := range row.Items[:min(PerRow, len(row.Items))] {
			if c := cards[it.ID]; c != nil {
				out.Items = append(out.Items, *c)
			}
		}
		p.Data.Home.Rows = append(p.Data.Home.Rows, out)
	}
	return p, nil
}

func together(fs ...func() error) error {
	errs := make([]error, len(fs))
	var wg sync.WaitGroup
	for i, f := range fs {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (h *ByHand) get(ctx context.Context, url string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	return h.do(r, into)
}

func (h *ByHand) post(ctx context.Context, url string, body []byte, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	return h.do(r, into)
}

func (h *ByHand) do(r *http.Request, into any) error {
	resp, err := h.Client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", r.URL, resp.Status)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// NewByHand makes the handler; addresses are the tiers' base URLs by Tier.Env.
func NewByHand(addresses map[string]string) (*ByHand, error) {
	h := &ByHand{Client: NewClient()}
	for env, into := range map[string]*string{"PROFILES_URL": &h.Profiles, "ROWS_URL": &h.Rows, "CATALOG_URL": &h.Catalog, "ARTWORK_URL": &h.Artwork, "BOOKMARKS_URL": &h.Bookmarks} {
		if *into = addresses[env]; *into == "" {
			return nil, fmt.Errorf("no address for %s", env)
		}
	}
	return h, nil
}
