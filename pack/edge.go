package pack

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// edge reads the object under "edge".
func (p *parser) edge(n *node, m *Manifest) *Edge {
	e := &Edge{Graph: "*"}
	if !n.is(object) {
		p.wrong(n, "edge", "an object")
		return e
	}
	p.only(n, `"edge"`, "device", "schema", "graph", "bindings", "limits", "health", "sunset", "documents")
	p.devices(n, e)
	p.schema(n, e)
	if v := n.get("graph"); v != nil {
		e.Graph = p.text(n, "graph")
		if _, err := ParseRange(e.Graph); err != nil {
			p.add(v.off, "P014", `Write a range of graph versions, as in "^1"`, "%q is no range of graph versions", e.Graph)
		}
	}
	p.bindings(n, e, m)
	e.Limits = p.budget(n.get("limits"))
	e.Health = p.health(n.get("health"))
	e.Sunset = p.sunset(n.get("sunset"))
	e.DocumentsOnly = p.documents(n)
	return e
}

// documents says whether nothing but the documents that the package brings is answered over GraphQL.
func (p *parser) documents(n *node) (only bool) {
	v := n.get("documents")
	switch {
	case v == nil:
		return false
	case !v.is(object):
		p.wrong(v, "documents", `an object, as in { "only": true }`)
		return false
	case n.get("device") == nil:
		p.add(n.key("documents"), "P055", "Remove it: documents belong to the packages of devices", "a module has no endpoint whose documents it could state")
	}
	p.only(v, `"documents"`, "only")
	if o := v.get("only"); o != nil {
		yes, ok := o.value.(bool)
		if !ok {
			p.add(o.off, "P055", "Write true: then no other document is answered", "\"only\" is %s, not true or false", p.show(o))
		}
		only = yes
	}
	return only
}

// maxDevices is how many devices one package may serve: each is a route, with an engine, of every release that it is in.
const maxDevices = 64

// devices takes a list of devices; one alone may stand without brackets.
func (p *parser) devices(n *node, e *Edge) {
	v := n.get("device")
	if v == nil {
		return
	}
	items := v.items
	if _, one := v.value.(string); one {
		items = []*node{v}
	} else if !v.is(array) {
		p.wrong(v, "device", "a list of device names")
		return
	}
	if len(items) == 0 {
		p.add(v.off, "P011", `Name a device, or leave "device" out: then the package is a module`, "the list of devices is empty")
	}
	if len(items) > maxDevices {
		p.add(v.off, "P011", "Split the package: each device is a route of its own", "the package names %d devices; it may name %d", len(items), maxDevices)
		return
	}
	for _, item := range items {
		s, ok := item.value.(string)
		switch {
		case !ok:
			p.wrong(item, "device", "a list of device names")
			continue
		case slices.Contains(Reserved(), s):
			p.add(item.off, "P012", "Take another name; reserved are "+strings.Join(Reserved(), ", "), "the device name %q is reserved: the edge answers at /%s itself", s, s)
		case !ValidDevice(s):
			p.add(item.off, "P011", `Write lower-case letters, digits and single dashes, as in "tv" or "vr-headset"`, "%q is no device name", s)
		case slices.Contains(e.Device, s):
			p.add(item.off, "P011", "Name it once", "the device %q is named twice", s)
			continue
		}
		e.Device = append(e.Device, s)
	}
}

func (p *parser) schema(n *node, e *Edge) {
	v := n.get("schema")
	e.Schema = p.text(n, "schema")
	switch {
	case v == nil && n.get("device") != nil:
		p.add(n.key("device"), "P013", `Add "schema": "v1"`, "a device package needs a schema version")
	case v == nil:
	case n.get("device") == nil:
		p.add(n.key("schema"), "P013", `Remove it, or add "device": ["tv"]`, "a module has no schema version: it joins those of its consumers")
	case !ValidSchema(e.Schema):
		if _, ok := v.value.(string); ok {
			p.add(v.off, "P013", fmt.Sprintf("Write %q", schemaFix(e.Schema)), "%q is no schema version", e.Schema)
		}
	}
}

var digits = regexp.MustCompile(`[1-9][0-9]{0,3}`)

// schemaFix guesses the schema version that was meant: "3", "V3", "3.0.0" are "v3".
func schemaFix(s string) string {
	if d := digits.FindString(s); d != "" {
		return "v" + d
	}
	return "v1"
}

func (p *parser) bindings(n *node, e *Edge, m *Manifest) {
	v := n.get("bindings")
	if v == nil {
		return
	}
	if !v.is(object) {
		p.wrong(v, "bindings", `an object of dependency names and "live" or "locked"`)
		return
	}
	e.Bindings = map[string]Binding{}
	declared := append(sorted(m.Dependencies), sorted(m.PeerDependencies)...)
	for _, f := range v.fields {
		if _, ok := m.Range(f.name); !ok {
			fix := fmt.Sprintf(`Add %q to "dependencies", or remove the binding`, f.name)
			if k := near(f.name, declared); k != "" {
				fix = fmt.Sprintf("Did you mean %q?", k)
			}
			if _, dev := m.DevDependencies[f.name]; dev {
				fix = `Move it from "devDependencies" to "dependencies"`
			}
			p.add(f.off, "P015", fix, "the binding %q is of no dependency", f.name)
		}
		s, _ := f.value.value.(string)
		if b := Binding(s); b != Live && b != Locked {
			p.add(f.value.off, "P016", `Write "live" (new releases at once) or "locked" (with the next publish)`, "%s is no binding", p.show(f.value))
			continue
		}
		e.Bindings[f.name] = Binding(s)
	}
}

