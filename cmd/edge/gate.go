package main

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"facet/serve"
	"facet/serve/console"
)

// A gate is what a request passes before the protocols: CORS, rates, shedding, the bound of its body. The zero gate lets
// everything through.
type gate struct {
	console  bool // the page at /
	metrics  bool // /metrics on the devices' listener too
	cors     []string
	maxBody  int64 // bytes; 0 leaves it to the protocols
	rates    *rates
	shed     *shedder
	draining atomic.Bool // the process is about to end: /readyz says so
}

// handler puts the gate before h. What is refused here is counted, not logged: a line for each would be work, just when
// there is too much of it.
func (g *gate) handler(h http.Handler) http.Handler {
	if g.maxBody > 0 {
		inner := h
		h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = serve.Bounded(w, r, g.maxBody)
			inner.ServeHTTP(w, r)
		})
	}
	return serve.CORS(g.cors, g.rates.handler(g.shed.handler(h)))
}

// pages adds what is no device's: probes, and where wanted the page at / and the metrics.
func (f *front) pages(mux *http.ServeMux) {
	f.probes(mux)
	got := []string{"/healthz", "/readyz"}
	if f.gate.console {
		mux.Handle("GET /{$}", console.Handler(f.site))
		got = append(got, "/{$}")
	}
	if f.gate.metrics {
		mux.Handle("GET /metrics", f.metrics.handler())
		got = append(got, "/metrics")
		if f.packages != nil {
			f.packages.mount(mux, true)
		}
	}
	for _, path := range got {
		mux.HandleFunc(path, gotOnly)
	}
}

// gotOnly answers other methods than those that a page is for: the door behind everything else would say that there is none.
func gotOnly(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "this is asked by GET", http.StatusMethodNotAllowed)
}

func (f *front) probes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if f.gate.draining.Load() {
			drained(w, r)
			return
		}
		f.readyz(w, r)
	})
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// drained is /readyz of a process that is about to end.
func drained(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = json.NewEncoder(w).Encode(map[string]bool{"ready": false, "draining": true}) // the prober may be gone
}

// opsHandler is what operators ask: probes, metrics and, if wanted, profiles.
func opsHandler(probes func(*http.ServeMux), metrics http.Handler, profiles bool, packages *packagePages) http.Handler {
	mux := http.NewServeMux()
	probes(mux)
	mux.Handle("GET /metrics", metrics)
	if packages != nil {
		packages.mount(mux, profiles)
	}
	if profiles {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// limit puts rates and shedding into the gate, and into the metrics.
func (g *gate) limit(c limitsConfig, trust bool, known func(device, schema string) bool, registry prometheus.Registerer) error {
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_refused_total", Help: "Requests refused before any work, by device and by why: rates (viewer, device) and shedding (full, late, gone)."}, []string{"device", "reason"})
	registry.MustRegister(refused)
	rs, err := newRates(c, trust, known, func(device, why string) {
		if device == "" {
			device = "other"
		}
		refused.WithLabelValues(device, why).Inc()
	})
	if err != nil {
		return err
	}
	s := newShedder(c.Shed, func(why string) { refused.WithLabelValues("any", why).Inc() })
	g.rates, g.shed = rs, s
	if s == nil {
		return nil
	}
	gauge := func(name, help string, of func() int) prometheus.GaugeFunc {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(of()) })
	}
	registry.MustRegister(
		gauge("edge_shed_limit", "Requests of devices that are taken on at once now.", func() int { l, _, _ := s.state(); return l }),
		gauge("edge_shed_flying", "Requests of devices that are being answered.", func() int { _, f, _ := s.state(); return f }),
		gauge("edge_shed_waiting", "Requests of devices that wait for a place.", func() int { _, _, w := s.state(); return w }))
	return nil
}
