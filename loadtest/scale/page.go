package scale

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A page is the source of a version and its known documents.
type page struct {
	source   string
	view     string
	document string // JSON of a GraphQL request for the whole page
	film     string // and for one film, "FILM" being its id
}

// A field is one of a shape: how it is written, and how it is asked for.
type field struct{ name, source, ask string }

// plain are fields of the graph's Title that a shape may show.
var plain = []string{"title", "year", "minutes", "rating", "votes", "tagline"}

func (w *writer) page(size int, script bool) page {
	var s strings.Builder
	s.WriteString(`import { arg, computed, graph, object, oneOf, shape, view } from "@facet/sdk";` + "\n\n")
	state, info, card, detail := w.typeName(), w.typeName(), w.typeName(), w.typeName()
	kinds := []string{strings.ToUpper(w.word()), strings.ToUpper(w.word()) + "_B", "NONE"}
	fmt.Fprintf(&s, "const kinds = oneOf(%q, %s);\n", state, quoted(kinds))
	fmt.Fprintf(&s, "export const Info = object(%q, { text: \"String\", minutes: \"Int\", kind: kinds });\n\n", info)

	short := w.fields(2+w.rnd.IntN(3), 1+w.rnd.IntN(3), kinds)
	if script {
		short = append(short, w.scripted())
	}
	long := w.fields(4+w.rnd.IntN(3), 3+w.rnd.IntN(4), kinds)
	writeShape(&s, "Card", card, short)
	writeShape(&s, "Detail", detail, long)

	view, film, other := w.name(), w.name(), w.name()
	fmt.Fprintf(&s, "export const %s = view({\n  build: () => {\n    const s = graph.shelf({ id: %q });\n    return { %s: s.name, items: s.items.page({ first: %d, max: %d }).map(Card) };\n  },\n});\n\n",
		view, shelfID(size, w.rnd.IntN(shelves)), "heading", size, 2*size)
	fmt.Fprintf(&s, "export const %s = view({ args: { id: arg.id() }, build: ({ id }) => ({ film: Detail(graph.title({ id })) }) });\n", film)
	for i := range w.rnd.IntN(4) { // views that nobody asks: a package has more than one screen
		fmt.Fprintf(&s, "export const %s%d = view({ build: () => ({ items: graph.shelf({ id: %q }).items.take(%d).map(%s) }) });\n",
			other, i, shelfID(10, i), 3+w.rnd.IntN(6), []string{"Card", "Detail"}[w.rnd.IntN(2)])
	}
	fmt.Fprintf(&s, "\nexport const warmup = [%s.with({})];\n", view)
	return page{source: s.String(), view: view,
		document: request("", fmt.Sprintf("{ %s { heading items { %s } } }", view, asks(short)), ""),
		film:     request("query Film($id: ID!) ", fmt.Sprintf("{ %s(id: $id) { film { %s } } }", film, asks(long)), `{"id":"FILM"}`)}
}

func writeShape(s *strings.Builder, export, name string, fields []field) {
	fmt.Fprintf(s, "export const %s = shape(%q, graph.Title, (t) => ({\n", export, name)
	for _, f := range fields {
		fmt.Fprintf(s, "  %s: %s,\n", f.name, f.source)
	}
	s.WriteString("}));\n\n")
}

// fields makes some that show what the graph has, and some that compute.
func (w *writer) fields(shown, computed int, kinds []string) []field {
	var out []field
	for _, i := range w.rnd.Perm(len(plain))[:shown] {
		name := plain[i]
		if w.rnd.IntN(2) == 0 {
			name = w.name()
		}
		out = append(out, field{name, "t." + plain[i], name})
	}
	if w.rnd.IntN(2) == 0 {
		name := w.name()
		out = append(out, field{name, fmt.Sprintf("t.artwork({ width: %d }).url", 100*(1+w.rnd.IntN(3))), name})
	}
	for range computed {
		out = append(out, w.computed(kinds))
	}
	return out
}

// computed is a field of a function: each template has parts of its own.
func (w *writer) computed(kinds []string) field {
	name := w.name()
	ask := name
	var source string
	switch n := 1 + w.rnd.IntN(9); w.rnd.IntN(8) {
	case 0:
		source = fmt.Sprintf("computed.string({ title: t.title, year: t.year }, ({ title, year }) => (year == null ? title : `${title} %s ${year + %d}`))", w.word(), n)
	case 1:
		source = fmt.Sprintf("computed.string({ minutes: t.minutes }, ({ minutes }) => (minutes == null ? null : minutes < %d ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes %% 60} min`))", 50+n)
	case 2:
		source = fmt.Sprintf("computed.float({ votes: t.votes, rating: t.rating }, ({ votes, rating }) => Math.round(votes * %d) / 10 + (rating === %q ? %d : 0))", n, ratings[n%len(ratings)], n)
	case 3:
		source = fmt.Sprintf("computed.list.string({ genres: t.genres }, ({ genres }) => genres.filter((g) => g.length > %d).map((g) => g.toUpperCase()))", n%4+4)
	case 4:
		source = fmt.Sprintf("computed.string({ genres: t.genres }, ({ genres }) => genres.find((g) => g.startsWith(%q)) ?? genres[0] ?? null)", "DCATW"[n%5:n%5+1])
	case 5:
		source = fmt.Sprintf("computed.string({ genres: t.genres, title: t.title }, ({ genres, title }) => `${title.slice(0, %d)}: ${genres.join(%q)}`)", 3+n, " "+w.word()+" ")
	case 6:
		source = fmt.Sprintf("computed.boolean({ genres: t.genres, votes: t.votes }, ({ genres, votes }) => votes > %d && genres.some((g) => g.includes(%q)))", 1000*n, "aeiou"[n%5:n%5+1])
	default:
		source = fmt.Sprintf("computed.object(Info, { minutes: t.minutes, tagline: t.tagline, votes: t.votes }, ({ minutes, tagline, votes }) => ({ text: tagline?.slice(0, %d) ?? %q, minutes: minutes == null ? null : minutes + %d, kind: votes > %d ? %q : minutes == null ? %q : %q }))",
			10+n, w.word(), n, 2000*n, kinds[0], kinds[2], kinds[1])
		ask = name + " { text minutes kind }"
	}
	return field{name, source, ask}
}

// scripted is a field that only the JavaScript engine computes.
func (w *writer) scripted() field {
	name := w.name()
	return field{name, fmt.Sprintf(`computed.string({ title: t.title }, ({ title }) => title.replace(/[%s]/g, %q))`, "aeiou"[:1+w.rnd.IntN(5)], w.word()[:1]), name}
}

func asks(fields []field) string {
	names := []string{"id"}
	for _, f := range fields {
		names = append(names, f.ask)
	}
	return strings.Join(names, " ")
}

func request(head, selection, variables string) string {
	b, err := json.Marshal(map[string]string{"query": head + selection})
	if err != nil {
		panic(err) // a text
	}
	if variables == "" {
		return string(b)
	}
	return string(b[:len(b)-1]) + `,"variables":` + variables + "}"
}

func quoted(list []string) string {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // texts
	}
	return string(b)
}
