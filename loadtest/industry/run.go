package industry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"facet/internal/child"
)

// A Plan is what is measured.
type Plan struct {
	Edge     string        // the program
	Dir      string        // this folder: graph and package, which `edge dev` publishes and serves
	Shop     *Shop         // what the tiers answer from
	Hold     time.Duration // of each tier call
	Requests int           // one after another; 0: only what one request costs
	Log      io.Writer     // what the edge prints
}

// A Result is what the query cost. Times are milliseconds.
type Result struct {
	Calls      int     `json:"calls"`      // that the edge says it made
	TierCalls  int     `json:"tierCalls"`  // that reached the tiers
	Levels     int     `json:"levels"`     // the longest chain of them
	Bytes      int     `json:"bytes"`      // of the GraphQL answer
	GraphBytes int     `json:"graphBytes"` // of the same values as a JSON Graph
	GraphCalls int     `json:"graphCalls"` // that it took
	Share      float64 `json:"share"`      // GraphBytes of Bytes
	Hold       string  `json:"hold"`       // of each tier call
	Requests   int     `json:"requests"`   // one after another
	P50        float64 `json:"p50"`
	P99        float64 `json:"p99"`
	Max        float64 `json:"max"`
	Floor      float64 `json:"floor"` // the median of as many held tier calls, one after another, as the query has levels, without an edge
	CPU        float64 `json:"cpu"`   // of the edge's process for a request
}

// warm are the requests before those that are measured.
const warm = 200

// Run starts tiers and an edge, compares the answers with the shop's own, and measures.
func Run(ctx context.Context, p Plan) (*Result, error) {
	calls := &atomic.Int64{}
	var env []string
	var users string
	for _, t := range p.Shop.Tiers(p.Hold, calls) {
		url, stop, err := listen(t.Handler)
		if err != nil {
			return nil, err
		}
		defer stop()
		if env = append(env, t.Env+"="+url); t.Env == "ACCOUNTS_URL" {
			users = url + "/users"
		}
	}
	// The garbage collector as an instance has it: edge dev would choose another.
	edge, err := child.Announce(ctx, append(env, "GOGC=100"), p.Log, p.Edge, "dev", p.Dir, "--listen", "127.0.0.1:0", "--control-listen", "", "--announce", "--no-watch", "--log", "off")
	if err != nil {
		return nil, err
	}
	defer edge.Stop()
	t := &http.Transport{DisableCompression: true}
	defer t.CloseIdleConnections()
	r := &run{Plan: p, client: &http.Client{Timeout: 30 * time.Second, Transport: t}, url: edge.Said["EDGE_URL"] + "/web/v1/", users: users, calls: calls}
	res := &Result{Hold: p.Hold.String(), Requests: p.Requests}
	if err := r.compare(ctx, res); err != nil {
		return nil, err
	}
	if p.Requests == 0 {
		return res, nil
	}
	return res, r.measure(ctx, edge.PID(), res)
}

// listen serves a tier until it is stopped.
func listen(h http.Handler) (at string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }() // it ends when it is closed
	return "http://" + l.Addr().String(), func() { _ = srv.Close() }, nil
}

type run struct {
	Plan
	client *http.Client
	url    string
	users  string // what a tier answers by itself
	calls  *atomic.Int64
}

// compare asks once by each protocol, and again with an explanation.
func (r *run) compare(ctx context.Context, res *Result) error {
	before := r.calls.Load()
	body, err := r.graphql(ctx, "")
	if err != nil {
		return err
	}
	res.TierCalls, res.Bytes = int(r.calls.Load()-before), len(body)
	want := r.Shop.Answer()
	if err := same(body, want); err != nil {
		return err
	}
	explained, err := r.graphql(ctx, "?explain=json")
	if err != nil {
		return err
	}
	var said struct {
		Extensions struct {
			Explain struct{ Calls, Levels int } `json:"explain"`
		} `json:"extensions"`
	}
	if err := json.Unmarshal(explained, &said); err != nil {
		return err
	}
	res.Calls, res.Levels = said.Extensions.Explain.Calls, said.Extensions.Explain.Levels
	before = r.calls.Load()
	if body, err = r.jsonGraph(ctx); err != nil {
		return err
	}
	res.GraphCalls, res.GraphBytes = int(r.calls.Load()-before), len(body)
	res.Share = float64(res.GraphBytes) / float64(res.Bytes)
	if err := Holds(body, want); err != nil {
		return fmt.Errorf("the JSON Graph is not the naive resolver's answer: %w", err)
	}
	return nil
}

// same holds a GraphQL answer against what it should be.
func same(body []byte, want any) error {
	b, err := json.Marshal(want)
	if err != nil {
		return err
	}
	var wanted any
	if err := json.Unmarshal(b, &wanted); err != nil {
		return err
	}
	var got struct {
		Data   any   `json:"data"`
		Errors []any `json:"errors"`
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return err
	}
	if len(got.Errors) > 0 {
		return fmt.Errorf("the answer has errors: %v", got.Errors)
	}
	if !reflect.DeepEqual(got.Data, wanted) {
		return errors.New("the answer is not the naive resolver's")
	}
	return nil
}

func (r *run) measure(ctx context.Context, pid int, res *Result) error {
	for range warm {
		if _, err := r.graphql(ctx, ""); err != nil {
			return err
		}
	}
	before, err := child.CPU(pid)
	if err != nil {
		return err
	}
	var times, floors []float64
	for range r.Requests {
		began := time.Now()
		if _, err := r.graphql(ctx, ""); err != nil {
			return err
		}
		times = append(times, float64(time.Since(began).Microseconds())/1000)
		began = time.Now() // what the machine does beside is in both
		for range res.Levels {
			if _, err := r.ask(ctx, http.MethodGet, r.users, "", nil); err != nil {
				return err
			}
		}
		floors = append(floors, float64(time.Since(began).Microseconds())/1000)
	}
	after, err := child.CPU(pid)
	if err != nil {
		return err
	}
	slices.Sort(times)
	slices.Sort(floors)
	res.Floor = floors[len(floors)/2]
	at := func(q float64) float64 { return times[min(len(times)-1, int(q*float64(len(times))))] }
	res.P50, res.P99, res.Max = at(0.50), at(0.99), times[len(times)-1]
	res.CPU = float64((after - before).Microseconds()) / 1000 / float64(len(times))
	return nil
}

func (r *run) graphql(ctx context.Context, explain string) ([]byte, error) {
	body, err := json.Marshal(map[string]string{"query": Query})
	if err != nil {
		return nil, err
	}
	return r.post(ctx, "graphql"+explain, "application/json", body)
}

func (r *run) jsonGraph(ctx context.Context) ([]byte, error) {
	paths, err := json.Marshal(Paths())
	if err != nil {
		return nil, err
	}
	return r.post(ctx, "model.json", "application/x-www-form-urlencoded", []byte(url.Values{"method": {"get"}, "paths": {string(paths)}}.Encode()))
}

func (r *run) post(ctx context.Context, to, form string, body []byte) ([]byte, error) {
	return r.ask(ctx, http.MethodPost, r.url+to, form, body)
}

func (r *run) ask(ctx context.Context, method, to, form string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if form != "" {
		req.Header.Set("Content-Type", form)
	}
	req.Header.Set("X-Requested-With", "industry")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.300s", to, resp.Status, strings.TrimSpace(string(b)))
	}
	return b, err
}
