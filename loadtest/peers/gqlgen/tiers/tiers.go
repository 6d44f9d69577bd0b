// Package tiers asks the contest's five tiers over HTTP.
package tiers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"peer-gqlgen/model"
)

// Tiers are the backends, by the variables PROFILES_URL, ROWS_URL, CATALOG_URL, ARTWORK_URL and BOOKMARKS_URL.
type Tiers struct{ client *http.Client }

// New has a pooled client, as wide as the one of the pages by hand. It waits longer, since it makes five times the calls: on a busy
// machine it would fail where others are slow.
func New() *Tiers {
	return &Tiers{&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 128, IdleConnTimeout: 90 * time.Second}}}
}

// Profile is one by its id.
func (t *Tiers) Profile(ctx context.Context, id string) (*model.Profile, error) {
	var p struct {
		ID             string   `json:"id"`
		Name           string   `json:"name"`
		RecentSearches []string `json:"recentSearches"`
	}
	err := t.do(ctx, "PROFILES_URL", "/profiles/"+id, nil, &p)
	return &model.Profile{ID: p.ID, Name: p.Name, Searches: p.RecentSearches}, err
}

// Rows are those of a profile's home.
func (t *Tiers) Rows(ctx context.Context, id string) ([]*model.Row, error) {
	var shelf struct {
		Rows []struct {
			Name  string `json:"name"`
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
		} `json:"rows"`
	}
	if err := t.do(ctx, "ROWS_URL", "/profiles/"+id+"/rows", nil, &shelf); err != nil {
		return nil, err
	}
	out := make([]*model.Row, len(shelf.Rows))
	for i, r := range shelf.Rows {
		out[i] = &model.Row{Name: r.Name, IDs: make([]string, len(r.Items))}
		for j, item := range r.Items {
			out[i].IDs[j] = item.ID
		}
	}
	return out, nil
}

type ids struct {
	IDs []string `json:"ids"`
}

// Titles are the catalog's, by id.
func (t *Tiers) Titles(ctx context.Context, of []string) (map[string]*model.Title, error) {
	var in struct {
		Titles []*model.Title `json:"titles"`
	}
	err := t.do(ctx, "CATALOG_URL", "/titles:batchGet", ids{of}, &in)
	out := make(map[string]*model.Title, len(in.Titles))
	for _, x := range in.Titles {
		out[x.ID] = x
	}
	return out, err
}

// Artwork is where each title's is.
func (t *Tiers) Artwork(ctx context.Context, of []string) (map[string]string, error) {
	var in struct {
		Artwork []struct {
			ID  string `json:"id"`
			URL string `json:"url"`
		} `json:"artwork"`
	}
	err := t.do(ctx, "ARTWORK_URL", "/artwork:batchGet", ids{of}, &in)
	out := make(map[string]string, len(in.Artwork))
	for _, x := range in.Artwork {
		out[x.ID] = x.URL
	}
	return out, err
}

// Bookmarks are the seconds into each title that was begun.
func (t *Tiers) Bookmarks(ctx context.Context, of []string) (map[string]*int, error) {
	var in struct {
		Bookmarks []struct {
			ID              string `json:"id"`
			PositionSeconds int    `json:"positionSeconds"`
		} `json:"bookmarks"`
	}
	err := t.do(ctx, "BOOKMARKS_URL", "/bookmarks:batchGet", ids{of}, &in)
	out := make(map[string]*int, len(in.Bookmarks))
	for _, x := range in.Bookmarks {
		out[x.ID] = &x.PositionSeconds
	}
	return out, err
}

func (t *Tiers) do(ctx context.Context, tier, path string, body, into any) error {
	method, content := http.MethodGet, []byte(nil)
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, os.Getenv(tier)+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := t.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s: %s", tier, path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
