// Package request compiles what the connectors of every kind send - values, headers, mappings - and what they take of the
// environment's configuration.
package request

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// A Compiler makes operations ready and collects what is wrong with them.
type Compiler struct {
	Env      func(string) (string, bool) // for $env.NAME; nil: there are none
	Config   map[string]any              // what $config names: strings, numbers, booleans, and maps of them by path
	problems []string
}

// Problem notes what is wrong with an operation.
func (c *Compiler) Problem(op *graph.Operation, format string, args ...any) {
	c.Fail(op.ID, format, args...)
}

// Fail notes what is wrong with a source or an operation.
func (c *Compiler) Fail(subject, format string, args ...any) {
	p := subject + ": " + fmt.Sprintf(format, args...)
	if !slices.Contains(c.problems, p) {
		c.problems = append(c.problems, p)
	}
}

// Err is nil if nothing is wrong; else it is Invalid and lists everything.
func (c *Compiler) Err(source *graph.Source) error {
	if len(c.problems) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Op: "tier", Subject: source.Name, Message: strings.Join(c.problems, "; "),
		Hint: "set the missing names in the environment's configuration, or change the connector"}
}

// Configured is the text of a template of $env and $config; ok is false if something of it is not set, which is noted.
func (c *Compiler) Configured(subject string, t *graph.Template) (value string, ok bool) {
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Expr == nil {
			b.WriteString(p.Text)
			continue
		}
		raw, ok := c.lookup(p.Expr)
		if !ok {
			c.Fail(subject, "%s is not set", p.Expr)
			return "", false
		}
		b.Write(Text(raw))
	}
	return b.String(), true
}

// lookup finds a value of $env or $config, as JSON.
func (c *Compiler) lookup(e *graph.Expr) (json.RawMessage, bool) {
	if e.Var == graph.VarEnv {
		if c.Env == nil || len(e.Path) != 1 {
			return nil, false
		}
		s, ok := c.Env(e.Path[0])
		if !ok {
			return nil, false
		}
		raw, err := json.Marshal(s)
		return raw, err == nil
	}
	var v any = c.Config
	for _, key := range e.Path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[key]; !ok {
			return nil, false
		}
	}
	raw, err := json.Marshal(v)
	return raw, err == nil
}

// Check notes which values of a mapping are not known, where it is compiled later.
func (c *Compiler) Check(op *graph.Operation, s *graph.Selection) {
	if s == nil {
		return
	}
	if s.Expr != nil {
		c.Value(op, s.Expr)
	}
	for _, it := range s.Items {
		c.Check(op, it.Value)
	}
}

// Refused is the error of a call that is not made, or was refused by its tier.
func Refused(c *tiers.Call, k fault.Kind, message string) *fault.Error {
	return &fault.Error{Kind: k, Op: "tier", Subject: c.Operation.ID, Message: message}
}
