package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// documents compares what apps ask by an id alone: they have no text to send where nobody knows the id any more.
func (d *differ) documents() {
	some := func(s *Surface) bool {
		return slices.ContainsFunc(s.Builds, func(b *Build) bool { return b.Documents != nil })
	}
	if !some(d.before) && !some(d.after) {
		return
	}
	known := map[string]string{}
	after := map[string]*Build{}
	for _, b := range d.after.Builds {
		after[b.Package] = b
		for one := range b.Documents.All() {
			known[textHash(one.Text)] = one.Text
			if one.ID != "" {
				known[one.ID] = one.Text
			}
		}
	}
	for _, b := range d.before.Builds {
		var gone, changed []string
		for one := range b.Documents.All() {
			switch text, ok := known[cmp.Or(one.ID, textHash(one.Text))]; {
			case !ok:
				gone = append(gone, one.label())
			case text != one.Text:
				changed = append(changed, one.label())
			}
		}
		if len(gone) > 0 {
			d.notes(b.Package, "documents_removed", "apps that ask for a document by its id alone are refused: %s", firstOf(gone))
		}
		if len(changed) > 0 {
			d.notes(b.Package, "documents_changed", "an id means another text now: %s", firstOf(changed))
		}
		if now := after[b.Package]; now != nil && now.Documents.Only() && !b.Documents.Only() {
			d.notes(b.Package, "documents_only", "GraphQL documents that the package does not bring are refused")
		}
	}
}

// What a change says of documents.
const (
	fewDocuments = 5  // that it names
	labelBytes   = 40 // of each name
)

// firstOf are the first names of many.
func firstOf(names []string) string {
	if more := len(names) - fewDocuments; more > 1 {
		return strings.Join(names[:fewDocuments], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// label is what people know a document by: its id, else how its text begins.
func (d *Document) label() string {
	text := cmp.Or(d.ID, strings.Join(strings.Fields(d.Text), " "))
	if len(text) > labelBytes {
		text = strings.ToValidUTF8(text[:labelBytes], "") + "…"
	}
	return text
}
