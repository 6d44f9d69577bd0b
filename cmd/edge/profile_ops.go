package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"runtime"
	runtimemetrics "runtime/metrics"
	runtimepprof "runtime/pprof"
	"strconv"
	"sync"
	"time"

	"github.com/google/pprof/profile"

	"facet/composer"
	"facet/fault"
	"facet/scripts"
	"facet/serve"
	"facet/view"
)

// maxProfile bounds the time of one profile: the operators' listener writes for three minutes at the most.
const maxProfile = 2 * time.Minute

// packagePages are what `edge top` and `edge profile` ask of an instance.
type packagePages struct {
	usage       *usage
	quarantines func() map[usageKey]string // package versions whose functions are not run, with the reason
	builds      func(id string) *view.Build
	profiles    bool // profiles are allowed
	instance    string
}

// mount puts the pages into a mux, before anything is asked; profiles says whether they may be taken.
func (p *packagePages) mount(mux *http.ServeMux, profiles bool) {
	p.profiles = profiles
	mux.HandleFunc("GET /debug/packages", p.packages)
	if p.profiles {
		mux.HandleFunc("GET "+profilePath, p.profile)
		mux.Handle("GET /debug/pprof/allocs", pprof.Handler("allocs"))
	}
}

// reasons are the package versions in quarantine.
func (q *quarantines) reasons() map[usageKey]string {
	out := map[usageKey]string{}
	for _, one := range q.list() {
		out[usageKey{one.Package, one.Version}] = one.Reason
	}
	return out
}

// A usageReport is what packages took since the process began.
type usageReport struct {
	Instance string        `json:"instance"`
	At       time.Time     `json:"at"`
	Process  processUsage  `json:"process"`
	Profile  *usageProfile `json:"profile,omitempty"` // of the time before At, if one was asked for
	Packages []packageRow  `json:"packages"`
}

type processUsage struct {
	CPU        time.Duration `json:"cpu"`
	Allocated  uint64        `json:"allocated"` // bytes, since the start
	Heap       uint64        `json:"heap"`      // bytes that live, with what is not collected yet
	Goroutines int           `json:"goroutines"`
	Processors int           `json:"processors"`
}

type usageProfile struct {
	Took  time.Duration            `json:"took"`
	CPU   time.Duration            `json:"cpu"`   // of all samples
	Of    map[string]time.Duration `json:"of"`    // of the samples of a package version, "@tv/home@3.4.1"
	Error string                   `json:"error"` // why there is none
}

// A packageRow is what one package version took.
type packageRow struct {
	Package string `json:"package"`
	Version string `json:"version"`

	Requests uint64   `json:"requests"`
	Failed   uint64   `json:"failed"` // of them, with any error or default for one
	Calls    uint64   `json:"calls"`  // of tiers
	Kept     uint64   `json:"kept"`   // calls that the cache spared
	Read     uint64   `json:"read"`   // bytes of tiers' answers
	Wrote    uint64   `json:"wrote"`  // bytes of answers
	Latency  []uint64 `json:"latency"`

	ScriptCalls uint64            `json:"scriptCalls"`
	ScriptCPU   time.Duration     `json:"scriptCPU"`
	Breaks      map[string]uint64 `json:"breaks,omitempty"`
	Quarantined string            `json:"quarantined,omitempty"` // why its functions are not run
	Functions   []functionPlace   `json:"functions,omitempty"`   // of the versions asked last; where they are asked for
}

