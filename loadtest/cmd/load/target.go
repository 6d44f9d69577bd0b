package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"facet/loadtest/load"
)

// A target is where a scenario's requests go, by flags.
type target struct {
	base, metrics, admin *string
	rate                 *float64
	length               *time.Duration
	seed                 *uint64
}

func targetFlags(set *flag.FlagSet) *target {
	return &target{
		base:    set.String("base", "", "addresses of instances, separated by commas, instead of the scenario's (http://127.0.0.1:8080 if it has none)"),
		metrics: set.String("metrics", "", `pages of counters, separated by commas, instead of the scenario's (/metrics of each instance if it has none); "none" reads none`),
		admin:   set.String("admin", "", "where the films world's tiers are told to misbehave, instead of the scenario's"),
		rate:    set.Float64("rate", 0, "arrivals a second, instead of the scenario's rate and stages"),
		length:  set.Duration("for", 0, "how long, instead of the scenario's"),
		seed:    set.Uint64("seed", 0, "of everything that is random, instead of the scenario's"),
	}
}

// A misuse is a mistake in the command line.
type misuse struct{ error }

// scenario reads the file and puts the flags over it.
func (t *target) scenario(name string) (*load.Scenario, error) {
	s, err := load.Read(name)
	if err != nil {
		return nil, err
	}
	if *t.rate < 0 || math.IsNaN(*t.rate) || *t.length < 0 {
		return nil, misuse{errors.New("-rate and -for are above 0")}
	}
	if *t.rate > 0 {
		length := s.Length()
		s.Rate, s.Duration, s.Stages = *t.rate, load.Duration(length), nil
	}
	if *t.length > 0 && len(s.Stages) > 0 {
		return nil, misuse{errors.New("-for: the scenario has stages, each with a time of its own; give -rate too")}
	} else if *t.length > 0 {
		s.Duration = load.Duration(*t.length)
		var within []load.Fault
		for _, f := range s.Faults {
			if f.At <= s.Duration {
				within = append(within, f)
			}
		}
		s.Faults = within
	}
	if *t.seed != 0 {
		s.Seed = *t.seed
	}
	if *t.admin != "" {
		s.Admin = *t.admin
	}
	if *t.base != "" {
		s.Instances = split(*t.base)
	}
	if len(s.Instances) == 0 {
		s.Instances = []string{"http://127.0.0.1:8080"}
	}
	return s, s.Check()
}

func split(list string) []string {
	var out []string
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSuffix(strings.TrimSpace(item), "/"); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// open makes the way to the instances, and what closes it. One instance is asked without the probes that several need: they would be
// in its figures.
func (t *target) open(ctx context.Context, c *console, s *load.Scenario) (load.Options, func(), error) {
	var backends []*load.Backend
	for _, at := range s.Instances {
		u, err := url.Parse(at)
		if err != nil || u.Host == "" {
			return load.Options{}, nil, fmt.Errorf("-base: %q is no address such as http://127.0.0.1:8080", at)
		}
		backends = append(backends, &load.Backend{Name: u.Host, URL: u})
	}
	o, end := load.Options{Base: strings.TrimSuffix(s.Instances[0], "/"), Metrics: []string{}}, func() {}
	b := load.NewBalancer(backends...)
	if b.Up() == 0 {
		fmt.Fprintf(c.err, "load: no instance says at /readyz that it is ready: %s is asked all the same\n", strings.Join(s.Instances, ", "))
	}
	if len(backends) > 1 {
		o.Send, end = b.Do, b.Close
	} else {
		b.Close()
	}
	switch {
	case *t.metrics == "none":
	case *t.metrics != "":
		o.Metrics = split(*t.metrics)
	case len(s.Metrics) > 0:
		o.Metrics = s.Metrics
	default:
		for _, at := range s.Instances {
			page := strings.TrimSuffix(at, "/") + "/metrics"
			if tells(ctx, page) {
				o.Metrics = append(o.Metrics, page)
			} else {
				fmt.Fprintf(c.err, "load: %s tells nothing, so what the server spends is not in the report; -metrics says where its page is (ops.listen)\n", page)
			}
		}
	}
	return o, end, nil
}

// tells says whether an address has counters.
func tells(ctx context.Context, at string) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain")
}
