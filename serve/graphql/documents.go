package graphql

import (
	"cmp"

	"facet/composer"
	"facet/serve"
	"facet/view"
)

// Documents that packages bring stand in their builds, so a release that goes back brings back those from before. An engine holds the texts of
// those that were asked lately.

// brought are the documents of an engine's packages.
type brought struct {
	of     []*view.Documents
	closed bool                  // some package states that no others are answered
	texts  *serve.Recent[string] // by id or hash; nil if there are none
}

// broughtTexts is how many bytes of texts an engine holds beside what it holds parsed.
const broughtTexts = 512 << 10

func bring(s *view.Surface) (b brought) {
	for _, build := range s.Builds {
		b.closed = b.closed || build.Documents.Only()
		if build.Documents.Len() > 0 {
			b.of = append(b.of, build.Documents)
		}
	}
	if len(b.of) > 0 {
		b.texts = serve.NewRecent[string](broughtTexts)
	}
	return b
}

// trust finds a trusted document by its id or hash: of the engine's packages, else of the instance.
func (e *engine) trust(at routeName, id string) (string, bool) {
	if e.brought.texts != nil {
		if text, ok := e.brought.texts.Get(id); ok {
			return text, true
		}
		for _, d := range e.brought.of {
			if text, ok := d.Find(id); ok {
				e.brought.texts.Add(id, text, len(id)+len(text))
				return text, true
			}
		}
	}
	return e.h.trusted.find(at, id)
}

// only says whether nothing but trusted documents is answered.
func (e *engine) only(at routeName) bool { return e.brought.closed || e.h.only(at) }

// What is made ready of a route's documents before anybody asks: an app sends a few of them first.
const (
	readyDocuments = 16
	readyBytes     = 32 << 10 // of texts; parsed they take some twenty times that
)

// Ready reads the first documents that an Answerer's packages bring, as the first request for each would, and has plan called with what
// their operations select with the conditions at their defaults. It is for warming up, and gives how many are ready and the first error of plan.
func (h *Handler) Ready(a composer.Answerer, plan func(*composer.Selection) error) (n int, err error) {
	e := h.engine(a)
	size := 0
	for _, d := range e.brought.of {
		for one := range d.All() {
			if size += len(one.Text); n >= readyDocuments || size > readyBytes {
				return n, err
			}
			doc, ok := e.docs.Get(one.Text)
			if !ok {
				var f error
				if doc, f = e.readText(one.Text); f != nil {
					err = cmp.Or(err, f)
					continue
				}
				e.docs.Add(one.Text, doc, len(one.Text)*documentCost)
			}
			n++
			for _, op := range doc.ast.Operations {
				p := doc.programs[op]
				c, _, f := p.compile(p.byDefault())
				switch {
				case f != nil:
					err = cmp.Or(err, error(f))
				case len(c.selection.Roots) > 0:
					err = cmp.Or(err, plan(c.selection))
				}
			}
		}
	}
	return n, err
}

func (e *engine) readText(text string) (*document, error) {
	doc, _, f := (gate{e}).read(text)
	if f != nil {
		return nil, f
	}
	return doc, nil
}
