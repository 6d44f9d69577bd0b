package packages

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// TierNames are the variables by which the films graph finds its tiers.
var TierNames = []string{"CATALOG_URL", "PROFILES_URL", "ROWS_URL", "BOOKMARKS_URL", "ARTWORK_URL", "SEARCH_URL", "REVIEWS_URL"}

// Tiers answers for all tiers of the films graph, with films that it makes up from their ids: two rows of ten.
func Tiers() http.Handler {
	mux := http.NewServeMux()
	batch(mux, "/titles:batchGet", "titles", func(id string, _ request) any {
		return object{"id": id, "title": "The " + id, "year": 1975, "released": "1975-06-20", "runtimeMinutes": 124, "source": "Original Screenplay", "similar": []object{}}
	})
	batch(mux, "/series:batchGet", "series", func(id string, _ request) any {
		return object{"id": id, "title": "The " + id, "seasonCount": 2, "firstYear": 1975, "lastYear": 1978, "titles": []object{}}
	})
	batch(mux, "/artwork:batchGet", "artwork", func(id string, r request) any {
		return object{"id": id, "url": fmt.Sprintf("https://art.test/%s/%d", id, r.Width), "width": r.Width, "height": r.Width * 3 / 2}
	})
	batch(mux, "/bookmarks:batchGet", "bookmarks", func(id string, _ request) any {
		return object{"title": id, "positionSeconds": 60, "updatedAt": "2026-01-01T00:00:00Z"}
	})
	mux.HandleFunc("GET /profiles/{id}", func(w http.ResponseWriter, r *http.Request) {
		send(w, object{"id": r.PathValue("id"), "name": "Demo", "avatarColor": "#112233", "maturity": "ADULTS"})
	})
	mux.HandleFunc("GET /profiles/{id}/recent-searches", func(w http.ResponseWriter, _ *http.Request) {
		send(w, object{"searches": []string{"sharks", "boats"}})
	})
	mux.HandleFunc("GET /profiles/{id}/rows", func(w http.ResponseWriter, _ *http.Request) {
		rows := []object{}
		for i := range 2 {
			items := []object{}
			for j := range 10 {
				items = append(items, object{"type": "title", "id": fmt.Sprintf("film-%d-%d", i, j)})
			}
			rows = append(rows, object{"id": fmt.Sprint("row-", i), "name": fmt.Sprint("Row ", i), "items": items})
		}
		send(w, object{"rows": rows, "total": len(rows)})
	})
	return mux
}

type object = map[string]any

// A request is what the batch operations of the films graph send.
type request struct {
	IDs    []string `json:"ids"`
	Titles []string `json:"titles"`
	Width  int      `json:"width"`
}

func batch(mux *http.ServeMux, path, list string, one func(id string, r request) any) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var asked request
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answers := []any{}
		for _, id := range append(asked.IDs, asked.Titles...) {
			answers = append(answers, one(id, asked))
		}
		send(w, object{list: answers})
	})
}

func send(w http.ResponseWriter, body object) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // who asked may be gone
}
