package load

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A Balancer sends requests to instances in turn, as a load balancer does: it asks each one's readyz all the time, leaves out
// those that are not ready, and sends a request that could not be handed over (no connection) to the next one. A request that
// an instance took and did not answer is never sent again.
type Balancer struct {
	client *http.Client
	turn   atomic.Uint64
	stop   chan struct{}
	done   sync.WaitGroup

	mu        sync.RWMutex
	instances []*Backend
}

// A Backend is one instance.
type Backend struct {
	Name string
	URL  *url.URL // where devices ask
	// Ready is asked for a 200; "" is /readyz of URL.
	Ready string

	up atomic.Bool
}

// probeEvery is how often instances are asked whether they are ready.
const probeEvery = 100 * time.Millisecond

// NewBalancer makes a balancer over instances that may come and go. Close it.
func NewBalancer(instances ...*Backend) *Balancer {
	t := &http.Transport{
		MaxIdleConns: maxInFlight, MaxIdleConnsPerHost: maxInFlight, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
		DialContext: (&net.Dialer{Timeout: time.Second}).DialContext,
	}
	b := &Balancer{
		client: &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		stop:   make(chan struct{}), instances: instances,
	}
	b.probe()
	b.done.Go(func() {
		tick := time.NewTicker(probeEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				b.probe()
			case <-b.stop:
				return
			}
		}
	})
	return b
}

// Close ends the probing.
func (b *Balancer) Close() {
	close(b.stop)
	b.done.Wait()
	b.client.CloseIdleConnections()
}

// Up is how many instances are ready.
func (b *Balancer) Up() int {
	n := 0
	for _, i := range b.all() {
		if i.up.Load() {
			n++
		}
	}
	return n
}

func (b *Balancer) all() []*Backend {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.instances
}

func (b *Balancer) probe() {
	var wg sync.WaitGroup
	for _, i := range b.all() {
		wg.Go(func() {
			at := i.Ready
			if at == "" {
				at = i.URL.JoinPath("readyz").String()
			}
			resp, err := (&http.Client{Timeout: time.Second, Transport: b.client.Transport}).Get(at)
			if err != nil {
				i.up.Store(false)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body) // so that the connection is kept
			_ = resp.Body.Close()
			i.up.Store(resp.StatusCode == http.StatusOK)
		})
	}
	wg.Wait()
}

// BackendHeader names the instance that answered, on the answers that Do returns.
const BackendHeader = "X-Backend"

// A BackendError is a request that an instance took and did not answer.
type BackendError struct {
	Backend string
	From    time.Time // when it was handed over
	Err     error
}

// Error names the instance.
func (e *BackendError) Error() string { return fmt.Sprintf("%s did not answer: %v", e.Backend, e.Err) }

// Unwrap returns the cause.
func (e *BackendError) Unwrap() error { return e.Err }

// ErrNone says that no instance took the request.
var ErrNone = errors.New("no instance takes requests")

// Do sends a request to the next ready instance.
func (b *Balancer) Do(r *http.Request) (*http.Response, error) {
	all := b.all()
	first := b.turn.Add(1)
	var last error
	for round := range 2 { // at first those that are ready; a probe may be late, so then any
		for k := range all {
			i := all[(int(first%uint64(len(all)))+k)%len(all)]
			if round == 0 && !i.up.Load() {
				continue
			}
			out := r.Clone(r.Context())
			out.URL.Scheme, out.URL.Host, out.Host = i.URL.Scheme, i.URL.Host, ""
			if r.GetBody != nil {
				body, err := r.GetBody()
				if err != nil {
					return nil, err
				}
				out.Body = body
			}
			from := time.Now()
			resp, err := b.client.Do(out)
			if err == nil {
				resp.Header.Set(BackendHeader, i.Name)
				return resp, nil
			}
			if !untouched(err) {
				return nil, &BackendError{i.Name, from, err}
			}
			i.up.Store(false)
			last = err
		}
	}
	return nil, errors.Join(ErrNone, last)
}

// untouched says that no instance saw the request: there was no connection.
func untouched(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || errors.Is(err, syscall.ECONNREFUSED)
}
