package serve

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"facet/asker"
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

	challenge string
}

// ProblemOf is what a device may know of an error: its kind, its public text and, unless it is internal, its hint.
func ProblemOf(err error) Problem {
	kind := fault.KindOf(err)
	p := Problem{Type: kind, Title: strings.ReplaceAll(string(kind), "_", " "), Status: Status(kind), Detail: fault.Public(err), Code: kind}
	p.challenge = Challenge(err)
	if kind != fault.Internal {
		p.Hint = fault.HintOf(err)
	}
	return p
}

// Challenge is the WWW-Authenticate of an error, as RFC 6750 section 3 says: "" of what is not Unauthorized, and without a
// reason where nobody tried.
func Challenge(err error) string {
	var f *fault.Error
	switch {
	case fault.KindOf(err) != fault.Unauthorized:
		return ""
	case errors.As(err, &f) && f.Op == asker.OpToken:
		return `Bearer error="invalid_token"`
	}
	return "Bearer"
}

// Write answers with the problem; nobody may keep it.
func (p Problem) Write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", ProblemType)
	h.Set("X-Content-Type-Options", "nosniff")
	NoStore(h)
	if p.challenge != "" {
		h.Set("WWW-Authenticate", p.challenge)
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // who asked may be gone
}
