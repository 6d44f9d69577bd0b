// Package profiles is the tier that knows who watches: viewers, their profiles, and what those looked for.
package profiles

import (
	"net/http"

	"facet/examples/films/data"
	"facet/examples/films/tiers/wire"
)

type profile struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	AvatarColor string        `json:"avatarColor"`
	Maturity    data.Maturity `json:"maturity"`
}

type viewer struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Plan     string `json:"plan"`
	Profiles []ref  `json:"profiles"`
}

type ref struct {
	ID string `json:"id"`
}

// Handler serves the tier:
//
//	GET /profiles/{id}                  -> {"id", "name", "avatarColor", "maturity"}, 404 for nobody
//	GET /profiles/{id}/recent-searches  -> {"searches": ["heist films", …]}, the latest first
//	GET /viewers/{id}                   -> {"id", "name", "plan", "profiles": [{"id"}]}
func Handler() http.Handler {
	return wire.Mux(map[string]http.HandlerFunc{
		"GET /profiles/{id}": func(w http.ResponseWriter, r *http.Request) {
			if p, ok := known(w, r); ok {
				wire.Write(w, profile{ID: p.ID, Name: p.Name, AvatarColor: p.AvatarColor, Maturity: p.Maturity})
			}
		},
		"GET /profiles/{id}/recent-searches": func(w http.ResponseWriter, r *http.Request) {
			if p, ok := known(w, r); ok {
				wire.Write(w, map[string][]string{"searches": append([]string{}, p.RecentSearches...)})
			}
		},
		"GET /viewers/{id}": func(w http.ResponseWriter, r *http.Request) {
			v, ok := data.OneViewer(r.PathValue("id"))
			if !ok {
				wire.Fail(w, http.StatusNotFound, "there is no viewer %q", r.PathValue("id"))
				return
			}
			out := viewer{ID: v.ID, Name: v.Name, Plan: v.Plan, Profiles: []ref{}}
			for _, id := range v.Profiles {
				out.Profiles = append(out.Profiles, ref{id})
			}
			wire.Write(w, out)
		},
	})
}

func known(w http.ResponseWriter, r *http.Request) (data.Profile, bool) {
	p, ok := data.OneProfile(r.PathValue("id"))
	if !ok {
		wire.Fail(w, http.StatusNotFound, "there is no profile %q", r.PathValue("id"))
	}
	return p, ok
}
