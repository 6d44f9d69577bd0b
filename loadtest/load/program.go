package load

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A program is a scenario made ready to run.
type program struct {
	s       *Scenario
	vars    map[string]*picker
	entries []*entry
	plan    *plan
}

// An entry is what one arrival does: a request, or a session's requests.
type entry struct {
	row     *Row
	label   string
	weight  float64
	session bool
	repeat  int
	steps   []*step
}

// A step is one request, compiled.
type step struct {
	row          *Row
	label        string // unique: "tv/home", "phone/evening/film"
	device, view string
	inDevice     bool // the label begins with a device's name
	method       string
	path         template
	query        template // of JSON Graph's get, with its "?"
	headers      []headerTemplate
	body         template
	media        string // of the body
	gql          *gqlStep
	own          map[string]*picker
	think        *Think
	saves        []string // sorted names of row.Save
	looks        bool     // the answer's body is needed
}

type headerTemplate struct {
	name  string
	value template
}

// compile checks a scenario and makes its program. With mistakes the program is nil.
func compile(s *Scenario) (*program, Mistakes) {
	c := &compiler{s: s, p: &program{s: s, vars: map[string]*picker{}}}
	c.bounds()
	c.stages()
	for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
		at := jsontext.Pointer("/variables").AppendToken(name)
		if !placeName.MatchString("{" + name + "}") {
			c.wrong(at, "a variable's name is made of letters, digits, _ and -")
		}
		p, err := s.Variables[name].picker(s.dir)
		if err != nil {
			c.wrong(at, "%v", err)
			continue
		}
		c.p.vars[name] = p
	}
	c.mixes()
	c.faults()
	if len(c.list) > 0 {
		return nil, c.list
	}
	return c.p, nil
}

type compiler struct {
	s    *Scenario
	p    *program
	list Mistakes
}

func (c *compiler) wrong(at jsontext.Pointer, format string, args ...any) {
	c.list = append(c.list, &Mistake{at: at, Field: fieldName(at), Text: fmt.Sprintf(format, args...)})
}

// mixes makes the entries. A device has its share of all arrivals, whatever its rows weigh among themselves.
func (c *compiler) mixes() {
	s := c.s
	if n := len(s.Mix) + len(s.Devices); n == 0 || n > maxRows {
		c.wrong("/mix", "the mix has %d rows; 1 to %d", n, maxRows)
	}
	names := map[string]bool{}
	for i := range s.Mix {
		c.entry(&s.Mix[i], nil, jsontext.Pointer("/mix").AppendToken(fmt.Sprint(i)), names, float64(max(1, s.Mix[i].Weight)))
	}
	devices := map[string]bool{}
	for i := range s.Devices {
		d := &s.Devices[i]
		at := jsontext.Pointer("/devices").AppendToken(fmt.Sprint(i))
		if d.Name == "" || devices[d.Name] {
			c.wrong(at+"/name", "device %d has no name, or one that is taken: %q", i+1, d.Name)
		}
		devices[d.Name] = true
		if d.Path != "" && (!strings.HasPrefix(d.Path, "/") || strings.HasSuffix(d.Path, "/")) {
			c.wrong(at+"/path", "%q does not begin with /, or ends with one", d.Path)
		}
		if d.Weight < 0 {
			c.wrong(at+"/weight", "%d is below 0", d.Weight)
		}
		if len(d.Mix) == 0 || len(d.Mix) > maxRows {
			c.wrong(at+"/mix", "the mix has %d rows; 1 to %d", len(d.Mix), maxRows)
		}
		sum := 0
		for k := range d.Mix {
			sum += max(1, d.Mix[k].Weight)
		}
		rows := map[string]bool{}
		for k := range d.Mix {
			share := float64(max(1, d.Weight)) * float64(max(1, d.Mix[k].Weight)) / float64(sum)
			c.entry(&d.Mix[k], d, (at + "/mix").AppendToken(fmt.Sprint(k)), rows, share)
		}
	}
}

