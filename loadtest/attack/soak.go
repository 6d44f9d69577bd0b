// Package attack asks hostile packages of one tenant beside an innocent one of another, and says what the innocent one notices.
package attack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"facet/loadtest/load"
	corpus "facet/scripts/attack"
)

// A Plan is how long and how hard.
type Plan struct {
	Edge  string // the program to run
	Dir   string // for configuration, objects and logs
	Modes []corpus.Mode
	Alone time.Duration // tenant B alone
	Both  time.Duration // and beside tenant A: half of it each request of A is another package's, then each package has its turn
	// Rounds is how often both change: on a machine whose own host takes some of its processors, times of one minute say nothing of
	// those of another. 0: 10.
	Rounds int
	Films  float64        // requests a second of tenant B
	Bad    float64        // requests a second of tenant A, over all its packages
	Every  int            // only each so many-th attack; 0: all
	Only   *regexp.Regexp // only attacks of such names; nil: all
	Seed   uint64
	Log    io.Writer // progress
}

// Modes are all ways in which an instance runs packages: in its process or in workers, with quarantine or without.
func Modes() []corpus.Mode { return corpus.Modes() }

// A Result is what came of all modes.
type Result struct {
	Note  string  `json:"note"`
	Modes []*Side `json:"modes"`
}

// A Side is what came of one mode. Times are milliseconds, memory is bytes.
type Side struct {
	Mode      string       `json:"mode"`
	Packages  int          `json:"packages"` // of tenant A, that were published
	Refused   int          `json:"refused"`  // that were not
	Alone     load.Line    `json:"alone"`
	Beside    load.Line    `json:"beside"`
	Mixed     load.Line    `json:"mixed"`     // of tenant A in the first half: each request is another package's
	Turns     load.Line    `json:"turns"`     // in the second half: each package has all requests for a while
	Wrong     int64        `json:"wrong"`     // answers of tenant B that are not the right bytes and say no error, alone and beside
	Refusals  int64        `json:"refusals"`  // answers of tenant B that say an error, and requests that had none
	Torn      int64        `json:"torn"`      // pages of tenant A whose innocent field was wrong
	Others    float64      `json:"others"`    // processors that were busy with what is no part of the soak while both asked
	Stolen    float64      `json:"stolen"`    // processors that the machine's own host took meanwhile
	Dropped   int64        `json:"dropped"`   // requests of B that the generator could not send
	Deaths    int          `json:"deaths"`    // of the instance
	RSSBefore int64        `json:"rssBefore"` // of the instance with its workers: all packages open and asked once for what runs no code, tenant B's load running
	RSSPeak   int64        `json:"rssPeak"`
	PeakIn    string       `json:"peakIn"` // the attack whose turn it was then; "" where they are mixed
	RSSAfter  int64        `json:"rssAfter"`
	Slow      []SlowAttack `json:"slow,omitempty"`  // attacks whose p50 is past the budget of a call and the grace, the slowest first
	Worst     []SlowAttack `json:"worst,omitempty"` // tenant B while one attack had all requests of A: where its p99 was highest, at most ten
	Errors    map[string]int64
	Verdicts  []Verdict `json:"verdicts"`

	wrong, torn atomic.Int64
}

// A SlowAttack is one that took longer than it may.
type SlowAttack struct {
	Attack string  `json:"attack"`
	Turn   bool    `json:"turn"` // while it had all requests
	P50    float64 `json:"p50"`
	P99    float64 `json:"p99"`
}

// A Verdict holds one figure against its bar.
type Verdict struct {
	What string `json:"what"`
	Got  string `json:"got"`
	Bar  string `json:"bar"`
	OK   bool   `json:"ok"`
}

// Bars.
const (
	moreMemory = 64 << 20
	moreP99    = 10.0         // ms
	attackFor  = 100.0 + 25.0 // ms: a request's budget, and the grace
)

// note is in every report: without it the figures would be read wrongly.
const note = "an open loop: times count from when a request was due. The generator, the tier and the instance share the machine's processors, so the generator's own lateness is in every time."

// Err is what is wrong with the result.
func (r *Result) Err() error {
	var all []error
	for _, s := range r.Modes {
		for _, v := range s.Verdicts {
			if !v.OK {
				all = append(all, fmt.Errorf("%s: %s is %s; the bar is %s", s.Mode, v.What, v.Got, v.Bar))
			}
		}
	}
	return errors.Join(all...)
}

// Run carries the plan out, one mode after another, each with a fleet of its own.
func Run(ctx context.Context, p Plan) (*Result, error) {
	attacks, err := corpus.All()
	if err != nil {
		return nil, err
	}
	attacks = slices.DeleteFunc(attacks, func(a *corpus.Attack) bool { // these harm who publishes, which is another process
		return a.Class == "publish" || a.Class == "symbolic" || a.Class == "handler" || a.Ask == "list" || a.Ask == "object" || a.Ask == "rows" ||
			p.Only != nil && !p.Only.MatchString(a.ID())
	})
	if len(attacks) == 0 {
		return nil, errors.New("there is no attack of such a name: scripts/attack/testdata has a folder for each class")
	}
	if p.Every > 1 {
		n := 0
		attacks = slices.DeleteFunc(attacks, func(*corpus.Attack) bool { n++; return n%p.Every != 0 })
	}
	res := &Result{Note: note}
	for _, m := range p.Modes {
		s, err := p.side(ctx, m, attacks)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		res.Modes = append(res.Modes, s)
	}
	return res, nil
}

