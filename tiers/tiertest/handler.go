package tiertest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"facet/fault"
)

// A Handler serves a World over HTTP, and fails on request.
type Handler struct {
	World *World
	mu    sync.Mutex
	kinds map[string]fault.Kind
	slow  map[string]time.Duration
}

// Break makes an operation fail so that its tier must report Reported of the kind; "" heals it.
func (h *Handler) Break(operation string, k fault.Kind) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kinds == nil {
		h.kinds = map[string]fault.Kind{}
	}
	h.kinds[operation] = k
}

// Slow makes an operation answer late.
func (h *Handler) Slow(operation string, d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.slow == nil {
		h.slow = map[string]time.Duration{}
	}
	h.slow[operation] = d
}

func (h *Handler) mood(operation string) (fault.Kind, time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kinds[operation], h.slow[operation]
}

// Large is the size from which an answer is too large in the suite.
const Large = 64 << 10

var statuses = map[fault.Kind]int{fault.NotFound: 404, fault.Unavailable: 503, fault.Invalid: 422, fault.Unauthorized: 401, fault.Forbidden: 403,
	fault.Conflict: 409, fault.Limit: 429}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in, ok := input(r)
	if !ok {
		http.Error(w, "no such operation: "+r.Method+" "+r.URL.EscapedPath(), http.StatusTeapot)
		return
	}
	kind, slow := h.mood(in.Operation)
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-r.Context().Done():
			return
		}
	}
	switch kind {
	case "":
	case fault.BadAnswer:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>not json</html>"))
		return
	case fault.TooLarge:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`"` + strings.Repeat("x", 2*Large) + `"`))
		return
	default:
		http.Error(w, "secret text of the tier", statuses[kind])
		return
	}
	v := h.World.Answer(in)
	if v == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}

// input reads an operation's input off the wire.
func input(r *http.Request) (Input, bool) {
	in := Input{Args: map[string]any{}, Headers: map[string]string{}, Idempotency: r.Header.Get("Idempotency-Key")}
	for name := range r.Header {
		in.Headers[name] = r.Header.Get(name)
	}
	var body struct {
		IDs   []string `json:"ids"`
		Lang  any      `json:"lang"`
		Stars any      `json:"stars"`
	}
	if r.Body != nil && r.ContentLength != 0 {
		if json.NewDecoder(r.Body).Decode(&body) != nil {
			return in, false
		}
	}
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/base")
	if !ok {
		return in, false
	}
	q := r.URL.Query()
	in.Limit, _ = strconv.Atoi(q.Get("limit"))
	in.Offset, _ = strconv.Atoi(q.Get("offset"))
	in.After = q.Get("after")
	parts := strings.Split(path, "/")
	switch {
	case path == "/titles:batchGet":
		in.Operation, in.Keys, in.Args["lang"] = Titles, body.IDs, body.Lang
	case path == "/list":
		in.Operation = List
	case path == "/walk":
		in.Operation = Walk
	case len(parts) == 4 && parts[1] == "titles":
		id, err := url.PathUnescape(parts[2])
		if err != nil {
			return in, false
		}
		in.Args["id"] = id
		if parts[3] == "rating" {
			in.Operation, in.Args["stars"] = Rate, body.Stars
			return in, true
		}
		in.Operation = Title
		if q.Has("lang") {
			in.Args["lang"] = q.Get("lang")
		}
		if q.Has("tag") {
			var tags []any
			for _, t := range q["tag"] {
				tags = append(tags, t)
			}
			in.Args["tags"] = tags
		}
	default:
		return in, false
	}
	return in, true
}
