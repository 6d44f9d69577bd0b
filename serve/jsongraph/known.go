package jsongraph

import (
	"bytes"
	"encoding/json"

	"facet/composer"
	"facet/serve"
)

// A question is path sets read and made into a request. It is read-only: equal texts share it, and its Selection's plan.
type question struct {
	sets    []pathSet
	request composer.Request
	unknown map[string]bool
	gaps    bool   // the answer must be looked through for what is missing
	echo    []byte // the paths as an answer repeats them
}

// Bounds of the questions that one engine keeps, by their texts.
const (
	maxQuestions = 2 << 20 // bytes
	maxQuestion  = 8 << 10 // bytes of a text
	questionCost = 40      // bytes that a question takes for each of its text, about
)

// attachedKey is the questions' place in an Answerer's Attached, by handler: two handlers may have two sets of limits.
type attachedKey struct{ h *Handler }

// question reads paths. What was asked lately is not read again.
func (x *exchange) question(text string) (*question, error) {
	kept := x.answers.Attached().Get(attachedKey{x.h}, func() any { return serve.NewRecent[*question](maxQuestions) }).(*serve.Recent[*question])
	if q, ok := kept.Get(text); ok {
		return q, nil
	}
	sets, err := decodePaths([]byte(text), x.h.limits, "paths")
	if err != nil {
		return nil, err
	}
	b := build(x.answers.Surface(), sets, x.h.limits)
	if b.err != nil {
		return nil, b.err
	}
	var echo bytes.Buffer
	if err := json.Compact(&echo, []byte(text)); err != nil {
		return nil, invalid("paths: not legal JSON")
	}
	q := &question{sets, b.req, b.unknown, b.gaps, echo.Bytes()}
	if len(text) <= maxQuestion {
		kept.Add(text, q, len(text)*questionCost)
	}
	return q, nil
}