func (p *packagePages) packages(w http.ResponseWriter, r *http.Request) {
	var prof *usageProfile
	if text := r.URL.Query().Get("profile"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 || d > maxProfile {
			refusePage(w, fault.New(fault.Invalid, "profile is a time up to %v", maxProfile))
			return
		}
		prof = p.share(r.Context(), d)
	}
	rep := usageReport{Instance: p.instance, At: time.Now(), Process: readProcess(), Profile: prof, Packages: []packageRow{}}
	bad := p.quarantines()
	var places map[usageKey][]functionPlace
	if r.URL.Query().Has("functions") {
		places = p.usage.places()
	}
	for k, u := range p.usage.list() {
		s := u.scripts()
		row := packageRow{Package: k.name, Version: k.version, Requests: u.requests.Load(), Failed: u.failed.Load(), Calls: u.calls.Load(), Kept: u.kept.Load(), Read: u.read.Load(), Wrote: u.wrote.Load(),
			ScriptCalls: s.Calls, ScriptCPU: s.CPU, Breaks: s.Breaks, Quarantined: bad[k], Latency: make([]uint64, latencyBuckets), Functions: places[k]}
		for i := range row.Latency {
			row.Latency[i] = u.latency[i].Load()
		}
		rep.Packages = append(rep.Packages, row)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(rep) // the asker may be gone
}

// share profiles the process for d and splits what it used by package.
func (p *packagePages) share(ctx context.Context, d time.Duration) *usageProfile {
	out := &usageProfile{Of: map[string]time.Duration{}}
	if !p.profiles {
		wait(ctx, d)
		out.Error = "profiles are off: set ops.pprof"
		return out
	}
	began := time.Now()
	prof, err := cpuProfile(ctx, d)
	out.Took = time.Since(began)
	if err != nil {
		wait(ctx, d)
		out.Error = fault.Public(err)
		return out
	}
	for _, s := range prof.Sample {
		cpu := time.Duration(s.Value[len(s.Value)-1])
		out.CPU += cpu
		if name := s.Label[composer.LabelPackage]; len(name) > 0 {
			out.Of[name[0]+"@"+first(s.Label[composer.LabelVersion])] += cpu
		}
	}
	return out
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// cpuProfile samples what the process does for d. There is one at a time; another is a Conflict.
func cpuProfile(ctx context.Context, d time.Duration) (*profile.Profile, error) {
	var raw bytes.Buffer
	if err := runtimepprof.StartCPUProfile(&raw); err != nil {
		return nil, &fault.Error{Kind: fault.Conflict, Op: "profile", Message: "the process is being profiled already", Err: err, Hint: "wait until that is done"}
	}
	wait(ctx, d)
	runtimepprof.StopCPUProfile()
	p, err := profile.Parse(&raw)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "profile", "", err)
	}
	return p, nil
}

// profile answers what one package did, or all, as pprof reads it.
func (p *packagePages) profile(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	seconds := 10.0
	if text := q.Get("seconds"); text != "" {
		var err error
		if seconds, err = strconv.ParseFloat(text, 64); err != nil || !(seconds > 0 && seconds <= maxProfile.Seconds()) {
			refusePage(w, fault.New(fault.Invalid, "seconds is a number up to %v", maxProfile.Seconds()))
			return
		}
	}
	d := time.Duration(seconds * float64(time.Second))
	var wg sync.WaitGroup
	var js *profile.Profile
	var badJS error
	wg.Go(func() { js, badJS = scripts.Profile(r.Context(), d, p.builds) })
	all, err := cpuProfile(r.Context(), d)
	wg.Wait()
	if err != nil {
		refusePage(w, err)
		return
	}
	if badJS == nil {
		all = withScripts(all, js)
	}
	if of := q.Get("package"); of != "" {
		name, version := splitPackage(of)
		keepPackage(all, name, version)
	}
	var b bytes.Buffer
	if err := all.Write(&b); err != nil {
		refusePage(w, fault.Wrap(fault.Internal, "profile", "", err))
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes())
}

// refusePage answers an operator as every other of the process's pages refuses.
func refusePage(w http.ResponseWriter, err error) {
	p := serve.ProblemOf(err)
	w.Header().Set("Content-Type", serve.ProblemType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the asker may be gone
}

func readProcess() processUsage {
	s := []runtimemetrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	runtimemetrics.Read(s)
	return processUsage{CPU: processTime(), Allocated: s[0].Value.Uint64(), Heap: s[1].Value.Uint64(), Goroutines: runtime.NumGoroutine(), Processors: runtime.GOMAXPROCS(0)}
}
