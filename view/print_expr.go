package view

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Print prints a value of the scope as one expression: "profile(id: viewer.profile.id).rows.page(first: 20, max: 40)".
// funcs are the build's functions; they may be nil.
func (s *Scope) Print(i ID, funcs []*Func) string {
	p := &printer{b: &Build{Funcs: funcs}, scope: s}
	return p.expr(i)
}

// maxExpr bounds one printed expression: values are shared, so their expansion can be exponential.
const maxExpr = 4_000

func (p *printer) expr(i ID) string {
	var b strings.Builder
	p.write(&b, i)
	if b.Len() > maxExpr {
		return b.String()[:maxExpr] + "…"
	}
	return b.String()
}

func (p *printer) write(b *strings.Builder, i ID) {
	if b.Len() > maxExpr {
		return
	}
	if i == None || int(i) >= len(p.scope.Values) || i < 0 {
		b.WriteString("null")
		return
	}
	v := &p.scope.Values[i]
	switch v.Op {
	case OpQuery:
	case OpEntity:
		b.WriteString("this")
	case OpItem:
		b.WriteString("item" + strconv.Itoa(int(i)))
	case OpAs:
		p.write(b, v.Of)
		b.WriteString(".as(" + v.Name + ")")
	case OpField:
		if p.scope.Values[v.Of].Op != OpQuery {
			p.write(b, v.Of)
			b.WriteByte('.')
		}
		b.WriteString(v.Name)
		p.writeArgs(b, v.Args)
	case OpViewer:
		b.WriteString(strings.TrimSuffix(v.Path, ".id"))
	case OpArg:
		b.WriteString("$" + v.Name)
	case OpContext:
		if cell, ok := strings.CutPrefix(v.Name, "cell:"); ok {
			b.WriteString("cell(" + strconv.Quote(cell) + ")")
		} else {
			b.WriteString(v.Name)
		}
	case OpLiteral:
		b.Write(v.JSON)
	case OpInput:
		b.WriteByte('{')
		p.writeNamed(b, v.Args)
		b.WriteByte('}')
	case OpList:
		b.WriteByte('[')
		p.writeList(b, v.List)
		b.WriteByte(']')
	case OpPick:
		p.write(b, v.Of)
		b.WriteString(".pick(")
		for _, k := range v.Cases {
			fmt.Fprintf(b, "%s: ", k.JSON)
			p.write(b, k.Value)
			b.WriteString(", ")
		}
		b.WriteString("default: ")
		p.write(b, v.Else)
		b.WriteByte(')')
	case OpWhen:
		b.WriteString("when(")
		p.write(b, v.Of)
		b.WriteString(", ")
		if len(v.Cases) > 0 {
			p.write(b, v.Cases[0].Value)
		}
		b.WriteString(", ")
		p.write(b, v.Else)
		b.WriteByte(')')
	case OpIs:
		p.write(b, v.Of)
		fmt.Fprintf(b, ".is(%s)", v.JSON)
	case OpNot:
		b.WriteString("not(")
		p.write(b, v.Of)
		b.WriteByte(')')
	case OpAnd, OpOr:
		b.WriteString(string(v.Op) + "(")
		p.writeList(b, v.List)
		b.WriteByte(')')
	case OpPage:
		p.write(b, v.Of)
		b.WriteString(".page(first: ")
		p.write(b, v.First)
		fmt.Fprintf(b, ", max: %d)", v.Max)
	case OpTake:
		p.write(b, v.Of)
		b.WriteString(".take(")
		p.write(b, v.First)
		b.WriteByte(')')
	case OpOrNull, OpNotFound, OpOrElse:
		p.writeGuarded(b, v)
	case OpComputed:
		name := "?"
		if v.Func >= 0 && v.Func < len(p.b.Funcs) {
			name = p.b.Funcs[v.Func].Name
		}
		b.WriteString("computed " + name)
		p.writeArgs(b, v.Args)
	case OpFormat:
		b.WriteString("format." + v.Name)
		p.writeArgs(b, v.Args)
	case OpHandler:
		b.WriteString("handler")
	case OpEffect:
		b.WriteString(v.Name)
		p.writeArgs(b, v.Args)
	default:
		b.WriteString(string(v.Op) + "?")
	}
}

func (p *printer) writeGuarded(b *strings.Builder, v *Value) {
	p.write(b, v.Of)
	name := map[Op]string{OpOrNull: "orNull", OpOrElse: "orElse", OpNotFound: "orNotFound"}[v.Op]
	b.WriteString("." + name + "(")
	if v.Op == OpOrElse {
		p.write(b, v.Else)
	}
	if v.Within > 0 {
		if v.Op == OpOrElse {
			b.WriteString(", ")
		}
		b.WriteString("within: " + within(v.Within))
	}
	b.WriteByte(')')
}

func (p *printer) writeArgs(b *strings.Builder, args []*Named) {
	if len(args) == 0 {
		return
	}
	b.WriteByte('(')
	p.writeNamed(b, args)
	b.WriteByte(')')
}

func (p *printer) writeNamed(b *strings.Builder, args []*Named) {
	for i, a := range args {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.Name + ": ")
		p.write(b, a.Value)
	}
}

func (p *printer) writeList(b *strings.Builder, list []ID) {
	for i, x := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		p.write(b, x)
	}
}
