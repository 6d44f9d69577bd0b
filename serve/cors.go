package serve

import (
	"mime"
	"net/http"
	"slices"
	"strings"
)

// CORS lets browsers of listed origins ask. Without origins it changes nothing. The origin "*" allows any, without
// credentials. Preflights are answered here.
func CORS(origins []string, next http.Handler) http.Handler {
	if len(origins) == 0 {
		return next
	}
	any := slices.Contains(origins, "*")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		listed := slices.Contains(origins, origin)
		if origin == "" || !any && !listed {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		if listed {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
		} else {
			h.Set("Access-Control-Allow-Origin", "*")
		}
		h.Set("Access-Control-Expose-Headers", "ETag, "+ContextHeader)
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Requested-With")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	})
}

// simple are the content types that a page of any origin may post without asking first.
var simple = []string{"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}

// Forgeable says whether a page of another origin could have sent the request with the browser's credentials and without
// a preflight: a POST of a simple content type, or of none, without a bearer token and without X-Requested-With.
func Forgeable(r *http.Request) bool {
	if r.Method != http.MethodPost || r.Header.Get("X-Requested-With") != "" {
		return false
	}
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != "" {
		return false
	}
	typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err != nil || slices.Contains(simple, typ)
}
