package scripts

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"

	"facet/fault"
	"facet/view"
)

// look walks the handler's own function.
func (u *contextUse) look(root ast.Node) {
	ctx := contextName(root)
	if u.handler.Result == nil {
		u.returned(root)
	}
	walk(root, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpression)
		if !ok {
			return true
		}
		if part(call.Callee, ctx) == "fail" && (ctx != "" || u.takes(root, "fail")) {
			u.fail(call)
		}
		dot, ok := call.Callee.(*ast.DotExpression)
		if !ok {
			return true
		}
		method := dot.Identifier.Name.String()
		switch part(dot.Left, ctx) {
		case "graph":
			if names := u.handler.shortNames(); !slices.Contains(names, method) {
				fix := "Declare it: loads: { " + method + ": view({ … }) }"
				if near := nearest(method, names); near != "" {
					fix = "Did you mean " + near + "?"
				}
				u.complain(int(dot.Identifier.Idx), "F227", fix, "ctx.graph of %s has no %q", u.handler.Name, method)
			}
		case "metrics":
			u.metric(dot, method, call.ArgumentList)
		}
		return true
	})
}

// fail looks at a call of ctx.fail.
func (u *contextUse) fail(call *ast.CallExpression) {
	if len(call.ArgumentList) < 2 {
		u.complain(int(call.Idx0()), "F229", `Write ctx.fail("conflict", "Somebody was first")`, "ctx.fail takes a kind and a message for the device")
		return
	}
	kind, ok := call.ArgumentList[0].(*ast.StringLiteral)
	if !ok || slices.Contains(saidKinds, fault.Kind(kind.Value.String())) {
		return
	}
	names := make([]string, len(saidKinds))
	for i, k := range saidKinds {
		names[i] = string(k)
	}
	fix := "It is one of " + strings.Join(names, ", ")
	if near := nearest(kind.Value.String(), names); near != "" {
		fix = "Did you mean " + quoteJS(near) + "?"
	}
	u.complain(int(kind.Idx), "F229", fix, "ctx.fail knows no %s", quoteJS(kind.Value.String()))
}

// returned warns of values that a handler returns that declares none: they reach nobody. What a call gives is known only while it runs.
func (u *contextUse) returned(root ast.Node) {
	var body ast.Node
	switch f := root.(type) {
	case *ast.FunctionLiteral:
		body = f.Body
	case *ast.ArrowFunctionLiteral:
		body = f.Body
		if x, ok := f.Body.(*ast.ExpressionBody); ok {
			u.dropped(x.Expression)
			return
		}
	}
	walk(body, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FunctionLiteral, *ast.ArrowFunctionLiteral, *ast.ClassLiteral:
			return false
		case *ast.ReturnStatement:
			u.dropped(x.Argument)
		}
		return true
	})
}

func (u *contextUse) dropped(e ast.Expression) {
	switch x := e.(type) {
	case nil, *ast.NullLiteral, *ast.CallExpression, *ast.AwaitExpression:
		return
	case *ast.Identifier:
		if x.Name == "undefined" {
			return
		}
	case *ast.UnaryExpression:
		if x.Operator == token.VOID {
			return
		}
	}
	pos, ok := u.module.Places.of(int(e.Idx0()) - u.base)
	if !ok {
		pos = u.where
	}
	u.ds = append(u.ds, fault.Diagnostic{Pos: pos, Severity: fault.Warn, Code: "F230", Text: u.handler.Name + " returns a value, and declares none: nobody reads it", Fix: "Write returns: with its type, or return nothing"})
}

// takes says whether a function whose context is taken apart takes a part of it.
func (u *contextUse) takes(n ast.Node, name string) bool {
	p, ok := second(n).(*ast.ObjectPattern)
	return ok && slices.ContainsFunc(p.Properties, func(p ast.Property) bool {
		short, ok := p.(*ast.PropertyShort)
		return ok && short.Name.Name.String() == name
	})
}

// contextName is what the function calls its second parameter; "" if it takes it apart or has none.
func contextName(n ast.Node) string {
	if id, ok := second(n).(*ast.Identifier); ok {
		return id.Name.String()
	}
	return ""
}

// second is a function's second parameter; nil if it has none.
func second(n ast.Node) ast.BindingTarget {
	var list *ast.ParameterList
	switch f := n.(type) {
	case *ast.ArrowFunctionLiteral:
		list = f.ParameterList
	case *ast.FunctionLiteral:
		list = f.ParameterList
	}
	if list == nil || len(list.List) < 2 {
		return nil
	}
	return list.List[1].Target
}

// part says which part of the context an expression is: ctx.graph, or graph where the context is taken apart.
func part(e ast.Expression, ctx string) string {
	switch x := e.(type) {
	case *ast.DotExpression:
		if id, ok := x.Left.(*ast.Identifier); ok && ctx != "" && id.Name.String() == ctx {
			return x.Identifier.Name.String()
		}
	case *ast.Identifier:
		if ctx == "" {
			return x.Name.String()
		}
	}
	return ""
}

func (u *contextUse) metric(dot *ast.DotExpression, method string, args []ast.Expression) {
	kind := map[string]view.MetricKind{"count": view.Counter, "observe": view.Histogram}[method]
	if kind == "" || len(args) == 0 {
		return
	}
	name, ok := args[0].(*ast.StringLiteral)
	if !ok {
		u.complain(int(args[0].Idx0()), "F225", "Write the name itself", "which metric %s moves is known only while it runs", u.handler.Name)
		return
	}
	d := u.build.Metric(name.Value.String())
	if d == nil {
		var names []string
		for _, m := range u.build.Metrics {
			names = append(names, m.Name)
		}
		fix := "Declare it: " + string(kind) + "(" + quoteJS(name.Value.String()) + ", { labels: { … } })"
		if near := nearest(name.Value.String(), names); near != "" {
			fix = "Did you mean " + quoteJS(near) + "?"
		}
		u.complain(int(name.Idx), "F225", fix, "the metric %q is not declared", name.Value.String())
		return
	}
	if d.Kind != kind {
		u.complain(int(dot.Identifier.Idx), "F225", "Use "+map[view.MetricKind]string{view.Counter: "count", view.Histogram: "observe"}[d.Kind], "%s is a %s", d.Name, d.Kind)
		return
	}
	at := 1
	if kind == view.Histogram {
		at = 2
	}
	if len(args) <= at {
		return
	}
	labels, ok := args[at].(*ast.ObjectLiteral)
	if !ok {
		return
	}
	for _, p := range labels.Value {
		u.label(d, p)
	}
}

func (u *contextUse) label(d *view.Declared, p ast.Property) {
	var name string
	var value ast.Expression
	idx := int(p.Idx0())
	switch x := p.(type) {
	case *ast.PropertyShort:
		name = x.Name.Name.String()
	case *ast.PropertyKeyed:
		key, ok := x.Key.(*ast.StringLiteral)
		if !ok || x.Computed {
			return
		}
		name, value = key.Value.String(), x.Value
	default:
		return
	}
	i := slices.IndexFunc(d.Labels, func(l view.MetricLabel) bool { return l.Name == name })
	if i < 0 {
		u.complain(idx, "F226", "Declare it with its values: labels: { "+name+": [ … ] }", "%s has no label %q", d.Name, name)
		return
	}
	if text, ok := value.(*ast.StringLiteral); ok && !slices.Contains(d.Labels[i].Values, text.Value.String()) {
		u.complain(int(text.Idx), "F226", "It is one of "+strings.Join(d.Labels[i].Values, ", "), "label %q of %s is never %q", name, d.Name, text.Value.String())
	}
}

func quoteJS(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(text)
}
