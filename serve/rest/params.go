package rest

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"facet/composer"
	"facet/fault"
	"facet/view"
)

// A request's parameters, apart.
type params struct {
	fields  string
	choose  bool                       // fields was given
	args    map[string]json.RawMessage // of GET, by name
	first   map[string]int             // by the list's path
	after   map[string]int             // by the list's path: the opened cursor
	ordered []string                   // the lists that are named, in order
}

// readQuery reads a URL's query. args are the arguments that may stand there.
func readQuery(raw string, args []*view.Arg, l Limits) (*params, error) {
	if len(raw) > l.Query {
		return nil, &fault.Error{Kind: fault.TooLarge, Message: "the query is past the limit of " + strconv.Itoa(l.Query) + " bytes"}
	}
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Message: "the query is not percent-encoded as it should be", Err: err}
	}
	p := &params{args: map[string]json.RawMessage{}, first: map[string]int{}, after: map[string]int{}}
	names := make([]string, 0, len(q))
	for name := range q {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := q[name]
		list, what := "", name
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			list, what = name[:i], name[i+1:]
		}
		switch {
		case name == "fields":
			p.fields, p.choose = strings.Join(values, ","), true
		case what == "first" || what == "after":
			if len(values) > 1 {
				return nil, fault.New(fault.Invalid, "%s is given %d times", clip(name), len(values))
			}
			if err := p.window(list, what, values[0]); err != nil {
				return nil, err
			}
		default:
			i := slices.IndexFunc(args, func(a *view.Arg) bool { return a.Name == name })
			if i < 0 {
				return nil, unknown("argument", "there is no argument", name, argNames(args))
			}
			v, err := argument(args[i], values)
			if err != nil {
				return nil, err
			}
			p.args[name] = v
		}
	}
	return p, nil
}

func argNames(args []*view.Arg) []string {
	names := []string{"fields"}
	for _, a := range args {
		names = append(names, a.Name)
	}
	return names
}

func (p *params) window(list, what, value string) error {
	if !slices.Contains(p.ordered, list) {
		p.ordered = append(p.ordered, list)
	}
	if what == "first" {
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil || n < 0 {
			return fault.New(fault.Invalid, "%s is %q, not a number from 0", clip(join(list, what)), clip(value))
		}
		p.first[list] = int(n)
		return nil
	}
	n, ok := composer.DecodeCursor(value)
	if !ok {
		return fault.New(fault.Invalid, "%s is %q, which no page gave as its next", clip(join(list, what)), clip(value))
	}
	p.after[list] = n
	return nil
}

// windows are the request's windows for those of a selection.
func (p *params) windows(of []string) ([]composer.Window, error) {
	for _, list := range p.ordered {
		if !slices.Contains(of, list) {
			known := make([]string, 0, 2*len(of))
			for _, w := range of {
				known = append(known, join(w, "first"), join(w, "after"))
			}
			return nil, unknown("argument", "no paged list is answered at", join(list, "first"), known)
		}
	}
	out := make([]composer.Window, len(of))
	for i, list := range of {
		out[i] = composer.Window{First: -1, After: p.after[list]}
		if n, ok := p.first[list]; ok {
			out[i].First = n
		}
	}
	return out, nil
}

// argument turns the values of a query parameter into JSON. Lists and inputs stand there as JSON; a list of scalars may
// also be its parameter repeated. What the value may be is checked against its declaration by whoever answers.
func argument(a *view.Arg, values []string) (json.RawMessage, error) {
	if a.Type.List() {
		if len(values) == 1 && strings.HasPrefix(strings.TrimSpace(values[0]), "[") {
			return jsonText(a, values[0])
		}
		out := []byte{'['}
		for i, v := range values {
			if i > 0 {
				out = append(out, ',')
			}
			item, err := scalar(a, a.Type.Named(), v)
			if err != nil {
				return nil, err
			}
			out = append(out, item...)
		}
		return append(out, ']'), nil
	}
	if len(values) > 1 {
		return nil, fault.New(fault.Invalid, "the argument %s is given %d times", a.Name, len(values))
	}
	return scalar(a, a.Type.Named(), values[0])
}

func scalar(a *view.Arg, typ, v string) (json.RawMessage, error) {
	switch typ {
	case "Int", "Float", "Boolean":
		t := strings.TrimSpace(v)
		if !json.Valid([]byte(t)) || t[0] == '"' || t[0] == '{' || t[0] == '[' {
			return nil, fault.New(fault.Invalid, "the argument %s is %q, not of the type %s", a.Name, clip(v), typ)
		}
		return json.RawMessage(t), nil
	}
	if strings.HasPrefix(strings.TrimSpace(v), "{") && typ != "ID" && typ != "String" {
		return jsonText(a, v)
	}
	return quote(v), nil
}

func jsonText(a *view.Arg, v string) (json.RawMessage, error) {
	if !json.Valid([]byte(v)) {
		return nil, fault.New(fault.Invalid, "the argument %s is not JSON", a.Name)
	}
	return json.RawMessage(v), nil
}

func quote(s string) []byte {
	b, err := json.Marshal(strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil {
		panic(err) // a string always marshals
	}
	return b
}

// readBody reads a mutation's arguments: a JSON object, or nothing.
func readBody(data []byte, args []*view.Arg) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(data)) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(data, &out); err != nil || out == nil {
		return nil, &fault.Error{Kind: fault.Invalid, Message: "the body is not a JSON object of arguments", Err: err}
	}
	names := make([]string, 0, len(out))
	for name := range out {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.ContainsFunc(args, func(a *view.Arg) bool { return a.Name == name }) {
			return nil, unknown("argument", "there is no argument", name, argNames(args)[1:])
		}
	}
	return out, nil
}