func (p Plan) side(ctx context.Context, m corpus.Mode, attacks []*corpus.Attack) (*Side, error) {
	dir := filepath.Join(p.Dir, m.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := corpus.Start(ctx, p.Edge, dir, m)
	if err != nil {
		return nil, err
	}
	defer f.Stop()
	s := &Side{Mode: m.Name, Errors: map[string]int64{}}
	rows, err := s.publish(ctx, f, attacks)
	if err != nil {
		return nil, err
	}
	i := f.Instances[0]
	right, err := films(ctx, i)
	if err != nil {
		return nil, err
	}
	asking := &load.Scenario{Name: "films", Rate: p.Films, Seed: p.Seed, Mix: []load.Row{{Name: "film", Path: corpus.FilmPath("{id}"), Values: map[string][]string{"id": ids}}}}
	at := newTimes()
	var phase atomic.Value // of tenant B's requests
	phase.Store(phaseNone)
	var turn atomic.Value // the attack that has all requests of tenant A; "": none
	turn.Store("")
	ask := func(ctx context.Context, d time.Duration) (*load.Report, error) {
		asking.Duration = load.Duration(d)
		return load.Run(ctx, asking, load.Options{Base: i.URL, Check: func(a *load.Answer) error {
			now := phase.Load().(string)
			at.add(now, a.Took)
			if attack := turn.Load().(string); now == phaseBeside && attack != "" {
				at.add("during "+attack, a.Took)
			}
			want := right[a.Request.URL.RawQuery]
			switch got := strings.TrimSpace(string(a.Body)); {
			case got == want:
				return nil
			case strings.Contains(got, `"errors":[{"message":`):
				m, _, _ := strings.Cut(strings.SplitAfterN(got, `"message":"`, 2)[1], `"`)
				return errors.New("an error: " + m)
			default:
				s.wrong.Add(1)
				return fmt.Errorf("wrong: %.200s, want %s", got, want)
			}
		}})
	}
	if _, err := ask(ctx, 2*time.Second); err != nil { // connections and plans are made
		return nil, err
	}
	for _, r := range rows { // what is loaded at the first request is no growth that an attack made
		if _, err := i.Ask(ctx, strings.Split(r.Path, "/")[1], "a", "screen", "title"); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	rounds := int64(p.Rounds)
	if rounds <= 0 {
		rounds = 10
	}
	rounds += rounds % 2
	alone, both := p.Alone/time.Duration(rounds), p.Both/time.Duration(rounds)
	fmt.Fprintf(p.Log, "%s: %d hostile packages; %d times B alone for %v and beside A for %v\n", m.Name, s.Packages, rounds, alone, both)
	pid := i.PID()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	type films struct {
		rep *load.Report
		err error
	}
	asked := make(chan films, 1)
	go func() {
		rep, err := ask(watching, 2*(p.Alone+p.Both)+time.Minute) // until it is stopped
		asked <- films{rep, err}
	}()
	type most struct {
		rss int64
		in  string
	}
	peak := make(chan most, 1)
	busy, stolen := corpus.Processors(), corpus.Stolen()
	errs := map[string]int64{}
	if err := pause(ctx, min(fill, p.Both/4)); err != nil {
		return nil, err
	}
	for r := range rounds {
		if err := pause(ctx, settle); err != nil { // what the round before left behind
			return nil, err
		}
		phase.Store(phaseAlone)
		if err := pause(ctx, alone); err != nil {
			return nil, err
		}
		if r == 0 {
			s.RSSBefore, _ = i.RSS()
			go func() {
				rss, in := watch(watching, i, func() string { in, _ := turn.Load().(string); return in })
				peak <- most{rss, in}
			}()
		}
		phase.Store(phaseBeside)
		some, name, each := rows, "mixed", time.Duration(0)
		if k := r - rounds/2; k >= 0 {
			n := int64(len(rows))
			some, name = rows[k*n/(rounds/2):(k+1)*n/(rounds/2)], "turns"
			each = both / time.Duration(len(some))
		}
		rep, err := p.attack(ctx, i, s, at, name, some, both, each, uint64(r), func(attack string) {
			if each > 0 {
				turn.Store(attack)
			}
		})
		phase.Store(phaseNone)
		turn.Store("")
		if err != nil {
			return nil, err
		}
		for text, n := range rep.Errors {
			errs[text] += n
		}
		fmt.Fprintf(p.Log, "%s: round %d of %d, B's p99 %.1f ms alone, %.1f beside A\n", m.Name, r+1, rounds, at.line(phaseAlone).P99, at.line(phaseBeside).P99)
	}
	s.Others, s.Stolen = busy(), stolen()
	stop()
	top := <-peak
	s.RSSPeak, s.PeakIn = top.rss, top.in
	b := <-asked
	if b.err != nil {
		return nil, b.err
	}
	if i.Alive() {
		time.Sleep(2 * time.Second)
		s.RSSAfter, _ = i.RSS()
	}
	if !i.Alive() || i.PID() != pid {
		s.Deaths++
	}
	s.sum(at, b.rep, errs)
	return s, nil
}

// What tenant B's requests are counted as.
const (
	phaseNone   = "" // not at all
	phaseAlone  = "alone"
	phaseBeside = "beside"
)

// fill is how long B asks before anything counts: until a heap that is not collected before it has limits.heapFloor has it.
const fill = 2 * time.Minute

// settle is how long after tenant A's last request B counts as alone.
const settle = time.Second

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attack is tenant A's load: its packages mixed, or each in turn for a while.
func (p Plan) attack(ctx context.Context, i *corpus.Instance, s *Side, at *times, name string, rows []load.Row, d, turn time.Duration, round uint64, over func(attack string)) (*load.Report, error) {
	hostile := &load.Scenario{Name: "attacks", Rate: p.Bad, Duration: load.Duration(d), Turn: load.Duration(turn), Seed: p.Seed + 1 + round, Mix: rows}
	return load.Run(ctx, hostile, load.Options{Base: i.URL, Check: func(a *load.Answer) error {
		over(a.Row.Name)
		at.add(name, a.Took)
		at.add(name+" "+a.Row.Name, a.Took)
		switch body := string(a.Body); {
		case strings.Contains(body, `"title":"JAWS"`), strings.Contains(a.Row.Name, "leak/cross-function"):
			return nil
		case strings.Contains(body, `"title":"`):
			s.torn.Add(1)
			return errors.New("torn")
		default: // the page has no title and says why: it was the tier's turn
			return errors.New("no title")
		}
	}})
}

// times are those of answers, by what they are counted as.
type times struct {
	mu sync.Mutex
	of map[string]*hdrhistogram.Histogram // microseconds
}

func newTimes() *times { return &times{of: map[string]*hdrhistogram.Histogram{}} }

func (t *times) add(name string, took time.Duration) {
	if name == phaseNone {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.of[name]
	if h == nil {
		h = hdrhistogram.New(1, time.Minute.Microseconds(), 3)
		t.of[name] = h
	}
	_ = h.RecordValue(took.Microseconds()) // no answer takes a minute
}

func (t *times) line(name string) load.Line {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.of[name]
	if h == nil {
		return load.Line{Row: name}
	}
	ms := func(us int64) float64 { return float64(us) / 1000 }
	return load.Line{Row: name, Count: h.TotalCount(), Mean: h.Mean() / 1000, P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)),
		P99: ms(h.ValueAtQuantile(99)), P999: ms(h.ValueAtQuantile(99.9)), Max: ms(h.Max())}
}

// ids are the films that tenant B asks for.
var ids = []string{"jaws", "alien", "heat", "ran", "brazil", "fargo", "tampopo", "stalker"}

// films are the right answers, by query.
func films(ctx context.Context, i *corpus.Instance) (map[string]string, error) {
	right := map[string]string{}
	for _, id := range ids {
		got, err := i.Film(ctx, id)
		if err != nil || got != corpus.Film(id) {
			return nil, fmt.Errorf("the first answer is %s (%w), want %s", got, err, corpus.Film(id))
		}
		right["id="+id] = got
	}
	return right, nil
}

// publish publishes tenant B's package and all of tenant A's that are taken, and gives A's requests.
func (s *Side) publish(ctx context.Context, f *corpus.Fleet, attacks []*corpus.Attack) ([]load.Row, error) {
	good, err := f.PublishFiles(ctx, corpus.Neighbour())
	if err != nil || !good.OK {
		return nil, fmt.Errorf("tenant B: %+v %w", good, err)
	}
	release := []string{good.ID}
	var rows []load.Row
	for _, a := range attacks {
		p, err := f.PublishFiles(ctx, a.Files)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.ID(), err)
		}
		if !p.OK {
			s.Refused++
			continue
		}
		release = append(release, p.ID)
		body, err := json.Marshal(map[string]string{"query": "{ screen { title bad good } }"})
		if err != nil {
			return nil, err
		}
		rows = append(rows, load.Row{Name: a.ID(), Weight: 1, Path: "/" + a.Device() + "/v1/graphql", Body: body, Status: []int{200, 294},
			Headers: map[string]string{"Facet-Viewer": "a", "Facet-Profile": "a"}})
	}
	s.Packages = len(rows)
	digest, err := f.Deploy(ctx, release...)
	if err != nil {
		return nil, err
	}
	return rows, f.Serves(ctx, digest)
}

// watch is the most memory that an instance was seen to use, until ctx ends, and what went on then.
func watch(ctx context.Context, i *corpus.Instance, now func() string) (most int64, during string) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return most, during
		case <-tick.C:
			if rss, _ := i.RSS(); rss > most {
				most, during = rss, now()
			}
		}
	}
}
