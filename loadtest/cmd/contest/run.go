package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"facet/internal/child"
)

// query asks for all that the page by hand answers, under the same keys.
const query = `{home{name recent rows{name items{id title year runtimeMinutes rating synopsis art at}}}}`

// filmQuery asks for all that the film by hand answers.
const filmQuery = `query($id: ID!){film(id: $id){id title year runtimeMinutes rating synopsis}}`

// filmID is the film that is asked for.
const filmID = "title-0007"

// A result is what one server cost.
type result struct {
	Server string    `json:"server"`
	CPU    []float64 `json:"cpuMsPerRequest"` // one per round
	Median float64   `json:"cpuMsMedian"`
	Allocs float64   `json:"allocsPerRequest,omitempty"` // of the edge, which tells
	Bytes  int       `json:"bytes"`
	// Ratios are the first server's CPU over this one's, round by round.
	Ratios []float64 `json:"edgeOverThis,omitempty"`
	Ratio  float64   `json:"edgeOverThisMedian,omitempty"`
}

// A times is how long one server's answers took at a rate.
type times struct {
	Server     string  `json:"server"`
	Rate       float64 `json:"requestsPerSecond"`
	Saturation float64 `json:"saturation,omitempty"` // requests a second as fast as they go
	P50        float64 `json:"p50Ms"`
	P99        float64 `json:"p99Ms"`
}

// A report is the whole run.
type report struct {
	Requests int      `json:"requestsPerRound"`
	Delay    string   `json:"tierDelay"` // of the parts low and tail
	Page     []result `json:"page,omitempty"`
	Film     []result `json:"film,omitempty"`
	Low      []times  `json:"low,omitempty"`
	Tail     []times  `json:"tail,omitempty"`
}

// A runner measures.
type runner struct {
	edge, dir, profile string
	rounds, requests   int
	delay              time.Duration
	rep                report
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	r := &runner{}
	flags.StringVar(&r.edge, "edge", "bin/edge", "the edge program")
	flags.StringVar(&r.dir, "dir", "loadtest/contest", "the contest's workspace")
	flags.IntVar(&r.rounds, "rounds", 7, "alternating rounds")
	flags.IntVar(&r.requests, "requests", 300, "requests of a round; ten times as many films")
	flags.DurationVar(&r.delay, "delay", 5*time.Millisecond, "how long tiers hold their answers in the parts low and tail")
	flags.StringVar(&r.profile, "profile", "", "write the edge's processor and allocation profiles into this folder, after the rounds of page or film")
	parts := flags.String("parts", "page,film,low,tail", "what to measure: CPU of the page, CPU of one film, latency at 40 requests/s, latency at 70 % of saturation")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r.rep = report{Requests: r.requests, Delay: r.delay.String()}
	known := map[string]func(context.Context) error{"page": r.page, "film": r.film, "low": r.low, "tail": r.tail}
	for part := range strings.SplitSeq(*parts, ",") {
		f := known[part]
		if f == nil {
			return fmt.Errorf("there is no part %q: page, film, low, tail", part)
		}
		if err := f(ctx); err != nil {
			return err
		}
	}
	if *asJSON {
		return printJSON(r.rep)
	}
	r.print()
	return nil
}

func (r *runner) print() {
	cpu := func(title string, list []result) {
		if len(list) == 0 {
			return
		}
		fmt.Printf("%-24s %14s %12s %24s %9s\n", title, "CPU ms/request", "allocations", "edge over this", "bytes")
		for _, s := range list {
			allocs, ratio := "", ""
			if s.Allocs > 0 {
				allocs = fmt.Sprintf("%.0f", s.Allocs)
			}
			if s.Ratio > 0 {
				ratio = fmt.Sprintf("%.3f (%.2f to %.2f)", s.Ratio, slices.Min(s.Ratios), slices.Max(s.Ratios))
			}
			fmt.Printf("%-24s %14.3f %12s %24s %9d\n", s.Server, s.Median, allocs, ratio, s.Bytes)
		}
	}
	cpu("page", r.rep.Page)
	cpu("film", r.rep.Film)
	late := func(title string, list []times) {
		if len(list) == 0 {
			return
		}
		fmt.Printf("%-24s %14s %12s %10s %10s\n", title+", tiers held "+r.rep.Delay, "requests/s", "saturation", "p50 ms", "p99 ms")
		for _, s := range list {
			fmt.Printf("%-24s %14.0f %12.0f %10.2f %10.2f\n", s.Server, s.Rate, s.Saturation, s.P50, s.P99)
		}
	}
	late("low", r.rep.Low)
	late("tail", r.rep.Tail)
}

// page measures the CPU of the page.
func (r *runner) page(ctx context.Context) error {
	return r.withServers(ctx, 0, func(s *servers) (err error) {
		r.rep.Page, err = r.cpu(ctx, "page", r.requests, s.edgePage(), s.byHandPage(), s.splicedPage())
		return err
	})
}

// film measures the CPU of a tiny answer.
func (r *runner) film(ctx context.Context) error {
	return r.withServers(ctx, 0, func(s *servers) (err error) {
		if err := sameAnswer(ctx, []*target{s.edgeFilm(), s.byHandFilm()}); err != nil {
			return err
		}
		r.rep.Film, err = r.cpu(ctx, "film", 10*r.requests, s.edgeFilm(), s.byHandFilm(), s.edgeFilmREST())
		return err
	})
}

