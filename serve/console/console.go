// Package console is what people see in a browser: the page of devices, schema versions and views, each with requests that work.
package console

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"facet/view"
)

//go:embed index.html
var files embed.FS

var page = template.Must(template.New("index.html").Funcs(template.FuncMap{"anchor": anchor, "count": count}).ParseFS(files, "index.html"))

// A Site is what the page shows.
type Site struct {
	Release     string // digest of the release, shortened by the page
	Environment string
	Routes      []Route
	Asking      string // who asks where a request says nothing
}

// A Route is one device schema.
type Route struct {
	Device, Schema string
	Packages       []string // name@version
	Views          []View
	Mutations      []Mutation
	Shapes         int
}

// A View is a view with its samples.
type View struct {
	Name      string
	Signature string // "film(id: ID!)"
	Samples   []Sample
}

// A Mutation is a mutation's signature and how to POST it.
type Mutation struct {
	Name      string
	Signature string
	URL       string
}

// Describe makes a Route of a device schema. The arguments of its samples are those of the packages' warm-ups.
func Describe(s *view.Surface) Route {
	r := Route{Device: s.Device, Schema: s.Schema}
	shapes := map[string]bool{}
	for _, b := range s.Builds {
		r.Packages = append(r.Packages, b.Package+"@"+b.Version)
		warm := map[string]json.RawMessage{}
		for _, w := range b.Warmups {
			if _, ok := warm[w.View]; !ok {
				warm[w.View] = w.Args
			}
		}
		for _, v := range b.Views {
			r.Views = append(r.Views, View{Name: v.Name, Signature: signature(v.Name, v.Args), Samples: Samples(s, v, warm[v.Name])})
		}
		for _, m := range b.Mutations {
			r.Mutations = append(r.Mutations, Mutation{Name: m.Name, Signature: signature(m.Name, m.Args), URL: "/" + s.Device + "/" + s.Schema + "/" + m.Name})
		}
		for _, sh := range b.Shapes {
			shapes[sh.Name] = true
		}
	}
	r.Shapes = len(shapes)
	return r
}

func signature(name string, args []*view.Arg) string {
	if len(args) == 0 {
		return name
	}
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.Name + ": " + a.Type.String()
		if a.Default != nil {
			parts[i] += " = " + string(a.Default)
		}
	}
	return name + "(" + strings.Join(parts, ", ") + ")"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func anchor(parts ...string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, strings.Join(parts, "-"))
}

// Handler serves the page; site is asked on every request, so that it shows what is served now.
func Handler(site func() Site) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := site()
		slices.SortFunc(s.Routes, func(a, b Route) int {
			return strings.Compare(a.Device+"/"+a.Schema, b.Device+"/"+b.Schema)
		})
		var b bytes.Buffer
		if err := page.Execute(&b, s); err != nil {
			http.Error(w, "the page could not be made", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(b.Bytes())
	})
}