func (p *parser) budget(n *node) *Budget {
	if n == nil {
		return nil
	}
	if !n.is(object) {
		p.wrong(n, "limits", "an object")
		return nil
	}
	p.only(n, `"limits"`, "calls", "entities", "items", "bytes", "cpu", "shorten")
	count := func(name string) int { return int(min(p.number(n, "P017", name, 1), 1<<30)) }
	b := &Budget{Calls: count("calls"), Entities: count("entities"), Items: count("items"), Bytes: p.bytes(n, "bytes"), CPU: p.duration(n, "P017", "cpu", `"20ms"`)}
	if v := n.get("shorten"); v != nil {
		yes, ok := v.value.(bool)
		switch {
		case !ok:
			p.add(v.off, "P017", "Write true: lists are shortened until the answer fits into \"bytes\"", "\"shorten\" is %s, not true or false", p.show(v))
		case yes && n.get("bytes") == nil:
			p.add(v.off, "P017", `Say how many: "bytes": "64KB"`, "\"shorten\" without \"bytes\" shortens nothing")
		}
		b.Shorten = yes
	}
	return b
}

var byteText = regexp.MustCompile(`^([0-9]{1,12})\s*(|B|KB|MB|GB)$`)

// bytes is a size: a number of bytes, or a text with a unit; units are powers of 1024.
func (p *parser) bytes(n *node, name string) int64 {
	v := n.get(name)
	if v == nil {
		return 0
	}
	text := fmt.Sprint(v.value)
	if m := byteText.FindStringSubmatch(text); m != nil {
		size, err := strconv.ParseInt(m[1], 10, 64)
		shift := map[string]int{"": 0, "B": 0, "KB": 10, "MB": 20, "GB": 30}[m[2]]
		if err == nil && size > 0 && size < 1<<(62-shift) {
			return size << shift
		}
	}
	p.add(v.off, "P017", `Write a number of bytes, or a size like "256KB"`, "%q is %s, not a size", name, p.show(v))
	return 0
}

// duration is a positive time with its unit.
func (p *parser) duration(n *node, code, name, example string) time.Duration {
	v := n.get(name)
	if v == nil {
		return 0
	}
	s, _ := v.value.(string)
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		p.add(v.off, code, "Write a time with its unit, as in "+example, "%q is %s, not a time", name, p.show(v))
		return 0
	}
	return d
}

func (p *parser) health(n *node) *Health {
	if n == nil {
		return nil
	}
	if !n.is(object) {
		p.wrong(n, "health", "an object")
		return nil
	}
	p.only(n, `"health"`, "p99", "errorRate", "counters")
	h := &Health{P99: p.duration(n, "P018", "p99", `"250ms"`), ErrorRate: p.rate(n, "errorRate")}
	c := n.get("counters")
	if c == nil {
		return h
	}
	if !c.is(object) {
		p.wrong(c, "counters", "an object of counter names")
		return h
	}
	h.Counters = map[string]Counter{}
	for _, f := range c.fields {
		if !f.value.is(object) {
			p.wrong(f.value, f.name, `an object, as in { "min": 0.9 }`)
			continue
		}
		p.only(f.value, fmt.Sprintf("the counter %q", f.name), "min", "max")
		k := Counter{Min: p.factor(f.value, "min"), Max: p.factor(f.value, "max")}
		if k.Max != 0 && k.Max < k.Min {
			p.add(f.value.off, "P018", "Swap them", "the counter %q has a min above its max", f.name)
		}
		h.Counters[f.name] = k
	}
	return h
}

// rate is a share of requests: a number from 0 to 1, or a text in per cent.
func (p *parser) rate(n *node, name string) float64 {
	v := n.get(name)
	if v == nil {
		return 0
	}
	var f float64
	var err error
	switch t := v.value.(type) {
	case json.Number:
		f, err = t.Float64()
	case string:
		percent, ok := strings.CutSuffix(t, "%")
		f, err = strconv.ParseFloat(percent, 64)
		f /= 100
		if !ok {
			err = strconv.ErrSyntax
		}
	default:
		err = strconv.ErrSyntax
	}
	if err != nil || !(f >= 0 && f <= 1) {
		p.add(v.off, "P018", `Write a share from 0 to 1, or per cent, as in 0.01 or "1%"`, "%q is %s, not a share of requests", name, p.show(v))
		return 0
	}
	return f
}

func (p *parser) factor(n *node, name string) float64 {
	v := n.get(name)
	if v == nil {
		return 0
	}
	t, _ := v.value.(json.Number)
	f, err := t.Float64()
	if err != nil || f < 0 {
		p.add(v.off, "P018", "Write a factor of the baseline, as in 0.9", "%q is %s, not a factor", name, p.show(v))
		return 0
	}
	return f
}

func (p *parser) sunset(n *node) *Sunset {
	if n == nil {
		return nil
	}
	if !n.is(object) {
		p.wrong(n, "sunset", "an object")
		return nil
	}
	p.only(n, `"sunset"`, "below", "days")
	s := &Sunset{Below: int(min(p.number(n, "P019", "below", 1), 1<<30)), Days: int(min(p.number(n, "P019", "days", 1), 1<<30))}
	if n.get("below") == nil || n.get("days") == nil {
		p.add(n.off, "P019", `Write { "below": 100, "days": 30 }: below 100 requests a day for 30 days`, "a sunset needs both \"below\" and \"days\"")
	}
	return s
}
