package view

import (
	"slices"
	"strings"
)

// Bounds of what a build declares to be counted.
const (
	MaxMetrics      = 100  // of one build
	MaxMetricValues = 50   // of one label
	MaxMetricSeries = 1000 // combinations of all labels' values of one metric
	MaxBuckets      = 30
)

// Load finds a private view of a handler by "<handler>.<name>".
func (s *Surface) Load(name string) (Found[*View], bool) { f, ok := s.loads[name]; return f, ok }

// Effect finds a private mutation of a handler by "<handler>.<name>".
func (s *Surface) Effect(name string) (Found[*Mutation], bool) {
	f, ok := s.effects[name]
	return f, ok
}

// private enters what the handler of a mutation loads and changes.
func (s *Surface) private(build, handler int) {
	if handler == 0 {
		return
	}
	h := s.Builds[build].Handlers[handler-1]
	for _, v := range h.Views {
		s.loads[v.Name] = Found[*View]{v, build}
	}
	for _, m := range h.Mutations {
		s.effects[m.Name] = Found[*Mutation]{m, build}
	}
}

// ofHandler says whether a definition has code behind it: two packages cannot bring the same one, as what runs is one package's.
func ofHandler(def any) bool {
	m, ok := def.(*Mutation)
	return ok && m.Handler > 0
}

// handlers checks handlers and what they count.
func (c *checker) handlers() {
	for i, h := range c.b.Handlers {
		if h == nil {
			c.fail("a handler is empty")
			return
		}
		c.where = "handler " + h.Name
		c.name(h.Name)
		c.args(h.Args)
		if !h.Nothing() {
			c.ref(h.Result)
		}
		if n := slices.IndexFunc(c.b.Mutations, func(m *Mutation) bool { return m != nil && m.Handler == i+1 }); n < 0 || c.b.Mutations[n].Name != h.Name {
			c.fail("no mutation shows it")
		}
		if h.Sample < 0 || h.Sample > 1 || h.Objective != nil && (h.Objective.Share <= 0 || h.Objective.Share >= 1 || h.Objective.Within < 0) {
			c.fail("its share is none")
		}
		if len(h.Views)+len(h.Mutations) > maxArgs {
			c.fail("it has %d loads and mutations; the limit is %d", len(h.Views)+len(h.Mutations), maxArgs)
		}
		seen := map[string]bool{}
		private := func(name string) {
			short, ok := strings.CutPrefix(name, h.Name+".")
			if !ok || !Name(short) || seen[name] {
				c.fail("%q is no name below it, or stands twice", name)
			}
			seen[name] = true
		}
		for _, v := range h.Views {
			if v == nil || v.Output == nil {
				c.fail("a load has no output")
				return
			}
			private(v.Name)
			c.view(v)
		}
		for _, m := range h.Mutations {
			if m == nil || m.Handler != 0 {
				c.fail("a mutation of its is none")
				return
			}
			private(m.Name)
			c.mutation(m)
		}
	}
	c.where = ""
	c.declared()
}

func (c *checker) declared() {
	if len(c.b.Metrics) > MaxMetrics {
		c.fail("it declares %d metrics; the limit is %d", len(c.b.Metrics), MaxMetrics)
		return
	}
	seen := map[string]bool{}
	for _, d := range c.b.Metrics {
		if d == nil {
			c.fail("a metric is empty")
			return
		}
		c.where = "metric " + d.Name
		c.name(d.Name)
		if d.Kind != Counter && d.Kind != Histogram || seen[d.Name] {
			c.fail("it is of the kind %q, or stands twice", d.Kind)
		}
		seen[d.Name] = true
		if len(d.Buckets) > MaxBuckets || !slices.IsSorted(d.Buckets) {
			c.fail("its buckets are no ascending list of at most %d", MaxBuckets)
		}
		labels := map[string]bool{}
		for _, l := range d.Labels {
			c.name(l.Name)
			if labels[l.Name] || len(l.Values) == 0 || len(l.Values) > MaxMetricValues {
				c.fail("label %s has %d values, or stands twice", l.Name, len(l.Values))
			}
			labels[l.Name] = true
		}
		if n := d.Series(); n > MaxMetricSeries {
			c.fail("it has %d series; the limit is %d", n, MaxMetricSeries)
		}
	}
	c.where = ""
}

// Series is how many time series a metric can have in one device schema: every combination of its labels' values, "other" not counted.
func (d *Declared) Series() int {
	n := 1
	for _, l := range d.Labels {
		if n *= max(1, len(l.Values)); n > 1<<20 {
			return n
		}
	}
	return n
}

func (p *printer) handler(h *Handler) {
	if !h.Nothing() {
		p.line(1, "returns %s", h.Result)
	}
	q := p.b.QuotaOf(h)
	p.line(1, "within %s, %s of a processor, %d loads, %d mutations", q.Deadline, q.CPU, q.Loads, q.Mutations)
	if h.Objective != nil {
		p.line(1, "promises %v within %s", h.Objective.Share, h.Objective.Within)
	}
	for _, v := range h.Views {
		p.line(1, "load %s%s", strings.TrimPrefix(v.Name, h.Name+"."), argList(v.Args))
		p.scope = &v.Scope
		p.output(2, "", v.Output, "")
	}
	for _, m := range h.Mutations {
		in := &printer{b: p.b}
		short := *m
		short.Name = strings.TrimPrefix(m.Name, h.Name+".")
		in.mutation(&short)
		for l := range strings.Lines(in.w.String()) {
			p.w.WriteString("  " + l)
		}
	}
}

func (p *printer) declared(d *Declared) {
	p.line(0, "%s %s", d.Kind, d.Name)
	for _, l := range d.Labels {
		p.line(1, "by %s: %s", l.Name, strings.Join(l.Values, ", "))
	}
	for _, b := range d.Buckets {
		p.line(1, "up to %v", b)
	}
}

// Changing are all mutations of the build that change something: its own, and those of its handlers.
func (b *Build) Changing() []*Mutation {
	list := slices.Clip(b.Mutations)
	for _, h := range b.Handlers {
		list = append(list, h.Mutations...)
	}
	return list
}
