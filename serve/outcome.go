package serve

import (
	"facet/composer"
	"facet/view"
)

// An Outcome is what became of one request, as its protocol tells it: once, before the answer's bytes are written. All that it
// points to is read-only.
type Outcome struct {
	Device, Schema string // of the path: they may be those of no release
	// Name is the view, the mutation, "node" or "openapi.json" of REST, the operation's name in a GraphQL document, the method of a
	// JSON Graph; "" if the request named none. A device chooses it in GraphQL.
	Name     string
	Status   int
	Failed   error            // why the request as a whole was refused, with its cause; nil if it was not
	Errors   []composer.Error // of single values, with their causes
	Degraded int              // nulls and defaults that stand because something failed or was late
	Stats    composer.Stats   // of all answers of the request together
	Surface  *view.Surface    // that answered; nil if the request did not come so far
	Roots    []*composer.Root // what was asked of it
}
