package serve

import (
	"encoding/json"
	"net/http"
	"strings"

	"facet/fault"
)

// ProblemType is the media type of a Problem.
const ProblemType = "application/problem+json"

// A Problem is a refusal as RFC 9457 writes it.
type Problem struct {
	Type   fault.Kind `json:"type"`
	Title  string     `json:"title"`
	Status int        `json:"status"`
	Detail string     `json:"detail,omitempty"`
	Code   fault.Kind `json:"code"`
	Hint   string     `json:"hint,omitempty"`
}

// ProblemOf is what a device may know of an error: its kind, its public text and, unless it is internal, its hint.
func ProblemOf(err error) Problem {
	kind := fault.KindOf(err)
	p := Problem{Type: kind, Title: strings.ReplaceAll(string(kind), "_", " "), Status: Status(kind), Detail: fault.Public(err), Code: kind}
	if kind != fault.Internal {
		p.Hint = fault.HintOf(err)
	}
	return p
}

// Write answers with the problem; nobody may keep it.
func (p Problem) Write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", ProblemType)
	h.Set("X-Content-Type-Options", "nosniff")
	NoStore(h)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // who asked may be gone
}