// cpu measures what requests cost, the first server's over each other's. Of the page, all answer the same.
func (r *runner) cpu(ctx context.Context, part string, requests int, list ...*target) ([]result, error) {
	if part == "page" {
		if err := sameAnswer(ctx, list); err != nil {
			return nil, err
		}
	}
	out := make([]result, len(list))
	for i, t := range list {
		b, err := t.ask(ctx)
		if err != nil {
			return nil, err
		}
		out[i].Server, out[i].Bytes = t.name, len(b)
		if _, err := load(ctx, t, max(200, requests/3), 4, 0); err != nil { // warm up
			return nil, err
		}
	}
	for round := range r.rounds {
		for i, t := range list {
			before := t.mallocs(ctx)
			cpu, err := cpuOf(t.pid, func() error { _, err := load(ctx, t, requests, 4, 0); return err })
			if err != nil {
				return nil, err
			}
			out[i].Allocs = (t.mallocs(ctx) - before) / float64(requests)
			out[i].CPU = append(out[i].CPU, cpu*1000/float64(requests))
		}
		fmt.Fprintf(os.Stderr, "%s, round %d of %d:", part, round+1, r.rounds)
		for i := range out {
			fmt.Fprintf(os.Stderr, " %s %.3f ms", out[i].Server, out[i].CPU[round])
			if i > 0 {
				out[i].Ratios = append(out[i].Ratios, out[0].CPU[round]/out[i].CPU[round])
			}
		}
		fmt.Fprintln(os.Stderr)
	}
	for i := range out {
		out[i].Median = median(out[i].CPU)
		if i > 0 {
			out[i].Ratio = median(out[i].Ratios)
		}
	}
	if r.profile != "" {
		return out, r.profiles(ctx, part, list[0])
	}
	return out, nil
}

// low measures latency at a rate that keeps nobody busy.
func (r *runner) low(ctx context.Context) error {
	return r.withServers(ctx, r.delay, func(s *servers) error {
		for _, t := range []*target{s.edgePage(), s.byHandPage(), s.splicedPage()} {
			if _, err := load(ctx, t, 50, 2, 0); err != nil {
				return err
			}
			took, err := load(ctx, t, 200, 8, 25*time.Millisecond)
			if err != nil {
				return err
			}
			r.rep.Low = append(r.rep.Low, times{Server: t.name, Rate: 40, P50: at(took, 0.50), P99: at(took, 0.99)})
		}
		return nil
	})
}

// tail measures latency at 70 % of what a server answers when it is asked as fast as it goes.
func (r *runner) tail(ctx context.Context) error {
	return r.withServers(ctx, r.delay, func(s *servers) error {
		for _, t := range []*target{s.edgePage(), s.byHandPage(), s.splicedPage()} {
			if _, err := load(ctx, t, 200, 16, 0); err != nil {
				return err
			}
			const many = 1000
			began := time.Now()
			if _, err := load(ctx, t, many, 16, 0); err != nil {
				return err
			}
			most := many / time.Since(began).Seconds()
			took, err := load(ctx, t, 2*many, 128, time.Duration(float64(time.Second)/(0.7*most)))
			if err != nil {
				return err
			}
			r.rep.Tail = append(r.rep.Tail, times{Server: t.name, Rate: 0.7 * most, Saturation: most, P50: at(took, 0.50), P99: at(took, 0.99)})
		}
		return nil
	})
}

// servers are the three, over the same tiers.
type servers struct {
	edge, hand, spliced *child.Announcer
}

func (s *servers) target(c *child.Announcer, name, url, query string, vars map[string]any) *target {
	t := &target{name: name, pid: c.PID(), url: url, client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true}}}
	if query != "" {
		t.body, _ = json.Marshal(map[string]any{"query": query, "variables": vars}) // texts always encode
	}
	if c == s.edge {
		t.at = c.Said["EDGE_URL"]
	}
	return t
}

func (s *servers) edgePage() *target {
	return s.target(s.edge, "edge", s.edge.Said["EDGE_URL"]+"/tv/v1/graphql", query, nil)
}

func (s *servers) byHandPage() *target {
	return s.target(s.hand, "by hand, encoding/json", s.hand.Said["BYHAND_URL"]+"/", "", nil)
}

func (s *servers) splicedPage() *target {
	return s.target(s.spliced, "by hand, spliced", s.spliced.Said["BYHAND_URL"]+"/", "", nil)
}

func (s *servers) edgeFilm() *target {
	return s.target(s.edge, "edge, GraphQL POST", s.edge.Said["EDGE_URL"]+"/tv/v1/graphql", filmQuery, map[string]any{"id": filmID})
}

func (s *servers) edgeFilmREST() *target {
	return s.target(s.edge, "edge, REST GET", s.edge.Said["EDGE_URL"]+"/tv/v1/film?id="+filmID+"&fields=id,title,year,runtimeMinutes,rating,synopsis", "", nil)
}

func (s *servers) byHandFilm() *target {
	return s.target(s.hand, "by hand, encoding/json", s.hand.Said["BYHAND_URL"]+"/film/"+filmID, "", nil)
}

func (r *runner) withServers(ctx context.Context, delay time.Duration, f func(*servers) error) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	backs, err := start(ctx, nil, self, "tiers", "-delay", delay.String())
	if err != nil {
		return err
	}
	defer backs.Stop()
	var s servers
	for _, c := range []struct {
		into    **child.Announcer
		program string
		args    []string
	}{
		{&s.hand, self, []string{"byhand"}},
		{&s.spliced, self, []string{"byhand", "-spliced"}},
		{&s.edge, r.edge, []string{"dev", r.dir, "--listen", "127.0.0.1:0", "--announce", "--no-watch", "--log", "off"}},
	} {
		if *c.into, err = start(ctx, backs.Said, c.program, c.args...); err != nil {
			return err
		}
		defer (*c.into).Stop()
	}
	return f(&s)
}
