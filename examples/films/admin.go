package films

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"facet/examples/films/tiers/trouble"
	"facet/examples/films/tiers/wire"
)

// The longest that a tier is gone for
const mostGone = time.Minute

// Admin is the door by which tiers are told to misbehave. It has no lock: serve it on loopback only.
//
//	GET    /_tier                     -> {"catalog": {"url", "trouble"}, …}
//	GET    /_tier/{name}              -> {"url", "trouble"}
//	POST   /_tier/{name}   a Trouble  -> the same: from now on the tier is in this trouble, and in no other
//	DELETE /_tier/{name}              -> the same: it is well again
//	POST   /_tier/{name}/restart?gone=500ms -> {"url", "trouble"} when it is back
//
// The name "all" stands for every tier.
func (w *World) Admin() http.Handler {
	return wire.Mux(map[string]http.HandlerFunc{
		"GET /_tier": func(rw http.ResponseWriter, _ *http.Request) { wire.Write(rw, told(w.Tiers)) },
		"GET /_tier/{name}": w.each(func(rw http.ResponseWriter, _ *http.Request, tiers []*Running) {
			wire.Write(rw, told(tiers))
		}),
		"POST /_tier/{name}": w.each(func(rw http.ResponseWriter, r *http.Request, tiers []*Running) {
			t, err := trouble.Read(r.Body)
			if err != nil {
				wire.Fail(rw, http.StatusBadRequest, "%v", err)
				return
			}
			for _, tier := range tiers {
				tier.Door.Set(t)
			}
			wire.Write(rw, told(tiers))
		}),
		"DELETE /_tier/{name}": w.each(func(rw http.ResponseWriter, _ *http.Request, tiers []*Running) {
			for _, tier := range tiers {
				tier.Door.Set(trouble.Trouble{})
			}
			wire.Write(rw, told(tiers))
		}),
		"POST /_tier/{name}/restart": w.each(restart),
	})
}

// each finds the tiers that a request names.
func (w *World) each(do func(http.ResponseWriter, *http.Request, []*Running)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		if r.Header.Get("Origin") != "" { // a page in somebody's browser has no business here
			wire.Fail(rw, http.StatusForbidden, "this door is not for browsers")
			return
		}
		if name == "all" {
			do(rw, r, w.Tiers)
			return
		}
		tier := w.Tier(name)
		if tier == nil {
			var names []string
			for _, t := range w.Tiers {
				names = append(names, t.Name)
			}
			wire.Fail(rw, http.StatusNotFound, "%q is no tier here; there are %s, and all", name, strings.Join(names, ", "))
			return
		}
		do(rw, r, []*Running{tier})
	}
}

func restart(rw http.ResponseWriter, r *http.Request, tiers []*Running) {
	var gone time.Duration
	if text := r.URL.Query().Get("gone"); text != "" {
		var err error
		if gone, err = time.ParseDuration(text); err != nil || gone < 0 || gone > mostGone {
			wire.Fail(rw, http.StatusBadRequest, "gone is %q: a time from 0s to %v", text, mostGone)
			return
		}
	}
	failed := make(chan error, len(tiers))
	for _, tier := range tiers {
		go func() { failed <- tier.Restart(r.Context(), gone) }()
	}
	var first error
	for range tiers {
		if err := <-failed; first == nil {
			first = err
		}
	}
	if first != nil {
		wire.Fail(rw, http.StatusInternalServerError, "%v", first)
		return
	}
	wire.Write(rw, told(tiers))
}

func told(tiers []*Running) map[string]any {
	out := map[string]any{}
	for _, t := range tiers {
		out[t.Name] = map[string]any{"url": t.URL(), "trouble": t.Door.Get()}
	}
	return out
}

// OpenAdmin serves the door at addr, "127.0.0.1:0", until the world stops, and says where: "http://127.0.0.1:40001". An address that
// other machines can reach is refused.
func (w *World) OpenAdmin(addr string) (string, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", fmt.Errorf("%s is not loopback: who reaches the tiers' door may break them", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	w.admin = wire.Server(w.Admin())
	w.admin.WriteTimeout = mostGone + 30*time.Second
	go func() { _ = w.admin.Serve(l) }() // it ends when it is closed
	return "http://" + l.Addr().String(), nil
}
