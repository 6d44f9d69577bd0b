package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// query asks for all that the page by hand answers, under the same keys.
const query = `{home{name recent rows{name items{id title year runtimeMinutes rating synopsis art at}}}}`

// ticks is how many units of CPU time /proc counts in a second: a constant of Linux's interface.
const ticks = 100

// A result is what one server cost.
type result struct {
	Server    string    `json:"server"`
	CPU       []float64 `json:"cpuMsPerRequest"` // one per round
	CPUMedian float64   `json:"cpuMsMedian"`
	P50       float64   `json:"p50Ms"` // at the low fixed rate, tiers held for -delay
	P99       float64   `json:"p99Ms"`
	Bytes     int       `json:"bytes"`
}

// A report is the whole run.
type report struct {
	Requests int       `json:"requestsPerRound"`
	Delay    string    `json:"tierDelay"`
	Results  []result  `json:"results"`
	Ratio    float64   `json:"cpuRatio"`  // edge over by hand, of the medians
	Ratios   []float64 `json:"cpuRatios"` // per round
	P50More  float64   `json:"p50MoreMs"` // edge minus by hand
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	edge := flags.String("edge", "bin/edge", "the edge program")
	dir := flags.String("dir", "loadtest/contest", "the contest's workspace")
	rounds := flags.Int("rounds", 5, "alternating rounds")
	requests := flags.Int("requests", 400, "requests of a round")
	delay := flags.Duration("delay", 5*time.Millisecond, "how long tiers hold their answers in the latency part")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	rep := report{Requests: *requests, Delay: delay.String(), Results: []result{{Server: "edge"}, {Server: "by hand"}}}
	err := withServers(ctx, *edge, *dir, 0, func(servers []*target) error {
		if err := sameAnswer(ctx, servers); err != nil {
			return err
		}
		for _, s := range servers {
			if _, err := load(ctx, s, 200, 4, 0); err != nil { // warm up
				return err
			}
		}
		for round := range *rounds {
			for i, s := range servers {
				cpu, err := cpuOf(s.pid, func() error { _, err := load(ctx, s, *requests, 4, 0); return err })
				if err != nil {
					return err
				}
				rep.Results[i].CPU = append(rep.Results[i].CPU, cpu*1000/float64(*requests))
				rep.Results[i].Bytes = s.bytes
			}
			fmt.Fprintf(os.Stderr, "round %d of %d: edge %.2f ms, by hand %.2f ms of CPU a request\n", round+1, *rounds, rep.Results[0].CPU[round], rep.Results[1].CPU[round])
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = withServers(ctx, *edge, *dir, *delay, func(servers []*target) error {
		for i, s := range servers {
			if _, err := load(ctx, s, 50, 2, 0); err != nil {
				return err
			}
			times, err := load(ctx, s, 200, 8, 25*time.Millisecond)
			if err != nil {
				return err
			}
			rep.Results[i].P50, rep.Results[i].P99 = at(times, 0.50), at(times, 0.99)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range rep.Results {
		rep.Results[i].CPUMedian = median(rep.Results[i].CPU)
	}
	for i := range *rounds {
		rep.Ratios = append(rep.Ratios, rep.Results[0].CPU[i]/rep.Results[1].CPU[i])
	}
	rep.Ratio = rep.Results[0].CPUMedian / rep.Results[1].CPUMedian
	rep.P50More = rep.Results[0].P50 - rep.Results[1].P50
	if *asJSON {
		return printJSON(rep)
	}
	fmt.Printf("%-10s %14s %10s %10s %9s\n", "server", "CPU ms/request", "p50 ms", "p99 ms", "bytes")
	for _, r := range rep.Results {
		fmt.Printf("%-10s %14.2f %10.2f %10.2f %9d\n", r.Server, r.CPUMedian, r.P50, r.P99, r.Bytes)
	}
	fmt.Printf("CPU ratio %.2f (rounds %.2f to %.2f); p50 with %s tiers at 40 requests/s: %+.2f ms\n", rep.Ratio, slices.Min(rep.Ratios), slices.Max(rep.Ratios), rep.Delay, rep.P50More)
	return nil
}

// A target is a server that answers the page.
type target struct {
	name   string
	pid    int
	url    string
	body   []byte // nil: GET
	client *http.Client
	bytes  int
}

func withServers(ctx context.Context, edge, dir string, delay time.Duration, f func([]*target) error) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	backs, err := start(ctx, nil, self, "tiers", "-delay", delay.String())
	if err != nil {
		return err
	}
	defer backs.stop()
	hand, err := start(ctx, backs.env, self, "byhand")
	if err != nil {
		return err
	}
	defer hand.stop()
	ours, err := start(ctx, backs.env, edge, "dev", dir, "--listen", "127.0.0.1:0", "--announce", "--no-watch", "--log", "off")
	if err != nil {
		return err
	}
	defer ours.stop()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return err
	}
	client := func() *http.Client {
		return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
	}
	return f([]*target{
		{name: "edge", pid: ours.cmd.Process.Pid, url: ours.env["EDGE_URL"] + "/tv/v1/graphql", body: body, client: client()},
		{name: "by hand", pid: hand.cmd.Process.Pid, url: hand.env["BYHAND_URL"] + "/", client: client()},
	})
}

func (t *target) ask(ctx context.Context) ([]byte, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if t.body != nil {
		method, body = http.MethodPost, bytes.NewReader(t.body)
	}
	r, err := http.NewRequestWithContext(ctx, method, t.url, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := t.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.300s", t.name, resp.Status, b)
	}
	return b, err
}

// sameAnswer refuses to measure servers that do not answer the same.
func sameAnswer(ctx context.Context, servers []*target) error {
	var first any
	for i, s := range servers {
		b, err := s.ask(ctx)
		if err != nil {
			return err
		}
		s.bytes = len(b)
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if i == 0 {
			first = v
		} else if !reflect.DeepEqual(first, v) {
			return fmt.Errorf("%s and %s answer different pages", servers[0].name, s.name)
		}
	}
	return nil
}

// load makes n requests over c connections; every is the time between starts (0: as fast as it goes). It returns the
// milliseconds from when a request was due to its last byte, so that waiting for a free connection counts.
func load(ctx context.Context, t *target, n, c int, every time.Duration) ([]float64, error) {
	times := make([]float64, n)
	errs := make(chan error, c)
	due := make(chan int, n)
	began := time.Now()
	for i := range n {
		due <- i
	}
	close(due)
	var wg sync.WaitGroup
	for range c {
		wg.Go(func() {
			for i := range due {
				at := began.Add(time.Duration(i) * every)
				if every > 0 {
					time.Sleep(time.Until(at))
				} else {
					at = time.Now()
				}
				if _, err := t.ask(ctx); err != nil {
					errs <- err
					return
				}
				times[i] = float64(time.Since(at).Microseconds()) / 1000
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return nil, err
	default:
		return times, nil
	}
}

// cpuOf is the CPU seconds, user and system, that a process used while f ran.
func cpuOf(pid int, f func() error) (float64, error) {
	before, err := cpuSeconds(pid)
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := cpuSeconds(pid)
	return after - before, err
}

// cpuSeconds reads utime and stime (fields 14 and 15) of /proc/<pid>/stat; see proc(5).
func cpuSeconds(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("CPU time is read from /proc, which needs Linux: %w", err)
	}
	_, rest, ok := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is not of the known form", pid)
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/%d/stat is not of the known form", pid)
	}
	return (user + system) / ticks, nil
}

func median(v []float64) float64 { return at(v, 0.5) }

func at(v []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}
