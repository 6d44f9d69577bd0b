package scale

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

//go:embed graph.graphqls
var graphText string

// films is how many there are, shelves how many of each size.
const (
	films   = 2000
	shelves = 20
)

var ratings = []string{"G", "PG", "PG-13", "R"}

var genres = []string{"Drama", "Comedy", "Action", "Thriller", "Western", "Documentary", "Animation", "Crime", "War"}

func filmID(n int) string { return "f" + strconv.Itoa(n) }

// shelfID names a shelf of a size, the n-th of them.
func shelfID(size, n int) string { return fmt.Sprintf("s%d-%d", size, n) }

// Tiers answers what the graph asks for, from memory and without delay.
func Tiers() http.Handler {
	titles, art := make(map[string][]byte, films), make(map[string][]byte, films)
	for n := range films {
		t := map[string]any{"id": filmID(n), "title": title(words[n%len(words)]) + " and " + words[n*7%len(words)], "rating": ratings[n%len(ratings)], "votes": n * 7919 % 20000,
			"genres": []string{genres[n%len(genres)], genres[(n+3)%len(genres)], genres[(n*5+1)%len(genres)]}}
		if n%10 > 0 {
			t["year"], t["minutes"] = 1930+n%90, 40+n%140
		}
		if n%3 > 0 {
			t["tagline"] = "They came for the " + words[n*3%len(words)] + " and stayed for the " + words[n*11%len(words)] + "."
		}
		titles[filmID(n)] = encoded(t)
		art[filmID(n)] = encoded(map[string]string{"id": filmID(n), "url": "https://images.example/" + filmID(n) + ".webp"})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /shelves/{id}", func(w http.ResponseWriter, r *http.Request) {
		size, n, _ := strings.Cut(strings.TrimPrefix(r.PathValue("id"), "s"), "-")
		count, err1 := strconv.Atoi(size)
		which, err2 := strconv.Atoi(n)
		if err1 != nil || err2 != nil || count > films {
			http.NotFound(w, r)
			return
		}
		b := fmt.Appendf(nil, `{"id":%q,"name":"Shelf %d of %d","items":[`, r.PathValue("id"), which, count)
		for i := range count {
			if i > 0 {
				b = append(b, ',')
			}
			b = fmt.Appendf(b, `{"id":%q}`, filmID((which*97+i*13)%films))
		}
		answer(w, append(b, "]}"...))
	})
	mux.Handle("POST /titles:batchGet", batch("titles", titles))
	mux.Handle("POST /artwork:batchGet", batch("artwork", art))
	return mux
}

func batch(name string, rows map[string][]byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			IDs []string `json:"ids"`
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		b := make([]byte, 0, 64+300*len(q.IDs))
		b = append(b, `{"`+name+`":[`...)
		for _, id := range q.IDs {
			row, ok := rows[id]
			if !ok {
				continue
			}
			if b[len(b)-1] != '[' {
				b = append(b, ',')
			}
			b = append(b, row...)
		}
		answer(w, append(b, "]}"...))
	}
}

func answer(w http.ResponseWriter, b []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // the edge may be gone
}

func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers
	}
	return b
}
