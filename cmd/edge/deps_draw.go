package main

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"facet/pack"
)

func sortEdges(edges []depsEdge) {
	slices.SortFunc(edges, func(a, b depsEdge) int { return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To)) })
}

// depsDOT writes a graph for Graphviz.
func depsDOT(out io.Writer, d *remoteDeps) error {
	var b strings.Builder
	v := newDepsView(d)
	b.WriteString("digraph deps {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n")
	for _, n := range d.Nodes {
		label := strings.Join(append(append([]string{n.ID}, n.Routes...), v.marks(n)...), `\n`)
		style := ""
		if n.Kind == string(pack.Module) {
			style = ", style=rounded"
		}
		fmt.Fprintf(&b, "  %s [label=\"%s\"%s];\n", strconv.Quote(n.ID), strings.ReplaceAll(label, `"`, `\"`), style)
	}
	for _, e := range d.Edges {
		style := ""
		if e.Kind == string(pack.Locked) {
			style = ", style=dashed"
		}
		fmt.Fprintf(&b, "  %s -> %s [label=%s%s];\n", strconv.Quote(e.From), strconv.Quote(e.To), strconv.Quote(strings.TrimSpace(e.Range+" "+e.Kind)+inNote(e)), style)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// The measures of a drawing, in pixels.
const (
	svgGap    = 150 // between columns, at least: ranges stand there
	svgNote   = 6.4 // of a letter of theirs
	svgRow    = 16
	svgPad    = 10
	svgMargin = 24
	svgLetter = 7.3 // of 12 px in a font of one width
	svgMost   = 12  // users of the same modules by the same ranges that are drawn one by one
)

// A box is a drawn package, module, or what stands for several.
type box struct {
	id    string
	lines []string
	class string
	x, y  float64
	w, h  float64
	rank  int
}

// depsSVG draws importers to the left of what they link. Many packages that use the same by the same ranges are folded into one box.
func depsSVG(out io.Writer, d *remoteDeps) error {
	boxes, edges := foldDeps(newDepsView(d))
	byID := map[string]*box{}
	for _, b := range boxes {
		byID[b.id] = b
		for _, l := range b.lines {
			b.w = max(b.w, float64(utf8.RuneCountInString(l))*svgLetter+2*svgPad)
		}
		b.h = float64(len(b.lines)*svgRow + 12)
	}
	for range boxes { // the longest way to a box is its column
		moved := false
		for _, e := range edges {
			if a, z := byID[e.From], byID[e.To]; z.rank <= a.rank && a.rank < len(boxes) {
				z.rank, moved = a.rank+1, true
			}
		}
		if !moved {
			break
		}
	}
	gap := float64(svgGap)
	for _, e := range edges {
		gap = max(gap, float64(utf8.RuneCountInString(svgNoteOf(e, edges)))*svgNote+30)
	}
	width, height := placeBoxes(boxes, edges, byID, gap)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %[1]g %[2]g" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12">
<style>
rect { fill: #fff; stroke: #33475b; stroke-width: 1.2 } .module { fill: #eef5ff; stroke: #2563eb } .held { fill: #fff4e5; stroke: #c2410c } .gone { fill: #fdecec; stroke: #b91c1c }
path { fill: none; stroke: #64748b; stroke-width: 1.2 } .locked { stroke-dasharray: 5 4 } text { fill: #0f172a } .note { fill: #475569; font-size: 10.5px; paint-order: stroke; stroke: #fff; stroke-width: 3px }
</style>
<rect x="0" y="0" width="%[1]g" height="%[2]g" style="fill:#fff;stroke:none"/>
`, width, height)
	for _, e := range edges {
		a, z := byID[e.From], byID[e.To]
		x1, y1, x2, y2 := a.x+a.w, a.y+a.h/2, z.x, z.y+z.h/2
		class := ""
		if e.Kind == string(pack.Locked) {
			class = ` class="locked"`
		}
		fmt.Fprintf(&b, `<path%s d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f"/>`+"\n", class, x1, y1, x1+gap/2, y1, x2-gap/2, y2, x2, y2)
		fmt.Fprintf(&b, `<path d="M%.1f %.1fl-7 -4m7 4l-7 4"/>`+"\n", x2, y2)
	}
	for _, e := range edges { // above all lines
		if note := svgNoteOf(e, edges); note != "" {
			fmt.Fprintf(&b, `<text class="note" x="%.1f" y="%.1f">%s</text>`+"\n", byID[e.From].x+byID[e.From].w+6, noteAt(byID[e.From], edges, e), escaped(note))
		}
	}
	for _, x := range boxes {
		fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="5"/>`+"\n", x.class, x.x, x.y, x.w, x.h)
		for i, l := range x.lines {
			class := ""
			if i > 0 {
				class = ` class="note"`
			}
			fmt.Fprintf(&b, `<text%s x="%.1f" y="%.1f">%s</text>`+"\n", class, x.x+svgPad, x.y+float64(svgRow*(i+1))+2, escaped(l))
		}
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// svgNoteOf is a use's range and binding. Where an importer has several uses their notes stand together, and each names its module.
func svgNoteOf(e depsEdge, edges []depsEdge) string {
	note := strings.TrimSpace(e.Range+" "+e.Kind) + inNote(e)
	if note == "" || !slices.ContainsFunc(edges, func(x depsEdge) bool { return x.From == e.From && x.To != e.To }) {
		return note
	}
	name, version := pack.SplitID(e.To)
	if len(e.In) > 0 {
		name += "@" + version
	}
	return name[strings.LastIndexByte(name, '/')+1:] + " " + note
}

// noteAt is where the range of a use stands: several uses of one importer are told one below the other.
func noteAt(b *box, edges []depsEdge, e depsEdge) float64 {
	nth := 0.0
	for _, x := range edges {
		if x.From == e.From && x.To == e.To {
			break
		}
		if x.From == e.From {
			nth++
		}
	}
	return b.y + b.h/2 - 4 + nth*13
}

// foldDeps are the boxes of a drawing, and what stands between them.
func foldDeps(v *depsView) ([]*box, []depsEdge) {
	groups := map[string][]string{} // of packages that nobody links, by what they use
	for _, id := range v.roots() {
		key := ""
		for _, e := range v.uses[id] {
			key += e.To + " " + e.Range + " " + e.Kind + "\n"
		}
		if key != "" && !v.held[id] {
			groups[key] = append(groups[key], id)
		}
	}
	folded := map[string]bool{}
	var boxes []*box
	var edges []depsEdge
	for _, n := range v.all.Nodes {
		key := ""
		for _, e := range v.uses[n.ID] {
			key += e.To + " " + e.Range + " " + e.Kind + "\n"
		}
		if same := groups[key]; len(same) > svgMost && slices.Contains(same[svgMost-1:], n.ID) {
			if folded[key] {
				continue
			}
			folded[key] = true
			boxes = append(boxes, &box{id: n.ID, class: "device", lines: []string{fmt.Sprintf("and %d more packages", len(same)-svgMost+1)}})
			edges = append(edges, v.uses[n.ID]...)
			continue
		}
		x := &box{id: n.ID, class: n.Kind, lines: append([]string{n.ID}, v.marks(n)...)}
		if len(n.Routes) > 0 {
			routes := n.Routes
			if len(routes) > 3 {
				routes = append(slices.Clone(routes[:3]), fmt.Sprintf("and %d more", len(n.Routes)-3))
			}
			x.lines = slices.Insert(x.lines, 1, strings.Join(routes, " "))
		}
		switch {
		case n.Yanked != "":
			x.class = "gone"
		case v.held[n.ID]:
			x.class = "held"
		}
		boxes = append(boxes, x)
		edges = append(edges, v.uses[n.ID]...)
	}
	return boxes, edges
}

// placeBoxes sets boxes into columns, each column in the order of what its boxes' importers have, and gives the drawing's size.
func placeBoxes(boxes []*box, edges []depsEdge, byID map[string]*box, gap float64) (width, height float64) {
	columns := map[int][]*box{}
	last := 0
	for _, b := range boxes {
		columns[b.rank] = append(columns[b.rank], b)
		last = max(last, b.rank)
	}
	x := float64(svgMargin)
	for rank := 0; rank <= last; rank++ {
		column := columns[rank]
		if rank > 0 { // near those that use it
			middle := map[string]float64{}
			for _, b := range column {
				sum, n := 0.0, 0.0
				for _, e := range edges {
					if e.To == b.id {
						sum, n = sum+byID[e.From].y, n+1
					}
				}
				middle[b.id] = sum / max(n, 1)
			}
			slices.SortStableFunc(column, func(a, b *box) int { return cmp.Compare(middle[a.id], middle[b.id]) })
		}
		y, wide := float64(svgMargin), 0.0
		for _, b := range column {
			b.x, b.y = x, y
			y += b.h + 18
			wide = max(wide, b.w)
		}
		height = max(height, y)
		x += wide + gap
		width = x - gap + svgMargin
	}
	for rank := 0; rank <= last; rank++ { // shorter columns stand in the middle
		column := columns[rank]
		if n := len(column); n > 0 {
			down := (height - (column[n-1].y + column[n-1].h + 18)) / 2
			for _, b := range column {
				b.y += down
			}
		}
	}
	return width, height + svgMargin - 18
}

func escaped(s string) string {
	var b bytes.Buffer
	if xml.EscapeText(&b, []byte(s)) != nil {
		return ""
	}
	return b.String()
}
