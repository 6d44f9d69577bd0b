package scripts

// expr writes an expression, mostly of a kind.
func (g *programmer) expr(k kindOf, depth int) string {
	g.left--
	if k == anyKind {
		k = g.kind()
	}
	if g.rnd.IntN(60) == 0 {
		k = g.kind()
	}
	if depth <= 0 || g.left < 0 {
		return g.leaf(k)
	}
	e := func(k kindOf) string { return paren(g.expr(k, depth-1)) }
	switch g.rnd.IntN(9) {
	case 0:
		return g.leaf(k)
	case 1:
		return e(aBool) + " ? " + e(k) + " : " + e(k)
	case 2:
		return e(k) + g.pick(" && ", " || ", " ?? ") + e(k)
	}
	switch k {
	case aNum:
		return g.num(depth, e)
	case aText:
		return g.text(depth, e)
	case aList:
		return g.list(depth, e)
	case anObj:
		return g.object(depth, e)
	}
	return g.truth(depth, e)
}

func (g *programmer) leaf(k kindOf) string {
	if g.rnd.IntN(3) > 0 {
		start := g.rnd.IntN(len(g.vars) + 1)
		for i := range g.vars {
			v := g.vars[(start+i)%len(g.vars)]
			if v.kind == k || g.rnd.IntN(12) == 0 {
				return v.name
			}
		}
	}
	switch k {
	case aNum:
		return g.pick("0", "1", "-1", "2.5", "60", "0.1", "1e21", "NaN", "Math.PI", "7", "100", "(-0)", "1e-7", "123456789")
	case aText:
		return g.pick(`""`, `"x"`, `"a"`, `"12"`, `"é"`, `"😀"`, `", "`, `"The"`, "`a\\n\"`")
	case aList:
		return g.pick("[]", "[1, 2, 3]", `["a", "b"]`, `[3, "x", null]`, `[[1, 2], ["k", "v"]]`)
	case anObj:
		return paren(g.pick("{ x: 1 }", `{ x: 2, y: "y" }`, "null", "{}", "undefined"))
	}
	return g.pick("true", "false", "null", "undefined")
}

func (g *programmer) num(depth int, e func(kindOf) string) string {
	switch g.rnd.IntN(12) {
	case 0, 1, 2:
		return e(aNum) + g.pick(" + ", " - ", " * ", " / ", " % ") + e(aNum)
	case 3:
		return e(aNum) + g.pick(" ** ", " & ", " | ", " ^ ", " << ", " >> ", " >>> ") + e(aNum)
	case 4:
		return g.pick("-", "+", "~") + e(aNum)
	case 5:
		return g.pick("Math.floor", "Math.ceil", "Math.round", "Math.abs", "Math.trunc", "Math.sign", "Math.sqrt", "Number") + e(aNum)
	case 6:
		return g.pick("Math.min", "Math.max") + "(" + g.pick(g.expr(aNum, depth-1)+", "+g.expr(aNum, depth-1), "1, 2, "+g.expr(aNum, depth-1), "..."+g.expr(aList, depth-1), "") + ")"
	case 7:
		return g.pick("Number", "parseFloat", "parseInt", "+") + e(aText)
	case 8:
		return e(aText) + g.pick(".length", ".indexOf("+g.expr(aText, depth-2)+")", ".lastIndexOf(\"a\")", ".charCodeAt(0)", ".charCodeAt("+g.expr(aNum, depth-2)+")")
	case 9:
		return e(aList) + g.pick(".length", ".indexOf("+g.expr(anyKind, depth-2)+")", "[0]", ".at(-1)", "["+g.expr(aNum, depth-2)+"]", ".findIndex("+g.callback(aBool, depth-1)+")", ".find("+g.callback(aBool, depth-1)+")")
	case 10:
		return e(anObj) + g.pick(".x", "?.x", `["x"]`, "?.z?.[0]", "?.y?.length")
	}
	if g.helper {
		return "h(" + g.pick("", g.expr(aNum, depth-1), g.expr(aNum, depth-1)+", "+g.expr(aNum, depth-1)) + ")"
	}
	return "Math.pow(" + g.expr(aNum, depth-1) + ", " + g.pick("2", "0.5", g.expr(aNum, depth-1)) + ")"
}

