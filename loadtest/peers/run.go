package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"time"
)

// Options say how a page is measured.
type Options struct {
	Root     string   // of the repository
	Self     []string // the program that has `serve`
	Edge     string   // the edge to run; "": it is built
	Only     []string // peers by name; none: all. The edge and the first of the peers always run
	Rounds   int      // in which the servers take turns
	Requests int      // of a server in a round
	Abreast  int      // requests under way at once in a round
	Warm     time.Duration
	Late     int           // requests at the fixed rate
	Rate     float64       // a second
	Delay    time.Duration // of every tier, at the fixed rate
	Saturate time.Duration // how long each is asked as fast as it answers
	Log      io.Writer
}

// saturating are the connections over which a server is asked for all that it has.
const saturating = 16

// Run measures a page. Its error is of the run as a whole; a peer that cannot be measured says so in its row.
func Run(ctx context.Context, page Page, o Options) (*Report, error) {
	w := &World{Root: o.Root, Bin: filepath.Join(o.Root, "bin", "peers"), Self: o.Self, Edge: o.Edge}
	var err error
	if err = os.MkdirAll(w.Bin, 0o755); err != nil {
		return nil, err
	}
	if w.Temp, err = os.MkdirTemp("", "peers-"); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(w.Temp) }()
	r := &Report{Page: page.Name, Requests: o.Requests, Abreast: o.Abreast, Rate: o.Rate, Delay: o.Delay.String(), Load: machine()}
	peers, err := chosen(page, o.Only)
	if err != nil {
		return nil, err
	}
	for _, p := range peers {
		r.Rows = append(r.Rows, &Row{Peer: p.Name, About: p.About, Version: p.Version})
	}
	backs, err := start(ctx, "tiers", Server{Args: append(slices.Clone(w.Self), "serve", page.Tiers)})
	if err != nil {
		return nil, err
	}
	defer backs.stop()
	w.Tiers, w.Control = backs.env, backs.env["CONTROL_URL"]
	delete(w.Tiers, "CONTROL_URL")
	run := &running{page: page, world: w, options: o, report: r}
	defer run.stop()
	for i, p := range peers {
		if err := run.open(ctx, p, r.Rows[i]); err != nil {
			if ctx.Err() != nil || i < 2 { // without the edge or what all are held against there is nothing to say
				return nil, err
			}
			r.Rows[i].Missing = err.Error()
			fmt.Fprintf(o.Log, "peers: %s is left out: %v\n", p.Name, err)
		}
	}
	for _, f := range []func(context.Context) error{run.warm, run.rounds, run.latency, run.saturation} {
		if err := f(ctx); err != nil {
			return nil, err
		}
	}
	for i, t := range run.targets {
		if t != nil {
			r.Rows[i].Late = float64(t.other.Load()) / float64(max(1, t.asked.Load()))
		}
	}
	r.finish(peers)
	return r, nil
}

// Knows says which of the names is no peer of the page.
func (p Page) Knows(names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(p.Peers, func(p Peer) bool { return p.Name == name }) {
			return fmt.Errorf("the %s page has no peer %q: -list says what there is", p.Name, name)
		}
	}
	return nil
}

// chosen are the peers of a page that -only names, and always the first two.
func chosen(page Page, only []string) ([]Peer, error) {
	if err := page.Knows(only); err != nil {
		return nil, err
	}
	var out []Peer
	for i, p := range page.Peers {
		needed := slices.ContainsFunc(page.Peers, func(q Peer) bool { return q.Against == p.Name && slices.Contains(only, q.Name) })
		if i < 2 || len(only) == 0 || slices.Contains(only, p.Name) || needed {
			out = append(out, p)
		}
	}
	return out, nil
}

// running is a page under measurement.
type running struct {
	page    Page
	world   *World
	options Options
	report  *Report
	targets []*target // nil for a peer that is missing; as the report's rows
	want    any       // the page
}

func (r *running) stop() {
	for _, t := range slices.Backward(r.targets) {
		if t != nil && t.peer.Of == "" {
			t.process.stop()
		}
	}
}

