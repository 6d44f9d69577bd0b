package jsongraph

import (
	"bytes"
	"encoding/json"
	"slices"

	"facet/fault"
)

// A node is a place of a JSON Graph: a branch, or a value as JSON.
type node struct {
	kids  []kid
	index map[string]*node // of large branches
	raw   []byte           // a value: primitive or sentinel; nil: a branch
	ref   []string         // where a reference leads; nil for other values
	cut   bool             // a list whose end is left out: what is not here is not missing
}

type kid struct {
	key  string
	node *node
}

func (n *node) branch() bool { return n.raw == nil }

const indexFrom = 12

func (n *node) get(key string) *node {
	if n.index != nil {
		return n.index[key]
	}
	for i := range n.kids {
		if n.kids[i].key == key {
			return n.kids[i].node
		}
	}
	return nil
}

func (n *node) put(key string, child *node) {
	n.kids = append(n.kids, kid{key, child})
	if n.index != nil {
		n.index[key] = child
	} else if len(n.kids) > indexFrom {
		n.index = make(map[string]*node, 2*len(n.kids))
		for _, k := range n.kids {
			n.index[k.key] = k.node
		}
	}
}

// missing is the marker of what is not there. It is shared: values are never changed in place.
func missing() *node { return &node{raw: []byte(`{"$type":"atom"}`)} }

// errorNode is the error of a value that could not be set. It lives for a second: the Model reads what it set once more from
// its cache, and one that expires at once would be asked for again and never be seen.
func errorNode(k fault.Kind, message string) *node {
	v, err := json.Marshal(map[string]any{"$type": "error", "value": map[string]string{"message": message, "code": string(k)}, "$expires": -1000})
	if err != nil {
		return missing()
	}
	return &node{raw: v}
}

// merge adds other to n: branches by key; where one of them is a value, other's wins.
func (n *node) merge(other *node) {
	for _, k := range other.kids {
		mine := n.get(k.key)
		switch {
		case mine == nil:
			n.put(k.key, k.node)
		case mine.branch() && k.node.branch():
			mine.merge(k.node)
		default:
			*mine = *k.node
		}
	}
}

// A treeReader reads a JSON Graph into nodes; values stay bytes. Keys that stand twice in an object are merged.
type treeReader struct {
	b      []byte
	i      int
	merged bool // some key stood twice
	bad    bool
}

// readTree reads a JSON Graph; merged says that its bytes must not be sent as they are.
func readTree(b []byte) (root *node, merged bool, err error) {
	r := &treeReader{b: b}
	root = r.node(0)
	r.space()
	if r.bad || r.i != len(b) || !root.branch() {
		return nil, false, &fault.Error{Kind: fault.Internal, Op: "jsongraph", Message: "the composer's answer is no JSON Graph"}
	}
	return root, r.merged, nil
}

func (r *treeReader) space() byte {
	for r.i < len(r.b) {
		c := r.b[r.i]
		if c > ' ' {
			return c
		}
		r.i++
	}
	return 0
}

const maxDepth = 1000

func (r *treeReader) node(depth int) *node {
	c := r.space()
	start := r.i
	if c != '{' || depth > maxDepth {
		r.skip()
		r.bad = r.bad || r.i == start
		return &node{raw: r.b[start:r.i]}
	}
	n := &node{}
	r.i++
	for !r.bad {
		switch r.space() {
		case '}':
			r.i++
			return n
		case ',':
			r.i++
			continue
		case '"':
		default:
			r.bad = true
			return n
		}
		key := r.str()
		if r.space() != ':' {
			r.bad = true
			return n
		}
		r.i++
		if len(key) > 0 && key[0] == '$' { // a sentinel, whatever stood before
			r.i = start
			r.skip()
			return sentinel(r.b[start:r.i])
		}
		child := r.node(depth + 1)
		old := n.get(key)
		switch {
		case old == nil:
			n.put(key, child)
		case old.branch() && child.branch():
			old.merge(child)
			r.merged = true
		default:
			*old = *child
			r.merged = true
		}
	}
	return n
}

// sentinel is a value with its metadata; of a reference, its path is read.
func sentinel(raw []byte) *node {
	n := &node{raw: raw}
	var value []byte
	ref := false
	r := &treeReader{b: raw, i: 1}
	for !r.bad && r.space() != '}' && r.i < len(r.b) {
		if r.b[r.i] == ',' {
			r.i++
			continue
		}
		key := r.str()
		r.space()
		r.i++ // the colon
		r.space()
		start := r.i
		r.skip()
		if r.bad || r.i == start {
			return n
		}
		switch key {
		case "$type":
			ref = string(r.b[start:r.i]) == `"ref"`
		case "value":
			value = r.b[start:r.i]
		}
	}
	if ref && len(value) > 0 && value[0] == '[' {
		n.ref = refPath(value)
	}
	return n
}

func refPath(value []byte) []string {
	path := make([]string, 0, 3)
	r := &treeReader{b: value, i: 1}
	for !r.bad && r.space() != ']' && r.i < len(r.b) {
		start := r.i
		switch r.b[r.i] {
		case ',':
			r.i++
		case '"':
			path = append(path, r.str())
		default:
			if r.skip(); r.i == start {
				return path
			}
			path = append(path, stringForm(r.b[start:r.i]))
		}
	}
	return path
}

// stringForm is the text that a JSON key is looked up by.
func stringForm(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	var f float64
	if json.Unmarshal(v, &f) == nil {
		return formatNumber(f)
	}
	return string(v)
}

func (r *treeReader) str() string {
	start := r.i
	r.skipString()
	if r.bad {
		return ""
	}
	inner := r.b[start+1 : r.i-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if json.Unmarshal(r.b[start:r.i], &s) != nil {
		r.bad = true
	}
	return s
}

func (r *treeReader) skipString() {
	for r.i++; r.i < len(r.b); r.i++ {
		switch r.b[r.i] {
		case '\\':
			r.i++
		case '"':
			r.i++
			return
		}
	}
	r.i, r.bad = len(r.b), true
}

// skip moves past one value.
func (r *treeReader) skip() {
	depth := 0
	for r.i < len(r.b) {
		switch c := r.b[r.i]; c {
		case '"':
			r.skipString()
			if depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return // the end of what holds the value
			}
			if depth--; depth == 0 {
				r.i++
				return
			}
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return
			}
		}
		r.i++
	}
	r.bad = r.bad || depth > 0
}

// append writes the node as JSON.
func (n *node) append(b []byte) []byte {
	if !n.branch() {
		return append(b, n.raw...)
	}
	b = append(b, '{')
	for i, k := range n.kids {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, k.key)
		b = append(b, ':')
		b = k.node.append(b)
	}
	return append(b, '}')
}

func appendText(b []byte, s string) []byte {
	plain := !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < ' ' || c == '"' || c == '\\' || c >= 0x80 })
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return append(b, `""`...)
	}
	return append(b, bytes.TrimRight(buf.Bytes(), "\n")...)
}
