package release

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Held mount follows a module or the graph and did not move with it, because it would have broken: it stays on the build that it has until
// something new stands there. Its owner reads why here.
type Held struct {
	Device  string   `json:"device"`
	Schema  string   `json:"schema"`
	Package string   `json:"package"`
	Version string   `json:"version"`
	From    []string `json:"from,omitempty"` // what it did not go along with: "@originals/rows 2.1.0 -> 2.2.0"
	Why     []string `json:"why"`            // the diagnostics, a line each, with the lines of its own sources
}

// What a release keeps of why a mount is held: audit has the rest.
const (
	maxHeldLines = 4
	maxHeldText  = 240
)

func (h Held) place() Place { return Place{h.Device, h.Schema, h.Package} }

// Route is "tv/v3".
func (h Held) Route() string { return h.Device + "/" + h.Schema }

// Hold notes mounts that did not go along; each takes the place of what was noted of that mount before. Long texts are cut.
func (r *Release) Hold(held ...Held) {
	for _, h := range held {
		r.release(h.place())
		h.Why, h.From = cut(h.Why), cut(h.From)
		r.Held = append(r.Held, h)
	}
	r.canonical()
}

func cut(lines []string) []string {
	out := slices.Clone(lines[:min(len(lines), maxHeldLines)])
	for i, line := range out {
		if len(line) <= maxHeldText {
			continue
		}
		n := maxHeldText
		for n > 0 && !utf8.RuneStart(line[n]) {
			n--
		}
		out[i] = line[:n] + "…"
	}
	return out
}

// release forgets why a mount was held: something new stands there.
func (r *Release) release(p Place) {
	r.Held = slices.DeleteFunc(r.Held, func(h Held) bool { return h.place() == p })
}

func byHeld(a, b Held) int {
	return cmp.Or(byRoute(Route{Device: a.Device, Schema: a.Schema}, Route{Device: b.Device, Schema: b.Schema}), strings.Compare(a.Package, b.Package))
}