// open installs and starts a peer and checks its answer.
func (r *running) open(ctx context.Context, p Peer, row *Row) (err error) {
	r.targets = append(r.targets, nil)
	for _, s := range p.Needs {
		if r.world.Edge != "" && s.Builds == "edge" {
			continue
		}
		if err := s.Do(ctx, r.world, r.options.Log); err != nil {
			return err
		}
	}
	var t *target
	if p.Of != "" {
		i := slices.IndexFunc(r.targets, func(t *target) bool { return t != nil && t.peer.Name == p.Of })
		if i < 0 {
			return fmt.Errorf("%s does not run", p.Of)
		}
		t = newTarget(p, r.targets[i].process, r.targets[i].server, r.page.Late)
	} else {
		s, err := p.Serve(ctx, r.world)
		if err != nil {
			return err
		}
		began := time.Now()
		proc, err := start(ctx, p.Name, s)
		if err != nil {
			return err
		}
		defer func() {
			if r.targets[len(r.targets)-1] == nil {
				proc.stop()
			}
		}()
		url, err := proc.url()
		if err != nil {
			return err
		}
		t = newTarget(p, proc, url, r.page.Late)
		if err := proc.until(ctx, func(ctx context.Context) error { _, err := t.ask(ctx); return err }); err != nil {
			return err
		}
		fmt.Fprintf(r.options.Log, "peers: %s answers after %v\n", p.Name, time.Since(began).Round(time.Millisecond))
	}
	if err := r.whole(ctx, t); err != nil {
		return err
	}
	if row.Calls, err = r.calls(ctx, t); err != nil {
		return err
	}
	row.Bytes = t.size
	r.targets[len(r.targets)-1] = t
	return nil
}

// whole is same, tried again where a page does without what is late: what is compared is the page with everything on it, the fullest
// of the first answers.
func (r *running) whole(ctx context.Context, t *target) error {
	if !r.page.Late {
		return r.same(ctx, t)
	}
	const tries = 100
	if r.want == nil {
		most := 0
		for range tries / 4 {
			if b, err := t.ask(ctx); err != nil {
				continue // it failed where the next may not
			} else if v, err := t.peer.Read(b); err == nil && values(v) > most {
				r.want, most = v, values(v)
			}
		}
	}
	for try := 1; ; try++ {
		err := r.same(ctx, t)
		if err == nil || try == tries || ctx.Err() != nil {
			return err
		}
	}
}

// same refuses a server that makes another page.
func (r *running) same(ctx context.Context, t *target) error {
	b, err := t.ask(ctx)
	if err != nil {
		return err
	}
	t.size = len(b)
	got, err := t.peer.Read(b)
	if err != nil {
		return fmt.Errorf("%s: %w", t.peer.Name, err)
	}
	if r.want == nil {
		r.want = got
	}
	if !reflect.DeepEqual(r.want, got) {
		return fmt.Errorf("%s makes another page: %s", t.peer.Name, difference("", r.want, got))
	}
	if t.peer.Client == nil {
		return nil
	}
	args := t.peer.Client(r.world, t.server)
	ctx, cancel := context.WithTimeout(ctx, arrival)
	defer cancel()
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	if err != nil {
		return fmt.Errorf("the client of %s: %w", t.peer.Name, err)
	}
	var client any
	if err := json.Unmarshal(out, &client); err != nil {
		return fmt.Errorf("the client of %s: %w", t.peer.Name, err)
	}
	if client = arrays(client); !reflect.DeepEqual(r.want, client) {
		return fmt.Errorf("the client of %s has another page: %s", t.peer.Name, difference("", r.want, client))
	}
	return nil
}

// calls are the tier calls of a page that is asked for alone.
func (r *running) calls(ctx context.Context, t *target) (float64, error) {
	const n = 5
	before, err := r.called(ctx)
	if err != nil {
		return 0, err
	}
	for range n {
		if err := t.check(ctx); err != nil {
			return 0, err
		}
	}
	after, err := r.called(ctx)
	return float64(after-before) / n, err
}

// called is how often the tiers were called until now.
func (r *running) called(ctx context.Context) (int, error) {
	var n int
	return n, control(ctx, r.world.Control+"/calls", &n)
}

func control(ctx context.Context, url string, into any) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// each does something to every server that runs. A server that fails is missing from then on.
func (r *running) each(ctx context.Context, first int, f func(*target, *Row) error) error {
	for i := range r.targets {
		at := (i + first) % len(r.targets)
		t, row := r.targets[at], r.report.Rows[at]
		if t == nil || row.Missing != "" {
			continue
		}
		if err := f(t, row); err != nil {
			if ctx.Err() != nil || at < 2 {
				return errors.Join(ctx.Err(), err)
			}
			row.Missing = err.Error()
			fmt.Fprintf(r.options.Log, "peers: %s is left out: %v\n", t.peer.Name, err)
		}
	}
	return nil
}
