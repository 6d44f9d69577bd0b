package composer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"facet/composer"
	"facet/tiers"
	"facet/view"
	vt "facet/view/viewtest"
)

// A canned tier answers each operation with the same bytes.
type canned map[string][]byte

func (c canned) Call(_ context.Context, call *tiers.Call) (*tiers.Answer, error) {
	return &tiers.Answer{Body: c[call.Operation.ID]}, nil
}

// page is the contest page: 20 rows of 20 titles of five tiers, nothing computed.
func page(b testing.TB) (*composer.Engine, *world, *composer.Selection, canned) {
	home := vt.Home()
	card := home.Shapes[0]
	r := &vt.Recorder{Scope: card.Scope}
	me := r.Context("viewer.profile.id", "ID")
	mark := r.Field(card.Subject, "bookmark", "Bookmark", vt.Named("profile", me))
	at := r.Field(mark, "positionSeconds", "Int!")
	run := r.Field(card.Subject, "runtimeMinutes", "Int")
	card.Scope = r.Scope
	card.Output.Fields = append(card.Output.Fields, vt.Field("at", vt.Leaf(at, "Int")), vt.Field("runtime", vt.Leaf(run, "Int")))
	w := newWorld(b, "testdata/films.graphqls", home)
	c := canned{}
	var rows, titles, art, marks []any
	for i := range 20 {
		var items []any
		for j := range 20 {
			id := fmt.Sprintf("title-number-%d", i*20+j)
			items = append(items, obj{"type": "title", "id": id})
			titles = append(titles, obj{"id": id, "title": fmt.Sprintf("The film with the long name, part %d", i*20+j), "runtimeMinutes": 100 + j, "similar": []any{obj{"id": "title-number-1"}}})
			art = append(art, obj{"id": id, "url": "https://images.example.org/art/342/" + id + "/cover-and-more.jpg?v=" + strings.Repeat("a", 24), "width": 342})
			marks = append(marks, obj{"title": id, "positionSeconds": 60 * j})
		}
		rows = append(rows, obj{"id": fmt.Sprint("row", i), "name": fmt.Sprintf("Row number %d", i), "items": items})
	}
	put := func(op string, v any) {
		j, err := json.Marshal(v)
		if err != nil {
			b.Fatal(err)
		}
		c[op] = j
	}
	put("rows.Profile.rows", obj{"rows": rows, "total": 20})
	put("catalog.Title", obj{"titles": titles})
	put("artwork.Title.artwork", obj{"artwork": art})
	put("bookmarks.Title.bookmark", obj{"bookmarks": marks})
	put("profiles.Profile", obj{"id": "p1", "name": "Ann"})
	put("profiles.Profile.recentSearches", obj{"searches": []string{"a", "b", "c"}})
	s, _ := view.NewSurface("tv", "v3", home)
	ts := composer.TiersBySource{}
	for _, src := range w.g.Sources {
		ts[src.Name] = c
	}
	e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: s, Tiers: ts})
	if err != nil {
		b.Fatal(err)
	}
	sel := view1("home", nodes("name", "recent", "rows", nodes("name", "items", nodes("__typename", "id", "key", "title", "art", "at", "runtime"))))
	for _, n := range sel.Roots[0].Sub[2].Sub[1].Sub[1:] {
		n.On = []string{"Card"}
	}
	return e, w, sel, c
}

func BenchmarkPage(b *testing.B) {
	e, w, sel, _ := page(b)
	w.asker.Headers = http.Header{}
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		for p := range e.Answer(context.Background(), &composer.Request{Selection: sel, Asker: w.asker}) {
			if len(p.Errors) > 0 || p.Stats.Calls != 6 {
				b.Fatal(len(p.Errors), p.Stats.Calls)
			}
			b.SetBytes(int64(len(p.Data)))
			p.Release()
		}
	}
}

// cpu reports the process's CPU time for each operation: what counts where others share the machine.
func cpu(b *testing.B) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	from := used()
	return func() { b.ReportMetric(float64(used()-from)/float64(b.N), "cpu-ns/op") }
}

// BenchmarkGraphPage is the contest page as a JSON Graph.
func BenchmarkGraphPage(b *testing.B) {
	e, w, sel, _ := page(b)
	sel.Roots[0].Path = []string{"home"}
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		for p := range e.Answer(context.Background(), &composer.Request{Selection: sel, Asker: w.asker, Format: composer.FormatGraph}) {
			if len(p.Errors) > 0 {
				b.Fatal(len(p.Errors))
			}
			b.SetBytes(int64(len(p.Data)))
			p.Release()
		}
	}
}

// BenchmarkHandler does what a hand-written handler would with encoding/json: decode the five answers, join, encode.
func BenchmarkHandler(b *testing.B) {
	_, _, _, c := page(b)
	type title struct {
		ID      string `json:"id"`
		Title   string `json:"title"`
		Runtime int    `json:"runtimeMinutes"`
	}
	type card struct {
		Typename string `json:"__typename"`
		ID       string `json:"id"`
		Key      string `json:"key"`
		Title    string `json:"title"`
		Art      string `json:"art"`
		At       *int   `json:"at"`
		Runtime  int    `json:"runtime"`
	}
	type row struct {
		Name  string `json:"name"`
		Items []card `json:"items"`
	}
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		var profile struct {
			Name string `json:"name"`
		}
		var searches struct {
			Searches []string `json:"searches"`
		}
		var rows struct {
			Rows []struct {
				Name  string `json:"name"`
				Items []struct {
					Type string `json:"type"`
					ID   string `json:"id"`
				} `json:"items"`
			} `json:"rows"`
		}
		var titles struct {
			Titles []title `json:"titles"`
		}
		var art struct {
			Artwork []struct {
				ID  string `json:"id"`
				URL string `json:"url"`
			} `json:"artwork"`
		}
		var marks struct {
			Bookmarks []struct {
				Title string `json:"title"`
				At    int    `json:"positionSeconds"`
			} `json:"bookmarks"`
		}
		for op, v := range map[string]any{"profiles.Profile": &profile, "profiles.Profile.recentSearches": &searches, "rows.Profile.rows": &rows,
			"catalog.Title": &titles, "artwork.Title.artwork": &art, "bookmarks.Title.bookmark": &marks} {
			if err := json.Unmarshal(c[op], v); err != nil {
				b.Fatal(err)
			}
		}
		byID, byArt, byMark := map[string]title{}, map[string]string{}, map[string]int{}
		for _, t := range titles.Titles {
			byID[t.ID] = t
		}
		for _, a := range art.Artwork {
			byArt[a.ID] = a.URL
		}
		for _, m := range marks.Bookmarks {
			byMark[m.Title] = m.At
		}
		var out struct {
			Home struct {
				Name   string   `json:"name"`
				Recent []string `json:"recent"`
				Rows   []row    `json:"rows"`
			} `json:"home"`
		}
		out.Home.Name, out.Home.Recent = profile.Name, searches.Searches
		for _, r := range rows.Rows {
			rr := row{Name: r.Name}
			for _, it := range r.Items {
				at := byMark[it.ID]
				rr.Items = append(rr.Items, card{"Card", "Card:" + it.ID, it.ID, byID[it.ID].Title, byArt[it.ID], &at, byID[it.ID].Runtime})
			}
			out.Home.Rows = append(out.Home.Rows, rr)
		}
		j, err := json.Marshal(out)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(j)))
	}
}
