// Package artwork is the tier that draws: it says where a film's poster is, and serves it as SVG of any width.
package artwork

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"facet/examples/films/data"
	"facet/examples/films/tiers/wire"
)

// The widths that are drawn, in pixels. A poster is half as high again.
const (
	narrowest = 40
	widest    = 2000
)

type art struct {
	ID     string `json:"id"`
	URL    string `json:"url"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Handler serves the tier. Public is the address that devices reach it at ("https://art.example.com"); if it is empty, the address that the caller used.
//
//	POST /artwork:batchGet {"width": 342, "ids": […]}  -> {"artwork": [{"id", "url", "width", "height"}]}, films and series, unknown ids left out
//	GET  /art/{id}-{width}.svg                         -> the poster
func Handler(l *data.Library, public string) http.Handler {
	return wire.Mux(map[string]http.HandlerFunc{
		"POST /artwork:batchGet": func(w http.ResponseWriter, r *http.Request) { batch(w, r, l, public) },
		"GET /art/{name}":        func(w http.ResponseWriter, r *http.Request) { draw(w, r, l) },
	})
}

func batch(w http.ResponseWriter, r *http.Request, l *data.Library, public string) {
	var in struct {
		Width int      `json:"width"`
		IDs   []string `json:"ids"`
	}
	if !wire.Read(w, r, &in) || !wire.Batch(w, "ids", in.IDs) {
		return
	}
	if in.Width < narrowest || in.Width > widest {
		wire.Fail(w, http.StatusBadRequest, "width is %d: %d to %d are drawn", in.Width, narrowest, widest)
		return
	}
	if public == "" {
		public = "http://" + r.Host
	}
	out := make([]art, 0, len(in.IDs))
	for _, id := range in.IDs {
		if l.Title(id) != nil || l.OneSeries(id) != nil {
			out = append(out, art{id, fmt.Sprintf("%s/art/%s-%d.svg", strings.TrimSuffix(public, "/"), url.PathEscape(id), in.Width), in.Width, height(in.Width)})
		}
	}
	wire.Write(w, map[string]any{"artwork": out})
}

var file = regexp.MustCompile(`^(.+)-([0-9]{2,4})\.svg$`)

func draw(w http.ResponseWriter, r *http.Request, l *data.Library) {
	m := file.FindStringSubmatch(r.PathValue("name"))
	if m == nil {
		wire.Fail(w, http.StatusNotFound, "a poster is called <id>-<width>.svg")
		return
	}
	width, err := strconv.Atoi(m[2])
	if err != nil || width < narrowest || width > widest {
		wire.Fail(w, http.StatusBadRequest, "width is %s: %d to %d are drawn", m[2], narrowest, widest)
		return
	}
	var svg []byte
	if t := l.Title(m[1]); t != nil {
		svg = poster(ofTitle(t), width)
	} else if s := l.OneSeries(m[1]); s != nil {
		svg = poster(ofSeries(s, l), width)
	} else {
		wire.Fail(w, http.StatusNotFound, "there is nothing called %q to draw", m[1])
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Content-Length", strconv.Itoa(len(svg)))
	_, _ = w.Write(svg) // the caller has left: there is nobody to tell
}

func height(width int) int { return width * 3 / 2 }
