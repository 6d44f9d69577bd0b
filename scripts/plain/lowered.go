package plain

import (
	"strings"

	"github.com/dop251/goja/ast"
)

// What the bundler writes for newer syntax than the engine's: {...a}, { a, ...rest } and **. Its own functions use what is left out here,
// so they are known by their text. A test builds a package to see that the bundler still writes them.
var bundlers = map[string]string{
	"defProp":           `Object.defineProperty`,
	"defProps":          `Object.defineProperties`,
	"getOwnPropDescs":   `Object.getOwnPropertyDescriptors`,
	"getOwnPropSymbols": `Object.getOwnPropertySymbols`,
	"hasOwnProp":        `Object.prototype.hasOwnProperty`,
	"propIsEnum":        `Object.prototype.propertyIsEnumerable`,
	"defNormalProp":     `(obj,key,value)=>keyinobj?__defProp(obj,key,{enumerable:true,configurable:true,writable:true,value}):obj[key]=value`,
	"spreadValues": `(a,b)=>{for(varpropinb||(b={}))if(__hasOwnProp.call(b,prop))__defNormalProp(a,prop,b[prop]);` +
		`if(__getOwnPropSymbols)for(varpropof__getOwnPropSymbols(b)){if(__propIsEnum.call(b,prop))__defNormalProp(a,prop,b[prop]);}returna;}`,
	"spreadProps": `(a,b)=>__defProps(a,__getOwnPropDescs(b))`,
	"objRest": `(source,exclude)=>{vartarget={};for(varpropinsource)if(__hasOwnProp.call(source,prop)&&exclude.indexOf(prop)<0)target[prop]=source[prop];` +
		`if(source!=null&&__getOwnPropSymbols)for(varpropof__getOwnPropSymbols(source)){if(exclude.indexOf(prop)<0&&__propIsEnum.call(source,prop))target[prop]=source[prop];}returntarget;}`,
}

// needs are the bundler's functions that others call.
var needs = map[string][]string{
	"defNormalProp": {"defProp"},
	"spreadValues":  {"hasOwnProp", "defNormalProp", "getOwnPropSymbols", "propIsEnum"},
	"spreadProps":   {"defProps", "getOwnPropDescs"},
	"objRest":       {"hasOwnProp", "getOwnPropSymbols", "propIsEnum"},
}

// lowered finds the bundler's functions among what stands around the function. end is where that ends, as goja counts.
func (c *compiler) lowered(list []ast.Statement, end int, root *scope) {
	for i, st := range list {
		v, ok := st.(*ast.VariableStatement)
		if !ok || len(v.List) != 1 || v.List[0].Initializer == nil {
			continue
		}
		id, ok := v.List[0].Target.(*ast.Identifier)
		if !ok {
			continue
		}
		name := string(id.Name)
		want := bundlers[strings.TrimPrefix(name, "__")]
		if want == "" || !strings.HasPrefix(name, "__") {
			continue
		}
		to := end
		if i+1 < len(list) {
			to = int(list[i+1].Idx0())
		}
		from := int(id.Idx) + len(name)
		text := strings.TrimSuffix(strings.Join(strings.Fields(c.source[from-1:to-1]), ""), ";")
		if text == "="+want {
			root.names[name] = &binding{fn: root.fn, fixed: true, lowered: name[2:]}
		}
	}
	for name, of := range needs {
		if root.names["__"+name] == nil {
			continue
		}
		for _, need := range of {
			if n := root.names["__"+need]; n == nil || n.lowered == "" {
				delete(root.names, "__"+name)
				break
			}
		}
	}
}

func (c *compiler) loweredCall(at ast.Node, n *binding) native {
	switch n.lowered {
	case "spreadValues", "spreadProps":
		return spreadInto
	case "objRest":
		return objRest
	}
	c.no(at, "__%s()", n.lowered)
	return nil
}

// spreadInto is {...b} into a, which was made for it.
func spreadInto(c *call, _ val, args []val) val {
	a := arg(args, 0)
	if a.tag != pObject || !a.obj().own {
		leave()
	}
	c.spread(a.obj(), arg(args, 1))
	return a
}

func objRest(c *call, _ val, args []val) val {
	from, names := arg(args, 0), arg(args, 1)
	if names.tag != pList {
		leave()
	}
	var without []string
	for _, n := range c.read(names.obj()).vals {
		if n.tag != pString {
			leave()
		}
		without = append(without, n.str())
	}
	return c.without(from, without)
}
