package load

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The bounds of a scenario.
const (
	maxRate     = 1_000_000
	maxRows     = 1_000
	maxSteps    = 10_000
	maxStages   = 1_000
	maxInFlight = 100_000
)

// Check says what is wrong with the scenario, all of it, as Mistakes.
func (s *Scenario) Check() error {
	if list := s.mistakes(); len(list) > 0 {
		return list
	}
	return nil
}

func (s *Scenario) mistakes() Mistakes {
	_, list := compile(s)
	return list
}

func (c *compiler) bounds() {
	s := c.s
	for _, d := range []struct {
		at   jsontext.Pointer
		time Duration
	}{{"/timeout", s.Timeout}, {"/warmup", s.Warmup}, {"/drain", s.Drain}, {"/sample", s.Sample}, {"/turn", s.Turn}} {
		if d.time < 0 {
			c.wrong(d.at, "it is %v; a time is not below 0", d.time)
		}
	}
	if s.InFlight < 0 || s.InFlight > maxInFlight {
		c.wrong("/inFlight", "it is %d; requests at once, from 1 to %d, or 0 for 4096", s.InFlight, maxInFlight)
	}
	if s.Requests < 0 {
		c.wrong("/requests", "it is %d; requests that end the run, or 0 for no such end", s.Requests)
	}
	if !slices.Contains([]string{"", "constant", "poisson"}, s.Arrivals) {
		c.wrong("/arrivals", "it is %q; \"constant\" or \"poisson\"", s.Arrivals)
	}
	if a := s.Abort; a != nil && (a.Failed < 0 || a.Share < 0 || a.Share > 1 || a.P99 < 0 || a.After < 0) {
		c.wrong("/abort", "its counts and times are from 0 up, its share from 0 to 1")
	}
	for i, at := range s.Instances {
		if u, err := url.Parse(at); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			c.wrong(jsontext.Pointer("/instances").AppendToken(fmt.Sprint(i)), "%q is no address such as http://127.0.0.1:8080", at)
		}
	}
	if len(s.Devices) > 0 && s.Turn > 0 {
		c.wrong("/turn", "turns are of the rows of mix; there are devices")
	}
}

// stages checks the rates and makes the plan of arrivals.
func (c *compiler) stages() {
	s := c.s
	rate := func(at jsontext.Pointer, r float64) {
		if r < 0 || r > maxRate {
			c.wrong(at, "a rate is %v; arrivals a second, from 0 to %d", r, maxRate)
		}
	}
	if len(s.Stages) == 0 {
		if s.Rate <= 0 || s.Rate > maxRate {
			c.wrong("/rate", "rate is %v; it is arrivals a second, above 0 and at most %d", s.Rate, maxRate)
		}
		if s.Duration <= 0 {
			c.wrong("/duration", "duration is %v; say how long, as \"30s\"", s.Duration)
		}
	} else if s.Rate != 0 || s.Duration != 0 {
		c.wrong("/stages", "there are stages, so rate and duration say nothing")
	}
	if len(s.Stages) > maxStages {
		c.wrong("/stages", "there are %d; at most %d", len(s.Stages), maxStages)
	}
	before, sum := 0.0, 0.0
	for i, st := range s.Stages {
		at := jsontext.Pointer("/stages").AppendToken(fmt.Sprint(i))
		if st.From != nil {
			rate(at+"/from", *st.From)
			before = *st.From
		}
		rate(at+"/to", st.To)
		if st.For <= 0 {
			c.wrong(at+"/for", "%v; say how long, as \"30s\"", st.For)
		}
		sum += before + st.To
		before = st.To
	}
	if len(s.Stages) > 0 && sum == 0 {
		c.wrong("/stages", "every rate is 0")
	}
	c.p.plan = newPlan(s)
}

func (c *compiler) faults() {
	s := c.s
	for i, f := range s.Faults {
		at := jsontext.Pointer("/faults").AppendToken(fmt.Sprint(i))
		if f.At < 0 || time.Duration(f.At) > s.Length() && s.Length() > 0 {
			c.wrong(at+"/at", "%v is not within the run of %v", f.At, s.Length())
		}
		if f.For < 0 {
			c.wrong(at+"/for", "%v is below 0", f.For)
		}
		switch {
		case (f.Tier != "") == (f.Do != nil):
			c.wrong(at, "a fault names a tier with its trouble, or says what to do: one of the two")
		case f.Tier != "" && f.Undo != nil:
			c.wrong(at+"/undo", "a tier's trouble is undone by itself")
		case f.Tier != "" && s.Admin == "":
			c.wrong(at+"/tier", "say in admin where tiers are told, \"$TIERS_ADMIN\"")
		case f.Tier != "" && !json.Valid(f.Trouble):
			c.wrong(at+"/trouble", "it is what the tier suffers: {\"lag\": \"200ms\"}")
		case f.Undo == nil && f.Do != nil && f.For > 0:
			c.wrong(at+"/for", "there is no undo to do after %v", f.For)
		}
		c.hook(f.Do, at+"/do")
		c.hook(f.Undo, at+"/undo")
	}
}

func (c *compiler) hook(h *Hook, at jsontext.Pointer) {
	if h == nil {
		return
	}
	if !strings.HasPrefix(h.URL, "http://") && !strings.HasPrefix(h.URL, "https://") && !strings.HasPrefix(h.URL, "$") {
		c.wrong(at+"/url", "%q is no address such as http://127.0.0.1:9000/slow or $TIERS_ADMIN/_tier/catalog", h.URL)
	}
	if _, err := http.NewRequest(h.method(), "http://x", nil); err != nil {
		c.wrong(at+"/method", "%q is no method", h.Method)
	}
}

func (h *Hook) method() string {
	if h.Method == "" {
		return http.MethodPost
	}
	return h.Method
}

func (c *compiler) expect(e *Expect, at jsontext.Pointer) {
	if e == nil {
		return
	}
	for p := range e.JSON {
		if !jsontext.Pointer(p).IsValid() {
			c.wrong(at+"/json", "%q is no JSON pointer such as /data/home/name", p)
		}
	}
	for _, p := range e.Present {
		if !jsontext.Pointer(p).IsValid() {
			c.wrong(at+"/present", "%q is no JSON pointer such as /data/home/name", p)
		}
	}
	if e.MinBytes < 0 || e.MaxBytes < 0 || e.MaxBytes > 0 && e.MaxBytes < e.MinBytes {
		c.wrong(at+"/minBytes", "from %d to %d bytes is no size", e.MinBytes, e.MaxBytes)
	}
}
