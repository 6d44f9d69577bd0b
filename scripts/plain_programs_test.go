package scripts

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A kindOf is what a random expression is mostly.
type kindOf byte

const (
	aNum kindOf = iota
	aText
	aList // of numbers and texts
	anObj // with x, a number, and y, a text
	aBool
	anyKind
)

// valueOf is a random input, mostly of a kind.
func valueOf(rnd *rand.Rand, k kindOf) []byte {
	if rnd.IntN(40) == 0 {
		return randomJSON(rnd, 0)
	}
	switch k {
	case aNum:
		return []byte([]string{fmt.Sprint(rnd.IntN(300) - 60), fmt.Sprint(rnd.IntN(10)), fmt.Sprintf("%.2f", rnd.NormFloat64()*100), fmt.Sprintf("%g", rnd.NormFloat64()*1e7), "-0", "0.1", "1e21", "9007199254740993", "0.5", "2147483648", "1e-7"}[rnd.IntN(11)])
	case aText:
		b, _ := json.Marshal([]string{"", "a", "x", "0", "12", "-3.5", " 7 ", "jaws", "The Third Man", "Über", "日本", "😀b", "a,b,,c", "constructor", "en", "10", "1e3", "y"}[rnd.IntN(18)])
		return b
	case aList:
		b := []byte("[")
		for i := range rnd.IntN(5) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, valueOf(rnd, kindOf(rnd.IntN(2)))...)
		}
		return append(b, ']')
	case anObj:
		if rnd.IntN(4) == 0 {
			return randomJSON(rnd, 0)
		}
		return fmt.Appendf(nil, `{"x":%s,%s"y":%s}`, valueOf(rnd, aNum), []string{"", `"z":[1],`, `"toString":1,`}[rnd.IntN(3)], valueOf(rnd, aText))
	case aBool:
		return []byte([]string{"true", "false"}[rnd.IntN(2)])
	}
	return randomJSON(rnd, 0)
}

// A programmer writes random functions of a, b and c.
type programmer struct {
	rnd    *rand.Rand
	left   int // nodes
	result string
	inputs [3]kindOf
	vars   []variable
	helper bool
	n      int
}

type variable struct {
	name    string
	kind    kindOf
	changes bool
}

func (g *programmer) pick(list ...string) string { return list[g.rnd.IntN(len(list))] }

func (g *programmer) fresh() string { g.n++; return fmt.Sprintf("v%d", g.n) }

func (g *programmer) kind() kindOf { return kindOf(g.rnd.IntN(5)) }

func (g *programmer) program() string {
	var around strings.Builder
	if g.rnd.IntN(3) == 0 {
		g.vars = append(g.vars, variable{"K", aNum, false}, variable{"T", anObj, false}, variable{"L", aList, false})
		fmt.Fprintf(&around, "const K = %s;\nconst T = { x: %s, y: \"two\", a: [1, 2] };\nvar L = [%s, \"q\", 3];\n", g.pick("3", "1.5", "-7"), g.pick("1", "0.25"), g.pick("0", "true"))
	}
	if g.rnd.IntN(3) == 0 {
		body := g.scoped([]variable{{"p", aNum, false}, {"q", aNum, false}}, func() string { return g.expr(aNum, 3) })
		fmt.Fprintf(&around, "%s\n", g.pick("function h(p, q = 2) { return "+body+"; }", "const h = (p, q = 1) => "+paren(body)+";"))
		g.helper = true
	}
	for i, name := range []string{"a", "b", "c"} {
		g.inputs[i] = g.kind()
		g.vars = append(g.vars, variable{name, g.inputs[i], false})
	}
	head := g.pick("({ a, b, c })", "({ a, b, c })", "({ a, b = 4, c })", "({ c, a, b: bb })", "(o)", "function ({ a, b, c })")
	inner := ""
	switch head {
	case "(o)":
		inner = "const { a, b, c } = o;"
	case "({ c, a, b: bb })":
		inner = "const b = bb;"
	}
	f := head + " => "
	switch {
	case strings.HasPrefix(head, "function"):
		f = head + " { " + g.block(3) + "return " + g.value(4) + "; }"
	case inner == "" && g.rnd.IntN(2) == 0:
		f += paren(g.value(5))
	default:
		f += "{ " + inner + " " + g.block(3) + "return " + g.value(4) + "; }"
	}
	if around.Len() == 0 {
		return f
	}
	return "(() => {\n" + around.String() + "return (" + f + ");\n})()"
}

func paren(s string) string { return "(" + s + ")" }

// scoped writes something that sees more variables.
func (g *programmer) scoped(more []variable, write func() string) string {
	vars := g.vars
	g.vars = append(append([]variable{}, vars...), more...)
	s := write()
	g.vars = vars
	return s
}

func (g *programmer) block(depth int) string {
	var b strings.Builder
	for range g.rnd.IntN(4) {
		b.WriteString(g.statement(depth) + " ")
	}
	return b.String()
}

func (g *programmer) declare(word string, k kindOf, value string) string {
	v := g.fresh()
	g.vars = append(g.vars, variable{v, k, word == "let"})
	return word + " " + v + " = " + value + ";"
}

