package graphql

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// A glance is a request read as far as it takes to find a document that is known. What is unusual about a request, legal or not, ends
// the glance: it is then read in full, which says what is wrong with it.
type glance struct {
	dec jsontext.Decoder
	in  bytes.Buffer

	text      []byte // the document, as it stands in JSON with its quotes
	plain     string // or as it is
	operation string
	id        string // of a trusted document
	hash      string // of a persisted query, in lower case
	variables []byte // JSON; nil: none were given
}

var glances = sync.Pool{New: func() any { return new(glance) }}

func (g *glance) drop() {
	g.in = bytes.Buffer{}
	g.dec.Reset(&g.in) // it must not hold on to the body
	g.text, g.plain, g.operation, g.id, g.hash, g.variables = nil, "", "", "", "", nil
	glances.Put(g)
}

// members goes through a JSON object; false if it is none, or unusual. Names are given with their quotes.
func (g *glance) members(data []byte, yield func(name, value []byte) bool) bool {
	g.in = *bytes.NewBuffer(data)
	g.dec.Reset(&g.in)
	if tok, err := g.dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return false
	}
	// What the decoder gives lies in data, and is valid there after it has gone on.
	last := func(v jsontext.Value) []byte {
		end := int(g.dec.InputOffset())
		return data[end-len(v) : end]
	}
	for g.dec.PeekKind() == '"' {
		v, err := g.dec.ReadValue()
		if err != nil {
			return false
		}
		name := last(v)
		if v, err = g.dec.ReadValue(); err != nil || !yield(name, last(v)) {
			return false
		}
	}
	if tok, err := g.dec.ReadToken(); err != nil || tok.Kind() != '}' {
		return false
	}
	_, err := g.dec.ReadToken()
	return errors.Is(err, io.EOF)
}

// inner is a JSON string without escapes; null is "".
func inner(v []byte) (string, bool) {
	switch {
	case string(v) == "null":
		return "", true
	case len(v) < 2 || v[0] != '"' || bytes.IndexByte(v, '\\') >= 0:
		return "", false
	}
	return string(v[1 : len(v)-1]), true
}

// post reads a body.
func (g *glance) post(data []byte, l *Limits) bool {
	var extensions []byte
	ok := g.members(data, func(name, value []byte) (ok bool) {
		switch string(name) {
		case `"query"`:
			if g.text = value; string(value) == "null" {
				g.text = nil
				return true
			}
			return value[0] == '"'
		case `"operationName"`:
			g.operation, ok = inner(value)
			return ok
		case `"documentId"`:
			g.id, ok = inner(value)
			return ok
		case `"variables"`:
			g.variables = value
		case `"extensions"`:
			extensions = value
		default:
			return bytes.IndexByte(name, '\\') < 0 // it might be one of these, spelled otherwise
		}
		return true
	})
	return ok && g.rest(extensions, l)
}

// get reads a URL's query. Of a parameter that stands twice, the first one counts.
func (g *glance) get(query string, l *Limits) bool {
	var extensions []byte
	seen := 0
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(name, "%+") || strings.IndexByte(pair, ';') >= 0 {
			return false
		}
		value, err := url.QueryUnescape(value)
		if err != nil {
			return false
		}
		bit := 0
		switch name {
		case "query":
			bit = 1
		case "operationName":
			bit = 2
		case "documentId":
			bit = 4
		case "variables":
			bit = 8
		case "extensions":
			bit = 16
		}
		if bit == 0 || seen&bit != 0 {
			continue
		}
		seen |= bit
		switch bit {
		case 1:
			g.plain = value
		case 2:
			g.operation = value
		case 4:
			g.id = value
		case 8:
			if value != "" {
				g.variables = []byte(value)
			}
		case 16:
			if value != "" {
				extensions = []byte(value)
			}
		}
	}
	return g.rest(extensions, l)
}

// rest looks at what is beside the document.
func (g *glance) rest(extensions []byte, l *Limits) bool {
	for _, v := range [][]byte{g.variables, extensions} {
		if len(v) > l.Variables || len(v) > 0 && v[0] != '{' && string(v) != "null" || depth(v) > maxNesting {
			return false
		}
	}
	if string(g.variables) == "null" {
		g.variables = nil
	}
	if len(extensions) == 0 || extensions[0] != '{' {
		return true
	}
	var persisted []byte
	if !g.members(extensions, func(name, value []byte) bool {
		if string(name) == `"persistedQuery"` && string(value) != "null" {
			persisted = value
		}
		return bytes.IndexByte(name, '\\') < 0
	}) {
		return false
	}
	if persisted == nil {
		return true
	}
	version := false
	ok := g.members(persisted, func(name, value []byte) (ok bool) {
		switch string(name) {
		case `"version"`:
			version = string(value) == "1"
		case `"sha256Hash"`:
			g.hash, ok = inner(value)
			return ok && len(g.hash) == 64 && g.hash == strings.ToLower(g.hash)
		}
		return bytes.IndexByte(name, '\\') < 0
	})
	return ok && version && g.hash != ""
}

// simple reads variables whose types are GraphQL's own scalars, as the executor would; false: it has to.
func (g *glance) simple(p *program) (map[string]any, bool) {
	if !p.simple {
		return nil, false
	}
	vars := make(map[string]any, len(p.op.VariableDefinitions))
	if len(g.variables) > 0 && !g.members(g.variables, func(name, value []byte) bool {
		if bytes.IndexByte(name, '\\') >= 0 {
			return false
		}
		for _, v := range p.op.VariableDefinitions {
			if string(name[1:len(name)-1]) == v.Variable {
				x, ok := scalarOf(v.Type.NamedType, value, v.Type.NonNull)
				vars[v.Variable] = x
				return ok
			}
		}
		return true // it is not asked for
	}) {
		return nil, false
	}
	for i, v := range p.op.VariableDefinitions {
		if _, given := vars[v.Variable]; given {
			continue
		}
		switch {
		case v.DefaultValue != nil && (p.defaults[i] != nil || !v.Type.NonNull):
			vars[v.Variable] = p.defaults[i]
		case v.DefaultValue != nil || v.Type.NonNull:
			return nil, false
		}
	}
	return vars, true
}

// scalarOf is a variable's value as validator.VariableValues makes it; false: it has to say.
func scalarOf(typ string, value []byte, nonNull bool) (any, bool) {
	switch value[0] {
	case 'n':
		return nil, !nonNull
	case 't', 'f':
		return value[0] == 't', typ == "Boolean"
	case '"':
		if typ != "String" && typ != "ID" || bytes.IndexByte(value, '\\') >= 0 {
			return nil, false
		}
		return string(value[1 : len(value)-1]), true
	case '{', '[':
		return nil, false
	}
	if typ != "Int" {
		return nil, false
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	return n, err == nil
}

// at reads a request; false: it has to be read in full. A POST's body is in data.
func (g *glance) at(r *http.Request, data []byte, l *Limits) bool {
	if r.Method == http.MethodPost {
		return g.post(data, l)
	}
	return len(r.URL.RawQuery) <= l.URL && g.get(r.URL.RawQuery, l)
}
