// Package contest is the contest page: 20 rows of 20 titles over five HTTP tiers, with the same page written by hand in Go.
package contest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The size of the page: about 94 KB of JSON.
const (
	Rows    = 20
	PerRow  = 20
	titles  = 2000
	profile = "p1"
)

// maxBody bounds what a tier reads.
const maxBody = 1 << 20

// A Tier is one backend of the contest: its environment variable in the graph and its handler.
type Tier struct {
	Env     string
	Handler http.Handler
}

// Tiers are the five backends. Every answer waits for delay first. Their answers are encoded once, when they are made.
func Tiers(delay time.Duration) []Tier {
	held := func(h http.HandlerFunc) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if delay > 0 {
				time.Sleep(delay)
			}
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			h(w, r)
		})
	}
	return []Tier{
		{"PROFILES_URL", held(serveProfiles())},
		{"ROWS_URL", held(serveRows())},
		{"CATALOG_URL", held(batch("titles", catalogRow))},
		{"ARTWORK_URL", held(batch("artwork", artworkRow))},
		{"BOOKMARKS_URL", held(batch("bookmarks", bookmarkRow))},
	}
}

func id(n int) string { return fmt.Sprintf("title-%04d", n) }

func catalogRow(n int) any {
	return map[string]any{
		"id": id(n), "title": fmt.Sprintf("The Long Way Home, Part %d", n), "year": 1950 + n%75, "runtimeMinutes": 80 + n%90,
		"rating":   []string{"G", "PG", "PG-13", "R"}[n%4],
		"synopsis": fmt.Sprintf("In film %d an old friend returns.", n),
		// What the page does not ask for, as real tiers answer it.
		"director": fmt.Sprintf("Director %d", n%300), "votes": n * 37, "languages": []string{"en", "de", "fr"},
	}
}

func artworkRow(n int) any {
	return map[string]any{"id": id(n), "url": fmt.Sprintf("https://images.example.com/art/%s/342x192.webp", id(n))}
}

func bookmarkRow(n int) any {
	if n%3 == 0 {
		return nil // not everything has been watched
	}
	return map[string]any{"id": id(n), "positionSeconds": n * 13 % 7200}
}

func send(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a caller that is gone needs no answer
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only plain maps and slices come here
	}
	return b
}

func serveProfiles() http.HandlerFunc {
	body := encode(map[string]any{"id": profile, "name": "Ada", "recentSearches": []string{"western", "jaws", "kubrick", "heist", "1974"}})
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/profiles/"+profile {
			http.NotFound(w, r)
			return
		}
		send(w, body)
	}
}

func serveRows() http.HandlerFunc {
	var rows []any
	for i := range 2 * Rows {
		var items []any
		for j := range 2 * PerRow {
			items = append(items, map[string]any{"id": id((i*31 + j*7) % titles)})
		}
		rows = append(rows, map[string]any{"id": fmt.Sprint("row-", i), "name": fmt.Sprintf("Row number %d", i), "items": items})
	}
	body := encode(map[string]any{"rows": rows[:Rows]})
	return func(w http.ResponseWriter, r *http.Request) { send(w, body) }
}

// batch answers {"ids": […]} with the rows of those ids under name.
func batch(name string, row func(int) any) http.HandlerFunc {
	rows := make(map[string][]byte, titles)
	for n := range titles {
		if v := row(n); v != nil {
			rows[id(n)] = encode(v)
		}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			IDs []string `json:"ids"`
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body := make([]byte, 0, 64+260*len(q.IDs))
		body = append(body, `{"`+name+`":[`...)
		for _, id := range q.IDs {
			if b, ok := rows[id]; ok {
				if body[len(body)-1] != '[' {
					body = append(body, ',')
				}
				body = append(body, b...)
			}
		}
		send(w, append(body, `]}`...))
	}
}