func (g *programmer) statement(depth int) string {
	if depth == 0 || g.left < 0 {
		return ""
	}
	in := func(more ...variable) string { return g.scoped(more, func() string { return g.block(depth - 1) }) }
	k := g.kind()
	switch g.rnd.IntN(15) {
	case 0, 1:
		return g.declare("const", k, g.expr(k, 3))
	case 2, 3:
		return g.declare("let", k, g.expr(k, 3))
	case 4:
		for _, v := range g.vars {
			if v.changes && g.rnd.IntN(2) == 0 {
				return v.name + g.pick(" = ", " += ", " = ") + g.expr(v.kind, 3) + ";"
			}
		}
	case 5:
		return "if (" + g.expr(aBool, 3) + ") { " + in() + "} else { " + in() + "}"
	case 6:
		return "if (" + g.expr(aBool, 3) + ") return " + g.value(3) + ";"
	case 7:
		v := g.fresh()
		return "for (const " + v + " of " + g.expr(aList, 2) + ") { " + in(variable{v, anyKind, false}) + "}"
	case 8:
		v := g.fresh()
		return "for (let " + v + " = 0; " + v + " < " + g.pick("3", "5") + "; " + v + "++) { " + in(variable{v, aNum, false}) + g.pick("", "if ("+v+" === 2) break; ", "if ("+v+" === 1) continue; ") + "}"
	case 9:
		made := g.declare("const", aList, g.pick("[]", "[1, 2]", g.expr(aList, 1)+".slice(0)", "[..."+g.expr(aList, 1)+"]"))
		v := g.vars[len(g.vars)-1].name
		return made + g.pick(" "+v+".push("+g.expr(anyKind, 2)+");", " for (const x of [1, 2]) "+v+".push(x + "+g.expr(aNum, 1)+");") + g.pick("", " "+v+"[0] = "+g.expr(aNum, 1)+";")
	case 10:
		made := g.declare("const", anObj, "{ "+g.pick("", "x: "+g.expr(aNum, 2), "..."+g.expr(anObj, 1))+" }")
		v := g.vars[len(g.vars)-1].name
		return made + " " + v + g.pick(".x", ".z", "["+g.expr(aText, 1)+"]", `["y"]`) + g.pick(" = ", " = ", " += ") + g.expr(k, 2) + ";"
	case 11:
		return "switch (" + g.expr(k, 2) + ") { case " + g.expr(k, 1) + ": " + g.braced(in()) + g.pick("break;", "") + " case " + g.pick(`"x"`, "1", "null") + ": " + g.braced(in()) + "break; default: " + g.braced(in()) + "}"
	case 12:
		v := g.fresh()
		return "for (const " + v + " in " + g.expr(anObj, 1) + ") { " + in(variable{v, aText, false}) + "}"
	case 13:
		v, w, from := g.fresh(), g.fresh(), aList
		to := g.pick("["+v+", "+w+"]", "["+v+", ..."+w+"]", "["+v+" = 2, , "+w+" = 3]")
		if g.rnd.IntN(2) == 0 {
			from, to = anObj, g.pick("{ x: "+v+", y: "+w+" = 7 }", "{ x: "+v+", ..."+w+" }", "{ x: "+v+", z: { y: "+w+" = 2 } = {} }")
		}
		x := g.expr(from, 2)
		g.vars = append(g.vars, variable{v, aNum, false}, variable{w, anyKind, false})
		return "const " + to + " = " + x + ";"
	case 14:
		for _, v := range g.vars {
			if v.changes && v.kind == aNum {
				return "while (" + v.name + " > 1) { " + v.name + g.pick(" = "+v.name+" / 2 - 1;", " -= 50;", " = 0;") + " }"
			}
		}
	}
	return ""
}

func (g *programmer) braced(s string) string { return "{ " + s + "} " }

// value writes an expression for the result.
func (g *programmer) value(depth int) string {
	if g.rnd.IntN(25) == 0 {
		return g.expr(anyKind, depth)
	}
	if g.rnd.IntN(4) == 0 {
		return paren(g.expr(aBool, depth-1)) + " ? " + paren(g.value(depth-1)) + " : " + paren(g.value(depth-1))
	}
	switch g.result {
	case "Float":
		return g.expr(aNum, depth)
	case "Int":
		return paren(g.expr(aNum, depth)) + " | 0"
	case "String", "ID", "String!":
		return g.expr(aText, depth)
	case "Boolean":
		return g.expr(aBool, depth)
	case "Kind":
		return g.pick(`"MOVIE"`, `"SHOW"`, "null")
	case "[Int]":
		return paren(g.expr(aList, depth)) + ".map((n) => n | 0)"
	case "[String!]":
		return paren(g.expr(aList, depth)) + ".map(String)"
	case "Progress":
		return paren("{ percent: " + g.expr(aNum, depth-1) + ", label: " + g.expr(aText, depth-1) + g.pick("", `, kind: "SHOW"`, `, kind: `+g.expr(aBool, 2)+` ? "MOVIE" : "SHOW"`) + g.pick("", ", parts: [{ n: 1 }]", ", parts: "+paren(g.expr(aList, depth-2))+".map((n) => ({ n: n | 0 }))", ", other: 1") + " }")
	}
	return g.expr(anyKind, depth)
}
