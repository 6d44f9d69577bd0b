package load

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Description is what a scenario would do.
type Description struct {
	Scenario  string             `json:"scenario"`
	Instances []string           `json:"instances"`
	Seconds   float64            `json:"seconds"` // without the warmup
	Warmup    float64            `json:"warmup,omitempty"`
	Arrivals  int64              `json:"arrivals"` // that are counted
	Stages    []string           `json:"stages"`
	Rows      []RowDescription   `json:"rows"`
	Faults    []string           `json:"faults,omitempty"`
	Variables []ValueDescription `json:"variables,omitempty"`
}

// A RowDescription is one request as it would be sent.
type RowDescription struct {
	Key      string  `json:"key"`
	Share    float64 `json:"share"` // of arrivals; a session's stands at each of its steps
	Device   string  `json:"device"`
	View     string  `json:"view"`
	Method   string  `json:"method"`
	Path     string  `json:"path"`
	Body     string  `json:"body,omitempty"`
	Think    string  `json:"think,omitempty"`
	Sessions bool    `json:"sessions,omitempty"`
}

// A ValueDescription is what stands for a variable.
type ValueDescription struct {
	Name    string   `json:"name"`
	Count   int      `json:"count"`
	Pick    string   `json:"pick"`
	Example []string `json:"example"`
}

// mostExample is how much of a body stands in a description, in bytes.
const mostExample = 300

// Describe checks a scenario and says what it would do, without a request. Values that would be saved from answers are "…".
func Describe(s *Scenario) (*Description, error) {
	p, wrong := compile(s)
	if wrong != nil {
		return nil, wrong
	}
	d := &Description{Scenario: s.Name, Instances: s.Instances, Seconds: s.Length().Seconds(), Warmup: time.Duration(s.Warmup).Seconds(),
		Arrivals: p.plan.arrivalsFrom(time.Duration(s.Warmup).Seconds())}
	for _, x := range p.plan.pieces {
		text := fmt.Sprintf("%g a second", x.from)
		if x.from != x.to {
			text = fmt.Sprintf("%g to %g a second", x.from, x.to)
		}
		d.Stages = append(d.Stages, fmt.Sprintf("%s for %v", text, time.Duration(x.span*float64(time.Second)).Round(time.Millisecond)))
	}
	total := 0.0
	for _, e := range p.entries {
		total += e.weight
	}
	for _, e := range p.entries {
		sc := &scope{rnd: rand.New(rand.NewPCG(s.Seed, 9)), vars: p.vars, session: map[string]value{}}
		for _, st := range e.steps {
			sc.next(st.own)
			req, err := st.request(context.Background(), "", sc, true)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", st.label, err)
			}
			row := RowDescription{Key: st.label, Share: e.weight / total, Device: st.device, View: st.view, Method: req.Method, Path: req.URL.RequestURI(), Sessions: e.session}
			if req.Body != nil {
				text, err := io.ReadAll(req.Body)
				if err != nil {
					return nil, err
				}
				row.Body = string(text[:min(len(text), mostExample)])
			}
			if st.think != nil {
				row.Think = strings.TrimSpace(st.think.Time.String() + " " + st.think.Spread)
			}
			d.Rows = append(d.Rows, row)
			for _, name := range st.saves {
				sc.session[name] = value{text: "…"}
			}
		}
	}
	for i := range s.Faults {
		f := &s.Faults[i]
		do, _ := f.hooks(s.Admin)
		text := fmt.Sprintf("at %v", f.At)
		if f.For > 0 {
			text += fmt.Sprintf(" for %v", f.For)
		}
		d.Faults = append(d.Faults, fmt.Sprintf("%s: %s (%s %s)", text, f.text(), do.method(), do.URL))
	}
	for name, pk := range p.vars {
		v := ValueDescription{Name: name, Count: pk.count, Pick: s.Variables[name].Pick}
		rnd := rand.New(rand.NewPCG(s.Seed, 8))
		for range min(3, pk.count) {
			v.Example = append(v.Example, pk.pick(rnd).text)
		}
		d.Variables = append(d.Variables, v)
	}
	slices.SortFunc(d.Variables, func(a, b ValueDescription) int { return strings.Compare(a.Name, b.Name) })
	return d, nil
}

// Print writes the description for people.
func (d *Description) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s asks %s\n\n", d.Scenario, strings.Join(d.Instances, ", "))
	for i, st := range d.Stages {
		warm := ""
		if i == 0 && d.Warmup > 0 {
			warm = " (warmup, not counted)"
		}
		fmt.Fprintf(&b, "  %s%s\n", st, warm)
	}
	fmt.Fprintf(&b, "  = %d arrivals in %g s\n\n", d.Arrivals, d.Seconds)
	for _, r := range d.Rows {
		what := "of arrivals"
		if r.Sessions {
			what = "of arrivals, a step of its session"
		}
		fmt.Fprintf(&b, "  %-28s %5.1f %% %s; device %s, view %s", r.Key, r.Share*100, what, r.Device, r.View)
		if r.Think != "" {
			fmt.Fprintf(&b, "; after %s", r.Think)
		}
		fmt.Fprintf(&b, "\n      %s %s\n", r.Method, r.Path)
		if r.Body != "" && r.Method != http.MethodGet {
			fmt.Fprintf(&b, "      %s\n", r.Body)
		}
	}
	for _, v := range d.Variables {
		fmt.Fprintf(&b, "\n  {%s}: %d values, such as %s", v.Name, v.Count, strings.Join(v.Example, ", "))
		if v.Pick != "" {
			fmt.Fprintf(&b, ", by %s", v.Pick)
		}
	}
	if len(d.Variables) > 0 {
		b.WriteByte('\n')
	}
	for _, f := range d.Faults {
		fmt.Fprintf(&b, "\n  %s", f)
	}
	if len(d.Faults) > 0 {
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
