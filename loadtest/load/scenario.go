// Package load asks an edge at a steady rate, whether it keeps up or not, and says how long each answer took from the moment it was due.
package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"
)

// A Scenario is what devices ask, how often, and for how long.
type Scenario struct {
	Name string `json:"name"`
	// Rate is how many requests are due a second. They are due whether the edge answers or not (an open loop).
	Rate float64 `json:"rate"`
	// Duration is how long, as "30s"; the last answers are waited for.
	Duration Duration `json:"duration"`
	// Timeout ends a request; "" is 10s.
	Timeout Duration `json:"timeout,omitempty"`
	// InFlight bounds the requests at once; 0 is 4096. What is due past it is counted as dropped, never sent late.
	InFlight int `json:"inFlight,omitempty"`
	// Seed makes the order of the mix; equal seeds give equal orders.
	Seed uint64 `json:"seed,omitempty"`
	// Headers go with every request.
	Headers map[string]string `json:"headers,omitempty"`
	// Turn, as "2s", gives each row in turn the whole rate for so long, whatever the weights; "" mixes them.
	Turn Duration `json:"turn,omitempty"`
	// Mix is the devices' requests, each as often as its weight says.
	Mix []Row `json:"mix"`
}

// A Row is one kind of request.
type Row struct {
	Name   string `json:"name"`
	Weight int    `json:"weight,omitempty"` // 0 is 1
	Method string `json:"method,omitempty"` // "" is GET, or POST with a body
	// Path is below the base address. "{key}" stands for one of Values["key"], chosen at random for each request.
	Path    string              `json:"path"`
	Headers map[string]string   `json:"headers,omitempty"`
	Body    json.RawMessage     `json:"body,omitempty"` // JSON; "{key}" in its strings stands for a value too
	Values  map[string][]string `json:"values,omitempty"`
	// Status are the statuses that are right; empty means 200.
	Status []int `json:"status,omitempty"`
}

// A Duration is written as "1m30s".
type Duration time.Duration

// UnmarshalJSON reads "1m30s".
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a duration is a string such as \"30s\", not %s", b)
	}
	v, err := time.ParseDuration(s)
	*d = Duration(v)
	return err
}

// MarshalJSON writes "1m30s".
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// Read reads a scenario's file.
func Read(name string) (*Scenario, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// Parse reads a scenario. A key that it does not know is an error.
func Parse(raw []byte) (*Scenario, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	s := &Scenario{}
	if err := d.Decode(s); err != nil {
		return nil, err
	}
	return s, s.Check()
}

// The bounds of a scenario.
const (
	maxRate     = 1_000_000
	maxRows     = 1_000
	maxInFlight = 100_000
)

// Check says what is wrong with the scenario, all of it.
func (s *Scenario) Check() error {
	var all []error
	wrong := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if s.Rate <= 0 || s.Rate > maxRate {
		wrong("rate is %v; it is requests a second, above 0 and at most %d", s.Rate, maxRate)
	}
	if s.Duration <= 0 {
		wrong("duration is %v; say how long, as \"30s\"", time.Duration(s.Duration))
	}
	if s.Turn < 0 {
		wrong("turn is %v; it is a time, or \"\" to mix the rows", time.Duration(s.Turn))
	}
	if s.InFlight < 0 || s.InFlight > maxInFlight {
		wrong("inFlight is %d; at most %d", s.InFlight, maxInFlight)
	}
	if len(s.Mix) == 0 || len(s.Mix) > maxRows {
		wrong("the mix has %d rows; 1 to %d", len(s.Mix), maxRows)
	}
	names := map[string]bool{}
	for i, r := range s.Mix {
		if r.Name == "" || names[r.Name] {
			wrong("row %d of the mix has no name, or one that is taken: %q", i+1, r.Name)
		}
		names[r.Name] = true
		if !strings.HasPrefix(r.Path, "/") {
			wrong("row %q: the path %q does not begin with /", r.Name, r.Path)
		}
		if r.Weight < 0 {
			wrong("row %q: the weight %d is below 0", r.Name, r.Weight)
		}
		for key, values := range r.Values {
			if len(values) == 0 {
				wrong("row %q: there is no value for {%s}", r.Name, key)
			}
		}
	}
	return errors.Join(all...)
}

// request makes one request of a row.
func (s *Scenario) request(r *Row, base string, rnd *rand.Rand) (*http.Request, error) {
	path, body := r.Path, string(r.Body)
	for key, values := range r.Values {
		v := values[rnd.IntN(len(values))]
		path = strings.ReplaceAll(path, "{"+key+"}", v)
		body = strings.ReplaceAll(body, "{"+key+"}", v)
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
	}
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, base+path, reader)
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, headers := range []map[string]string{s.Headers, r.Headers} {
		for name, value := range headers {
			req.Header.Set(name, value)
		}
	}
	return req, nil
}

func (r *Row) right(status int) bool {
	if len(r.Status) == 0 {
		return status == http.StatusOK
	}
	for _, s := range r.Status {
		if s == status {
			return true
		}
	}
	return false
}
