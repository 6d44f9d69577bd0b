package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"facet/asker"
	"facet/catalog"
	"facet/composer"
	"facet/fault"
	"facet/serve/console"
	"facet/serve/feed"
	"facet/serve/graphql"
	"facet/serve/jsongraph"
	"facet/serve/rest"
)

// A front is everything that an edge answers over HTTP, over what a catalog serves.
type front struct {
	catalog       *catalog.Catalog[*served]
	ask           asker.Settings
	environment   string
	introspection bool
	draft         bool // GraphQL over HTTP's status codes of before September 2026
	metrics       *metrics
	log           zerolog.Logger
	gate          gate
	packages      *packagePages // what packages take; nil: nobody asks
	writes        feed.Bus      // what mutations wrote; nil: of this instance alone
	compression   compressionConfig
	documents     *documents // trusted ones of the instance; nil: there are none
	graphqlOnce   sync.Once
	graphqlDoor   *graphql.Handler
	observing
}

// handler routes /{device}/{schema}/… to the three protocols and the rest to the operators' pages.
func (f *front) handler() http.Handler {
	graphqlDoor := f.graphql()
	restDoor := rest.New(rest.Options{Views: f, Asker: f.asker, Introspection: f.introspection,
		Done: noted})
	jsonDoor := jsongraph.New(jsongraph.Options{Views: f, Asker: f.asker, Introspection: f.introspection,
		Done: noted})
	mux := http.NewServeMux()
	mux.Handle("/{device}/{schema}/graphql", f.pinned(graphqlDoor))
	mux.Handle("/{device}/{schema}/model.json", f.pinned(jsonDoor))
	mux.Handle("/{device}/{schema}/", f.pinned(restDoor))
	mux.Handle("/{device}/{schema}", f.pinned(restDoor)) // not sent on to …/, where there is no view either
	mux.Handle("/", restDoor)                            // which says that there is nothing, and what there is
	f.pages(mux)
	return f.gate.handler(f.observed(f.compressed(f.explained(straight(f.pinned(graphqlDoor), mux)))))
}

// graphql is the door of GraphQL: warming up meets it before the first request does.
func (f *front) graphql() *graphql.Handler {
	f.graphqlOnce.Do(func() {
		f.graphqlDoor = graphql.New(graphql.Options{Views: f, Asker: f.asker, Introspection: f.introspection, Draft: f.draft,
			Trusted: f.documents.trusted(), TrustedOnly: f.documents.trustedOnly(), Done: noted})
	})
	return f.graphqlDoor
}

// ready makes documents ready.
func (f *front) ready(e composer.Answerer, plan func(*composer.Selection) error) (int, error) {
	return f.graphql().Ready(e, plan)
}

// Find is what the protocols look their engine up with: the engine of the release that ctx's request pins, or of what is served
// now. It stays open until done is called.
func (f *front) Find(ctx context.Context, device, schema string, a *asker.Asker) (composer.Answerer, func(), error) {
	s, release := pin(ctx), func() {}
	if s == nil {
		var ok bool
		if s, release, ok = f.catalog.Acquire(); !ok {
			return nil, nil, fault.New(fault.Unavailable, "nothing is served yet").WithHint("try again in a second; /readyz says why")
		}
	}
	e, leave, err := s.find(ctx, device, schema, a)
	if err != nil {
		release()
		return nil, nil, err
	}
	return e, func() { leave(); release() }, nil
}

// Near lists at most 20 device schemas, those of the device first.
func (f *front) Near(device, _ string) []string {
	s, done, ok := f.catalog.Acquire()
	if !ok {
		return nil
	}
	defer done()
	var same, other []string
	for _, name := range s.routes() {
		if strings.HasPrefix(name, device+"/") {
			same = append(same, name)
		} else {
			other = append(other, name)
		}
	}
	near := append(same, other...)
	return near[:min(20, len(near))]
}

// asker is who asks, from a request.
func (f *front) asker(r *http.Request, device string) (*asker.Asker, error) {
	var x *asker.Experiments
	if s := pin(r.Context()); s != nil {
		x = s.asking
	}
	return f.ask.FromRequest(r, device, x)
}

func (f *front) known(device, schema string) bool {
	s, done, ok := f.catalog.Acquire()
	if !ok {
		return false
	}
	defer done()
	_, ok = s.release.Route(device, schema)
	return ok
}

// maxSite is how many routes the page at / shows: it opens them.
const maxSite = 100

// site is what the page at / shows.
func (f *front) site() console.Site {
	site := console.Site{Environment: f.environment, Asking: f.ask.Default.Profile}
	s, done, ok := f.catalog.Acquire()
	if !ok {
		return site
	}
	defer done()
	site.Release = s.digest
	for _, r := range s.release.Routes[:min(len(s.release.Routes), maxSite)] {
		if e, leave, err := s.use(context.Background(), r, stable(r)); err == nil {
			site.Routes = append(site.Routes, console.Describe(e.Surface()))
			leave()
		}
	}
	return site
}

// readiness is what /readyz says.
type readiness struct {
	Ready   bool   `json:"ready"`
	Release string `json:"release,omitempty"`
	Seq     int64  `json:"seq"`
	// Stale is how long ago the pointer was last read, in seconds.
	Stale   float64 `json:"staleSeconds"`
	Copy    bool    `json:"fromDisk,omitempty"`
	Refused string  `json:"refused,omitempty"`
	Trouble string  `json:"trouble,omitempty"`
	Disk    string  `json:"disk,omitempty"` // why the copy on disk is not of this release
}

func (f *front) readyz(w http.ResponseWriter, _ *http.Request) {
	st := f.catalog.Status()
	out := readiness{Ready: st.Ready(), Release: st.Release, Seq: st.Seq, Copy: st.Copy}
	if !st.Looked.IsZero() {
		out.Stale = time.Since(st.Looked).Seconds()
	}
	if st.Refused != nil {
		out.Refused = st.Refused.Reason
	}
	if st.Trouble != nil {
		out.Trouble = fault.Public(st.Trouble)
	}
	if st.Uncopied != nil {
		out.Disk = fault.Public(st.Uncopied)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !out.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(out) // the prober may be gone
}
