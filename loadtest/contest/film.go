package contest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Film is the smallest answer: one title's own fields, of one call.
type film struct {
	Data struct {
		Film *filmCard `json:"film"`
	} `json:"data"`
}

type filmCard struct {
	ID             string `json:"id"`
	Title          string `json:"title"`
	Year           *int   `json:"year"`
	RuntimeMinutes *int   `json:"runtimeMinutes"`
	Rating         string `json:"rating"`
	Synopsis       string `json:"synopsis"`
}

// Film answers GET /film/{id}: one title's own fields, by hand.
func (h *ByHand) Film(w http.ResponseWriter, r *http.Request) {
	ask, err := json.Marshal(map[string]any{"ids": []string{strings.TrimPrefix(r.URL.Path, "/film/")}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var cat struct {
		Titles []filmCard `json:"titles"`
	}
	if err := h.post(r.Context(), h.Catalog+"/titles:batchGet", ask, &cat); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	var out film
	if len(cat.Titles) > 0 {
		out.Data.Film = &cat.Titles[0]
		out.Data.Film.ID = "Card:" + out.Data.Film.ID
	}
	body, err := json.Marshal(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, body)
}