func (c *compiler) entry(r *Row, d *Device, at jsontext.Pointer, names map[string]bool, weight float64) {
	if r.Name == "" || names[r.Name] {
		c.wrong(at+"/name", "row %s of the mix has no name, or one that is taken: %q", at.LastToken(), r.Name)
	}
	names[r.Name] = true
	if r.Weight < 0 {
		c.wrong(at+"/weight", "%d is below 0", r.Weight)
	}
	e := &entry{row: r, label: r.Name, weight: weight, session: len(r.Steps) > 0, repeat: max(1, r.Repeat)}
	if d != nil {
		e.label = d.Name + "/" + r.Name
	}
	if !e.session {
		if r.Think != nil || len(r.Save) > 0 || r.Repeat != 0 {
			c.wrong(at, "think, save and repeat are of sessions: it has no steps")
		}
		e.steps = []*step{c.step(r, d, e.label, at, nil)}
	} else {
		c.session(e, d, at)
	}
	c.p.entries = append(c.p.entries, e)
}

func (c *compiler) session(e *entry, d *Device, at jsontext.Pointer) {
	r := e.row
	if r.Path != "" || r.Body != nil || r.GraphQL != nil || r.JSONGraph != nil || r.Stream != nil || r.Expect != nil || len(r.Status) > 0 {
		c.wrong(at, "it has steps, so what is asked and expected stands in them")
	}
	if r.Repeat < 0 || len(r.Steps)*e.repeat > maxSteps {
		c.wrong(at+"/repeat", "%d times %d steps; at most %d in all", r.Repeat, len(r.Steps), maxSteps)
	}
	c.think(r.Think, at+"/think")
	saved, names := map[string]bool{}, map[string]bool{}
	for i := range r.Steps {
		st := &r.Steps[i]
		below := (at + "/steps").AppendToken(fmt.Sprint(i))
		if st.Name == "" || names[st.Name] {
			c.wrong(below+"/name", "step %d has no name, or one that is taken: %q", i+1, st.Name)
		}
		names[st.Name] = true
		if len(st.Steps) > 0 || st.Repeat != 0 || st.Weight != 0 {
			c.wrong(below, "a step has no steps, repeat or weight of its own")
		}
		c.think(st.Think, below+"/think")
		made := c.step(st, d, e.label+"/"+st.Name, below, saved)
		if made.think = st.Think; made.think == nil && i > 0 || made.think == nil && e.repeat > 1 {
			made.think = r.Think
		}
		for _, name := range slices.Sorted(maps.Keys(st.Save)) {
			if !jsontext.Pointer(st.Save[name]).IsValid() || st.Save[name] == "" {
				c.wrong((below + "/save").AppendToken(name), "%q is no JSON pointer such as /data/film/id", st.Save[name])
			}
			saved[name] = true
			made.saves = append(made.saves, name)
			made.looks = true
		}
		for name, list := range r.Values { // the session's own values, for each of its steps
			if made.own[name] == nil && len(list) > 0 {
				made.own[name] = listed(list)
			}
		}
		e.steps = append(e.steps, made)
	}
}

func (c *compiler) think(t *Think, at jsontext.Pointer) {
	if t == nil {
		return
	}
	if t.Time <= 0 || time.Duration(t.Time) > time.Hour {
		c.wrong(at+"/time", "%v is no time up to an hour", t.Time)
	}
	if !slices.Contains([]string{"", "exponential", "uniform"}, t.Spread) {
		c.wrong(at+"/spread", "%q; \"exponential\", \"uniform\", or none for always the same time", t.Spread)
	}
}

// wait is how long a user thinks before the step.
func (t *Think) wait(rnd *rand.Rand) time.Duration {
	if t == nil {
		return 0
	}
	mean := float64(t.Time)
	switch t.Spread {
	case "exponential":
		return time.Duration(min(rnd.ExpFloat64(), 10) * mean)
	case "uniform":
		return time.Duration((0.5 + rnd.Float64()) * mean)
	}
	return time.Duration(t.Time)
}