func (g *programmer) text(depth int, e func(kindOf) string) string {
	n := func() string { return g.expr(aNum, depth-2) }
	s := func() string { return g.expr(aText, depth-2) }
	switch g.rnd.IntN(10) {
	case 0, 1:
		return e(aText) + " + " + e(g.kind())
	case 2, 3:
		return "`" + g.pick("", "a ", "é\\n", "\\\"") + "${" + g.expr(g.kind()%2, depth-1) + "}" + g.pick("", ", ", "/") + "${" + g.expr(aText, depth-1) + "}`"
	case 4:
		return e(aNum) + g.pick(".toFixed("+g.pick("", "0", "1", "2", "20")+")", ".toString()", ".toFixed(1).padStart(6, \"0\")")
	case 5:
		return "String" + e(anyKind)
	case 6:
		return e(aList) + g.pick(".join()", `.join(", ")`, ".join("+s()+")")
	case 7:
		return g.pick("typeof "+e(anyKind), e(anObj)+g.pick(".y", "?.y", `?.["y"]`))
	}
	return e(aText) + g.pick(".toUpperCase()", ".toLowerCase()", ".trim()", ".trimEnd()", ".trimStart()", ".slice("+n()+")", ".slice(1, "+n()+")", ".slice(-3)", ".substring("+n()+", 3)", ".charAt("+n()+")", ".at("+n()+")", "[0]", "["+n()+"]",
		".repeat("+g.pick("2", "0", n())+")", ".padStart(5, "+s()+")", ".padEnd("+n()+")", ".padEnd(7, \"ab\")", ".concat("+s()+", "+n()+")", `.replace("a", "b")`, ".replace("+s()+", "+s()+")", `.replaceAll("a", "")`, "?.trim()")
}

func (g *programmer) list(depth int, e func(kindOf) string) string {
	switch g.rnd.IntN(8) {
	case 0:
		return "[" + g.pick("", "..."+g.expr(aList, depth-1)+", ") + g.expr(anyKind, depth-1) + ", " + g.expr(anyKind, depth-1) + "]"
	case 1:
		return e(aText) + ".split(" + g.pick(`","`, `""`, `" "`, g.expr(aText, depth-2)) + ")"
	case 2:
		return "Object." + g.pick("keys", "values", "entries") + e(anObj)
	case 3:
		return e(aList) + g.pick(".slice(1)", ".slice(0, -1)", ".slice("+g.expr(aNum, depth-2)+")", ".concat("+g.expr(aList, depth-1)+")", ".concat("+g.expr(aNum, depth-1)+", 1)")
	case 4:
		return e(aList) + g.pick(".map(String)", ".filter(Boolean)", ".map(Number)", ".flatMap("+g.callback(aList, depth-1)+")")
	}
	return e(aList) + g.pick(".map("+g.callback(anyKind, depth-1)+")", ".filter("+g.callback(aBool, depth-1)+")")
}

func (g *programmer) object(depth int, e func(kindOf) string) string {
	x := func(k kindOf) string { return g.expr(k, depth-1) }
	switch g.rnd.IntN(5) {
	case 0:
		return paren("{ x: " + x(aNum) + ", " + g.pick("y: ", "percent: ", "label: ", "kind: ") + x(aText) + " }")
	case 1:
		return paren("{ " + g.pick("x: 1, ", "") + "..." + x(anObj) + ", z: " + x(anyKind) + " }")
	case 2:
		return "Object.fromEntries(" + g.pick(`[["k", `+x(anyKind)+`]]`, "Object.entries("+x(anObj)+")", x(aList)+".map((x) => [String(x), x])") + ")"
	case 3:
		return e(anObj) + g.pick(".z", "?.z", "?.a")
	}
	return paren("{ percent: " + x(aNum) + ", label: " + x(aText) + g.pick("", `, kind: "SHOW"`, `, kind: `+x(aBool)+` ? "MOVIE" : "SHOW"`) + g.pick("", ", parts: [{ n: "+x(aNum)+" }]", ", parts: "+x(aList)+".map((n) => ({ n: n | 0 }))") + " }")
}

func (g *programmer) truth(depth int, e func(kindOf) string) string {
	k := g.kind()
	switch g.rnd.IntN(8) {
	case 0, 1:
		return e(k%2) + g.pick(" < ", " > ", " <= ", " >= ") + e(k%2)
	case 2, 3:
		return e(k) + g.pick(" === ", " !== ", " == ", " != ") + g.pick(e(k), "null", `"x"`, "1", "undefined")
	case 4:
		return g.pick("!", "!!", "Boolean") + e(anyKind)
	case 5:
		return e(aText) + g.pick(".includes(", ".startsWith(", ".endsWith(") + g.expr(aText, depth-2) + ")"
	case 6:
		return e(aList) + g.pick(".includes("+g.expr(anyKind, depth-1)+")", ".some("+g.callback(aBool, depth-1)+")", ".every("+g.callback(aBool, depth-1)+")", ".some(Boolean)")
	}
	return g.pick("isNaN"+e(aNum), "Number.isInteger"+e(aNum), "Array.isArray"+e(anyKind), "isFinite"+e(anyKind), "Number.isFinite"+e(anyKind), `("x" in `+e(anObj)+")")
}

func (g *programmer) callback(k kindOf, depth int) string {
	body := func(v ...variable) string {
		return paren(g.scoped(v, func() string { return g.expr(k, depth) }))
	}
	x, i := variable{"x", g.kind() % 2, false}, variable{"i", aNum, false}
	switch g.rnd.IntN(6) {
	case 0:
		return "({ x }) => " + body(x)
	case 1:
		return "([x, i]) => " + body(x, i)
	case 2:
		return "(x, i) => { const w = " + body(x, i) + "; return w; }"
	case 3:
		return "(x, i) => " + body(x, i)
	}
	return "(x) => " + body(x)
}
