package rest

import (
	"maps"
	"slices"
	"strings"

	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/view"
)

// A prepared selection is what a view, mutation or shape is asked for under one `fields` text. It serves many requests.
type prepared struct {
	root    *composer.Root
	windows []string // the dotted path of each window's list: "rows.items"; "" is the root itself
}

// noWindow says that a place has no window.
const noWindow = -1

// A chooser makes the nodes of one selection.
type chooser struct {
	s     *view.Surface
	l     Limits
	out   *prepared
	nodes int
	err   error
}

func (c *chooser) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// root chooses what is asked of a root field.
func (c *chooser) root(f *view.TypeField, fields []*asked) {
	if f.Paged {
		c.out.root.Window = c.window("")
	}
	if c.leaf(f.Type) {
		if fields != nil {
			c.fail(fault.New(fault.Invalid, "%s has no fields to choose from", f.Name))
		}
		return
	}
	c.out.root.Sub = c.below(f.Type, fields, "", map[string]bool{})
}

// window is the place of a list's window: its first and after come with each request.
func (c *chooser) window(path string) int {
	if i := slices.Index(c.out.windows, path); i >= 0 {
		return i
	}
	c.out.windows = append(c.out.windows, path)
	return len(c.out.windows) - 1
}

func (c *chooser) leaf(t graph.TypeRef) bool {
	typ := c.s.Type(t.Named())
	return typ == nil || typ.Class != view.ClassObject && typ.Class != view.ClassUnion && typ.Class != view.ClassInterface
}

// below chooses under a value of a type; nil fields are the default: every leaf, each shape followed once. open holds the
// shapes that the place stands in.
func (c *chooser) below(t graph.TypeRef, fields []*asked, path string, open map[string]bool) []*composer.Node {
	typ := c.s.Type(t.Named())
	if c.err != nil || typ == nil {
		return nil
	}
	if typ.Class == view.ClassUnion {
		return c.union(typ, fields, path, open)
	}
	return c.object(typ, fields, path, open, nil)
}

// object chooses the fields of an object type.
func (c *chooser) object(t *view.Type, fields []*asked, path string, open map[string]bool, on []string) []*composer.Node {
	inside := t.Shape != nil && open[t.Name]
	if t.Shape != nil && !inside {
		open = maps.Clone(open)
		open[t.Name] = true
	}
	if fields == nil {
		fields = c.usual(t, inside)
	}
	var nodes []*composer.Node
	for _, f := range fields {
		if n := c.node(t, f, path, open); n != nil {
			n.On = on
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// usual are the fields that an object gives where none are named.
func (c *chooser) usual(t *view.Type, inside bool) []*asked {
	if inside {
		if t.Field("id") != nil {
			return []*asked{{name: "id"}}
		}
		return []*asked{{name: "__typename"}}
	}
	var list []*asked
	for _, f := range t.Fields {
		if f.PageOf == "" {
			list = append(list, &asked{name: f.Name})
		}
	}
	return list
}

func (c *chooser) node(t *view.Type, f *asked, path string, open map[string]bool) *composer.Node {
	if c.nodes++; c.nodes > c.l.Nodes {
		c.fail(past("fields that are answered", c.l.Nodes).WithHint("name the ones that you need: fields=a,b(c,d)"))
		return nil
	}
	n := &composer.Node{Key: f.name, Name: f.name, Window: noWindow}
	if f.name == "__typename" {
		if f.sub != nil {
			c.fail(fault.New(fault.Invalid, "__typename has no fields to choose from"))
		}
		return n
	}
	tf := t.Field(f.name)
	if tf == nil {
		c.fail(unknown("field", t.Name+" has no field", f.name, fieldNames(t)))
		return nil
	}
	at := join(path, f.name)
	switch {
	case tf.PageOf != "":
		n.Window = c.window(join(path, tf.PageOf))
	case tf.Paged:
		n.Window = c.window(at)
	}
	if c.leaf(tf.Type) {
		if f.sub != nil {
			c.fail(fault.New(fault.Invalid, "%s.%s has no fields to choose from", t.Name, f.name))
		}
		return n
	}
	n.Sub = c.below(tf.Type, f.sub, at, open)
	return n
}

// union chooses for each member what it has of the fields. By default every member gives __typename and its own.
func (c *chooser) union(u *view.Type, fields []*asked, path string, open map[string]bool) []*composer.Node {
	nodes := []*composer.Node{}
	if fields == nil {
		nodes = append(nodes, &composer.Node{Key: "__typename", Name: "__typename", Window: noWindow})
		for _, m := range u.Members {
			if t := c.s.Type(m); t != nil {
				nodes = append(nodes, c.object(t, nil, path, open, []string{m})...)
			}
		}
		return nodes
	}
	for _, f := range fields {
		if f.name == "__typename" {
			nodes = append(nodes, &composer.Node{Key: f.name, Name: f.name, Window: noWindow})
			continue
		}
		found := false
		for _, m := range u.Members {
			t := c.s.Type(m)
			if t == nil || t.Field(f.name) == nil {
				continue
			}
			found = true
			own := []*asked{f}
			if f.sub != nil && c.leaf(t.Field(f.name).Type) {
				own = []*asked{{name: f.name}} // another member's has fields
			}
			nodes = append(nodes, c.object(t, own, path, open, []string{m})...)
		}
		if !found {
			var all []string
			for _, m := range u.Members {
				if t := c.s.Type(m); t != nil {
					all = append(all, fieldNames(t)...)
				}
			}
			c.fail(unknown("field", "no member of "+u.Name+" has the field", f.name, all))
		}
	}
	return nodes
}

func fieldNames(t *view.Type) []string {
	names := make([]string, 0, len(t.Fields)+1)
	for _, f := range t.Fields {
		names = append(names, f.Name)
	}
	return append(names, "__typename")
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// clip shortens what a device wrote before it goes into a sentence.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
