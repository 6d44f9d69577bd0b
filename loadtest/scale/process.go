package scale

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"facet/internal/child"
)

// Names and secrets of the processes. They listen on the loopback alone.
const (
	region    = "local"
	accessKey = "facet"
	secretKey = "scale-secret"
	token     = "scale-token"
)

// A process is a running `edge`.
type process struct {
	*child.Announcer
	log     *os.File
	started time.Time
}

// firstLine bounds a start: thousands of packages are loaded before some starts announce themselves.
const firstLine = 5 * time.Minute

// serve starts `edge serve` by a configuration. It is back when the listeners are open, which is before a release is served.
func serve(ctx context.Context, edge, name, dir, config string, env ...string) (*process, error) {
	at := filepath.Join(dir, name+".yaml")
	if err := os.WriteFile(at, []byte(config), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	p := &process{log: log, started: time.Now()}
	p.Announcer, err = child.Announce(ctx, append([]string{"FACET_STORE_SECRET_KEY=" + secretKey}, env...), log, edge, "serve", "--config", at, "--announce")
	if err != nil {
		_ = log.Close()
		text, _ := os.ReadFile(log.Name()) // without it the error says less
		return nil, fmt.Errorf("%w: %s", err, text[max(0, len(text)-2000):])
	}
	return p, nil
}

// stop ends the process gently and waits.
func (p *process) stop() {
	p.Stop()
	_ = p.log.Close()
}

// ready waits until a release is served, and says how long that was after the start.
func (p *process) ready(ctx context.Context) (time.Duration, error) {
	for {
		if p.state(ctx) {
			return time.Since(p.started), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
		if time.Since(p.started) > firstLine {
			return 0, fmt.Errorf("it serves nothing after %v; see %s", firstLine, p.log.Name())
		}
	}
}

func (p *process) state(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Said["OPS_URL"]+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// metric is the sum of a metric's series; 0 if there is none.
func (p *process) metric(ctx context.Context, name string) float64 {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Said["OPS_URL"]+"/metrics", nil)
	if err != nil {
		return 0
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = res.Body.Close() }()
	sum := 0.0
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		if v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64); err == nil {
			sum += v
		}
	}
	return sum
}

// profile saves a profile of the process.
func (p *process) profile(ctx context.Context, kind, to string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Said["OPS_URL"]+"/debug/pprof/"+kind, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(f, res.Body)
	return err
}

// cpu is what the process has run, user and system, those of its threads that ended included; what it started, the store, is not in it.
func (p *process) cpu() time.Duration {
	spent, _ := child.CPU(p.PID()) // 0 where that is not known
	return spent
}

// resident is the process's memory in bytes, VmRSS.
func (p *process) resident() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if f := strings.Fields(rest); len(f) > 0 {
		n, _ := strconv.ParseInt(f[0], 10, 64)
		return n << 10
	}
	return 0
}

// A sampler reads a process's memory each second.
type sampler struct {
	p    *process
	stop chan struct{}
	done sync.WaitGroup

	mu   sync.Mutex
	list []int64
}

func sample(p *process) *sampler {
	s := &sampler{p: p, stop: make(chan struct{})}
	s.done.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			s.mu.Lock()
			s.list = append(s.list, p.resident())
			s.mu.Unlock()
			select {
			case <-tick.C:
			case <-s.stop:
				return
			}
		}
	})
	return s
}

// end gives all samples.
func (s *sampler) end() []int64 {
	close(s.stop)
	s.done.Wait()
	return s.list
}

func tokenSum() string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
