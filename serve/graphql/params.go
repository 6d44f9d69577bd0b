package graphql

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	gqlgen "github.com/99designs/gqlgen/graphql"

	"facet/fault"
	"facet/serve"
)

// A misuse is a request that is no GraphQL-over-HTTP request, with the status that says how.
type misuse struct {
	status int // in the edition of 2026
	draft  int // before it; 0: the same
	err    *fault.Error
	allow  string // with 405
}

func wrongShape(format string, args ...any) *misuse {
	return &misuse{status: http.StatusUnprocessableEntity, draft: http.StatusBadRequest, err: fault.New(fault.Invalid, format, args...)}
}

// params reads what a request asks: the parameters, and the id of a trusted document if it names one.
func (h *Handler) params(r *http.Request, body []byte) (*gqlgen.RawParams, string, *misuse) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return h.get(r)
	case http.MethodPost:
		return h.post(body)
	}
	return nil, "", &misuse{status: http.StatusMethodNotAllowed, err: fault.New(fault.Invalid, "the method is GET or POST"), allow: "GET, HEAD, POST"}
}

// safe says whether a method must change nothing.
func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

func (h *Handler) get(r *http.Request) (*gqlgen.RawParams, string, *misuse) {
	if max := h.limits.URL; len(r.URL.RawQuery) > max {
		return nil, "", &misuse{status: http.StatusRequestURITooLong, err: fault.New(fault.TooLarge, "the URL's query is past the limit of %d bytes; POST it", max)}
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, "", &misuse{status: http.StatusBadRequest, err: fault.New(fault.Invalid, "the URL's query cannot be read")}
	}
	p := &gqlgen.RawParams{Query: q.Get("query"), OperationName: q.Get("operationName")}
	for name, dst := range map[string]*map[string]any{"variables": &p.Variables, "extensions": &p.Extensions} {
		if text := q.Get(name); text != "" {
			if m := h.object([]byte(text), name, dst); m != nil {
				return nil, "", m
			}
		}
	}
	id := q.Get("documentId")
	if p.Query == "" && id == "" && p.Extensions["persistedQuery"] == nil {
		return nil, "", wrongShape("query: it must be given")
	}
	return p, id, nil
}

// body reads a POST's body into the call.
func (h *Handler) body(w http.ResponseWriter, r *http.Request, c *call) *misuse {
	if !isJSON(r.Header.Get("Content-Type")) {
		return &misuse{status: http.StatusUnsupportedMediaType, err: fault.New(fault.Invalid, "the Content-Type is application/json in UTF-8")}
	}
	if max := h.limits.Body; r.ContentLength > int64(max) {
		return &misuse{status: http.StatusRequestEntityTooLarge, err: fault.New(fault.TooLarge, "the body is past the limit of %d bytes", max)}
	}
	data, err := serve.Body(w, r, h.limits.Body)
	if err != nil {
		f := fault.New(fault.KindOf(err), "%s", fault.Public(err))
		return &misuse{status: serve.Status(f.Kind), err: f}
	}
	c.body = data
	return nil
}

// post reads the JSON of a POST. Members are read one by one, so that one of a wrong type can be named.
func (h *Handler) post(data []byte) (*gqlgen.RawParams, string, *misuse) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		if json.Valid(data) {
			return nil, "", wrongShape("the body is no JSON object")
		}
		return nil, "", &misuse{status: http.StatusBadRequest, err: fault.New(fault.Invalid, "the body is no JSON")}
	}
	p := &gqlgen.RawParams{}
	id := ""
	for _, s := range []struct {
		name string
		dst  *string
	}{{"query", &p.Query}, {"operationName", &p.OperationName}, {"documentId", &id}} {
		if text := members[s.name]; text != nil && json.Unmarshal(text, s.dst) != nil {
			return nil, "", wrongShape("%s: it must be a string", s.name)
		}
	}
	if m := h.object(members["variables"], "variables", &p.Variables); m != nil {
		return nil, "", m
	}
	if m := h.object(members["extensions"], "extensions", &p.Extensions); m != nil {
		return nil, "", m
	}
	if p.Query == "" && id == "" && p.Extensions["persistedQuery"] == nil {
		return nil, "", wrongShape("query: it must be given")
	}
	return p, id, nil
}

// object reads a member that is an object, null or not there. Numbers keep their text.
func (h *Handler) object(text []byte, name string, dst *map[string]any) *misuse {
	if text == nil {
		return nil
	}
	if max := h.limits.Variables; len(text) > max {
		return &misuse{status: http.StatusRequestEntityTooLarge, err: fault.New(fault.TooLarge, "%s: past the limit of %d bytes", name, max)}
	}
	if depth(text) > maxNesting {
		return wrongShape("%s: past the limit of %d levels of depth", name, maxNesting)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(dst); err != nil {
		return wrongShape("%s: it must be an object", name)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return wrongShape("%s: it is one object", name)
	}
	return nil
}

// maxNesting is how deep variables and extensions may be.
const maxNesting = 64

// depth is the nesting of a JSON text; for what is no JSON it is some number.
func depth(text []byte) int {
	deepest, now, inString := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