// step compiles one request. saved are names that earlier steps of its session take from answers.
func (c *compiler) step(r *Row, d *Device, label string, at jsontext.Pointer, saved map[string]bool) *step {
	st := &step{row: r, label: label, inDevice: d != nil, method: r.Method, own: map[string]*picker{}}
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		if len(r.Values[name]) == 0 {
			c.wrong((at + "/values").AppendToken(name), "there is no value for {%s}", name)
			continue
		}
		st.own[name] = listed(r.Values[name])
	}
	known := func(name string) bool {
		return st.own[name] != nil || c.p.vars[name] != nil || c.s.Variables[name] != nil || saved[name] || slices.Contains(builtin, name)
	}
	must := func(at jsontext.Pointer, t template, unknown []string) template {
		for _, name := range unknown {
			c.wrong(at, "nothing is known for {%s}: it is no variable, and no earlier step saves it", name)
		}
		return t
	}
	path := c.protocol(st, r, at, known)
	if d != nil {
		path = d.Path + path
	}
	if !strings.HasPrefix(path, "/") {
		c.wrong(at+"/path", "the path %q does not begin with /", path)
	}
	t, unknown := cutURL(path, known)
	st.path = must(at+"/path", t, unknown)
	all := map[string]string{}
	maps.Copy(all, c.s.Headers)
	if d != nil {
		maps.Copy(all, d.Headers)
	}
	maps.Copy(all, r.Headers)
	if r.Idempotent && all["Idempotency-Key"] == "" {
		all["Idempotency-Key"] = "{uuid}"
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t, unknown := cutText(all[name], known)
		st.headers = append(st.headers, headerTemplate{name, must((at + "/headers").AppendToken(name), t, unknown)})
	}
	for i, code := range r.Status {
		if code < 100 || code > 999 {
			c.wrong((at + "/status").AppendToken(fmt.Sprint(i)), "%d is no status", code)
		}
	}
	c.expect(r.Expect, at+"/expect")
	if r.Stream != nil && (r.Stream.For < 0 || r.Stream.Events < 0 || r.Expect != nil) {
		c.wrong(at+"/stream", "a stream has a time and a count of events from 0 up, and expects nothing of a body")
	}
	if r.Stream != nil && r.Stream.Socket && (r.GraphQL == nil || r.GraphQL.Get || r.GraphQL.APQ) {
		c.wrong(at+"/stream/socket", "over a WebSocket graphql is asked, by neither GET nor a hash")
	}
	st.looks = st.looks || r.Expect != nil || r.GraphQL != nil || r.JSONGraph != nil
	st.names(path, d)
	return st
}

var operationName = regexp.MustCompile(`(?:query|mutation|subscription)\s+([A-Za-z_]\w*)`)
var firstField = regexp.MustCompile(`\{\s*(?:[A-Za-z_]\w*\s*:\s*)?([A-Za-z_]\w*)`)

// names finds device and view for the report.
func (st *step) names(path string, d *Device) {
	r := st.row
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if st.device = r.Device; st.device == "" && d != nil {
		st.device = d.Name
	} else if st.device == "" && len(parts) > 1 {
		st.device = parts[0]
	}
	if st.view = r.View; st.view != "" {
		return
	}
	switch {
	case r.GraphQL != nil && r.GraphQL.Operation != "":
		st.view = r.GraphQL.Operation
	case r.GraphQL != nil:
		if m := operationName.FindStringSubmatch(r.GraphQL.Query); m != nil {
			st.view = m[1]
		} else if m := firstField.FindStringSubmatch(r.GraphQL.Query); m != nil {
			st.view = m[1]
		} else {
			st.view = r.GraphQL.Document
		}
	case r.JSONGraph != nil:
		st.view = r.JSONGraph.names()
	case len(parts) > 2:
		st.view = parts[2]
	default:
		st.view = parts[len(parts)-1]
	}
}
