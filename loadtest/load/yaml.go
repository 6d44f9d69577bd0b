package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

func distance(a, b string) int { return levenshtein.ComputeDistance(a, b) }

// fromYAML writes a YAML document as JSON and remembers where its values stand.
func fromYAML(raw []byte) (*source, error) {
	f, err := parser.ParseBytes(raw, 0)
	if err != nil {
		m := &Mistake{Text: "it is no YAML: " + err.Error()}
		var syn yaml.Error
		if errors.As(err, &syn) {
			m.Text = "it is no YAML here: " + syn.GetMessage()
			if t := syn.GetToken(); t != nil {
				m.Line, m.Column = t.Position.Line, t.Position.Column
			}
		}
		return nil, Mistakes{m}
	}
	if len(f.Docs) == 0 || len(f.Docs) == 1 && f.Docs[0].Body == nil {
		return nil, Mistakes{{Line: 1, Column: 1, Text: "it is empty"}}
	}
	if len(f.Docs) != 1 {
		return nil, Mistakes{{Line: 1, Column: 1, Text: fmt.Sprintf("a scenario is one YAML document; there are %d", len(f.Docs))}}
	}
	w := &yamlWriter{place: map[jsontext.Pointer]position{"": {1, 1}}, anchors: map[string]ast.Node{}}
	w.value(f.Docs[0].Body, "", 0)
	if w.wrong != nil {
		return nil, Mistakes{w.wrong}
	}
	return &source{json: []byte(w.out.String()), place: w.place}, nil
}

type yamlWriter struct {
	out     strings.Builder
	place   map[jsontext.Pointer]position
	anchors map[string]ast.Node
	wrong   *Mistake
}

// deepest is how far values of a scenario may be nested, aliases counted.
const deepest = 64

func (w *yamlWriter) fail(n ast.Node, format string, args ...any) {
	if w.wrong == nil {
		p := n.GetToken().Position
		w.wrong = &Mistake{Line: p.Line, Column: p.Column, Text: fmt.Sprintf(format, args...)}
	}
}

func (w *yamlWriter) value(n ast.Node, at jsontext.Pointer, depth int) {
	if w.wrong != nil {
		return
	}
	if depth > deepest || w.out.Len() > mostScenario {
		w.fail(n, "it is nested too deep, or aliases make it too long")
		return
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		w.mapping(n.Values, at, depth)
	case *ast.MappingValueNode: // a mapping of one key
		w.mapping([]*ast.MappingValueNode{n}, at, depth)
	case *ast.SequenceNode:
		w.out.WriteByte('[')
		for i, v := range n.Values {
			if i > 0 {
				w.out.WriteByte(',')
			}
			below := at.AppendToken(strconv.Itoa(i))
			w.put(below, v)
			w.value(v, below, depth+1)
		}
		w.out.WriteByte(']')
	case *ast.AnchorNode:
		w.anchors[n.Name.GetToken().Value] = n.Value
		w.value(n.Value, at, depth+1)
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		if w.anchors[name] == nil {
			w.fail(n, "there is no anchor &%s before this", name)
			return
		}
		w.value(w.anchors[name], at, depth+1)
	case *ast.StringNode:
		w.text(n.Value)
	case *ast.LiteralNode:
		w.text(n.Value.Value)
	case *ast.BoolNode:
		w.out.WriteString(strconv.FormatBool(n.Value))
	case *ast.NullNode:
		w.out.WriteString("null")
	case *ast.IntegerNode:
		fmt.Fprint(&w.out, n.Value)
	case *ast.FloatNode:
		text, err := json.Marshal(n.Value)
		if err != nil {
			w.fail(n, "%v is no number here", n.Value)
			return
		}
		w.out.Write(text)
	default:
		w.fail(n, "this kind of YAML (%s) is not known here", n.Type())
	}
}

func (w *yamlWriter) mapping(values []*ast.MappingValueNode, at jsontext.Pointer, depth int) {
	w.out.WriteByte('{')
	seen := map[string]bool{}
	for i, v := range values {
		var name string
		switch k := v.Key.(type) {
		case *ast.StringNode:
			name = k.Value
		case *ast.IntegerNode, *ast.BoolNode, *ast.FloatNode:
			name = k.GetToken().Value
		default:
			w.fail(v.Key, "this key is no name")
			return
		}
		if seen[name] {
			w.fail(v.Key, "%q stands here twice", name)
			return
		}
		seen[name] = true
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.text(name)
		w.out.WriteByte(':')
		below := at.AppendToken(name)
		w.put(below, v.Key)
		w.value(v.Value, below, depth+1)
	}
	w.out.WriteByte('}')
}

func (w *yamlWriter) put(at jsontext.Pointer, n ast.Node) {
	if t := n.GetToken(); t != nil {
		w.place[at] = position{t.Position.Line, t.Position.Column}
	}
}

func (w *yamlWriter) text(s string) {
	text, _ := json.Marshal(s) // strings always marshal
	w.out.Write(text)
}
