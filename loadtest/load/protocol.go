package load

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	mediaJSON   = "application/json"
	mediaEvents = "text/event-stream"
)

// A gqlStep is what GraphQL sends beside variables.
type gqlStep struct {
	known, whole string // members of the body: without the document (its hash, or its id), and with it
	variables    template
	get          bool
	apq          bool
}

// protocol compiles what is asked and returns the path below the device.
func (c *compiler) protocol(st *step, r *Row, at jsontext.Pointer, known func(string) bool) string {
	asked := 0
	for _, is := range []bool{r.GraphQL != nil, r.JSONGraph != nil, r.Body != nil} {
		if is {
			asked++
		}
	}
	if asked > 1 {
		c.wrong(at, "it asks by one of graphql, jsonGraph and body, not by %d", asked)
	}
	path := r.Path
	switch {
	case r.GraphQL != nil:
		path = cmp.Or(path, "/graphql")
		c.graphql(st, r, at+"/graphql", known)
	case r.JSONGraph != nil:
		path = cmp.Or(path, "/model.json")
		c.jsonGraph(st, r.JSONGraph, at+"/jsonGraph", known)
	case r.Body != nil:
		st.media = mediaJSON
		st.body, _ = cutJSON(r.Body, known) // braces of its own are as good as any
	}
	if st.method == "" {
		st.method = http.MethodGet
		if st.body != nil || st.gql != nil && !st.gql.get {
			st.method = http.MethodPost
		}
	}
	if _, err := http.NewRequest(st.method, "http://x", nil); err != nil {
		c.wrong(at+"/method", "%q is no method", st.method)
	}
	return path
}

func (c *compiler) graphql(st *step, r *Row, at jsontext.Pointer, known func(string) bool) {
	g := r.GraphQL
	if (g.Query == "") == (g.Document == "") {
		c.wrong(at, "it has a query, or a trusted document's id: one of the two")
	}
	if g.APQ && g.Query == "" {
		c.wrong(at+"/apq", "a document's hash needs its query")
	}
	if g.Get && strings.Contains(g.Query, "mutation") && strings.HasPrefix(strings.TrimSpace(g.Query), "mutation") {
		c.wrong(at+"/get", "a mutation is sent by POST")
	}
	if g.Get && r.Method != "" {
		c.wrong(at+"/get", "it is asked by GET, and there is a method too")
	}
	st.gql = &gqlStep{get: g.Get, apq: g.APQ}
	if g.Variables != nil {
		if k := bytes.TrimLeft(g.Variables, " \t\r\n"); len(k) == 0 || k[0] != '{' {
			c.wrong(at+"/variables", "they are an object")
		}
		t, unknown := cutJSON(g.Variables, known)
		for _, name := range unknown {
			c.wrong(at+"/variables", "nothing is known for {%s}: it is no variable, and no earlier step saves it", name)
		}
		st.gql.variables = t
	}
	member := func(name, text string) string {
		if text == "" {
			return ""
		}
		quoted, _ := json.Marshal(text) // strings always marshal
		return fmt.Sprintf(",%q:%s", name, quoted)
	}
	operation := member("operationName", g.Operation)
	query := member("query", g.Query)
	switch {
	case g.Document != "":
		st.gql.known = member("documentId", g.Document) + operation
		st.gql.whole = st.gql.known
	case g.APQ:
		sum := sha256.Sum256([]byte(g.Query))
		hash := fmt.Sprintf(`,"extensions":{"persistedQuery":{"version":1,"sha256Hash":%q}}`, hex.EncodeToString(sum[:]))
		st.gql.known, st.gql.whole = operation+hash, query+operation+hash
	default:
		st.gql.known = query + operation
		st.gql.whole = st.gql.known
	}
}

// body is the JSON of a request.
func (g *gqlStep) body(variables string, whole bool) string {
	text := g.known
	if whole {
		text = g.whole
	}
	if variables != "" {
		text += `,"variables":` + variables
	}
	return "{" + strings.TrimPrefix(text, ",") + "}"
}

// query is the same as a URL's query.
func (g *gqlStep) query(body string) (string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		return "", fmt.Errorf("the variables are no JSON any more: %w", err)
	}
	q := url.Values{}
	for name, raw := range members {
		q.Set(name, valueOf(raw).text)
	}
	return q.Encode(), nil
}

// jsonGraph compiles get, set or call.
func (c *compiler) jsonGraph(st *step, g *JSONGraph, at jsontext.Pointer, known func(string) bool) {
	given := 0
	for name, raw := range map[string]json.RawMessage{"get": g.Get, "set": g.Set, "call": g.Call} {
		if raw == nil {
			continue
		}
		given++
		first := byte('{')
		if name == "get" {
			first = '['
		}
		if k := bytes.TrimLeft(raw, " \t\r\n"); len(k) == 0 || k[0] != first {
			c.wrong(at+"/"+jsontext.Pointer(name), "it is %s", map[byte]string{'{': "an object", '[': "a list of paths"}[first])
		}
	}
	if given != 1 {
		c.wrong(at, "it has %d of get, set and call; exactly one", given)
		return
	}
	var body string
	switch {
	case g.Get != nil && !g.Post:
		st.query, _ = cut("?method=get&paths="+escapeOutside(string(compact(g.Get))), known, func(int, int) form { return inBoth })
		return
	case g.Get != nil:
		body = `{"method":"get","paths":` + string(compact(g.Get)) + "}"
	case g.Set != nil:
		body = `{"method":"set","jsonGraph":` + string(compact(g.Set)) + "}"
	default:
		body = `{"method":"call",` + strings.TrimPrefix(string(compact(g.Call)), "{")
	}
	st.media = mediaJSON
	st.body, _ = cutJSON([]byte(body), known)
}

// escapeOutside escapes a text for a URL's query, but not its places for values.
func escapeOutside(text string) string {
	var b strings.Builder
	last := 0
	for _, m := range placeName.FindAllStringIndex(text, -1) {
		b.WriteString(url.QueryEscape(text[last:m[0]]) + text[m[0]:m[1]])
		last = m[1]
	}
	return b.String() + url.QueryEscape(text[last:])
}

func compact(raw []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

// names is what the paths ask for first.
func (g *JSONGraph) names() string {
	var paths [][]json.RawMessage
	if g.Get != nil && json.Unmarshal(g.Get, &paths) == nil && len(paths) > 0 && len(paths[0]) > 0 {
		return valueOf(paths[0][0]).text
	}
	var call struct {
		CallPath []json.RawMessage `json:"callPath"`
	}
	if g.Call != nil && json.Unmarshal(g.Call, &call) == nil && len(call.CallPath) > 0 {
		return valueOf(call.CallPath[len(call.CallPath)-1]).text
	}
	if g.Set != nil {
		return "set"
	}
	return ""
}

// request makes one request. whole sends a document that the edge turned out not to know by its hash.
func (st *step) request(ctx context.Context, base string, sc *scope, whole bool) (*http.Request, error) {
	at, body, media := base+st.path.fill(sc)+st.query.fill(sc), "", ""
	switch {
	case st.gql != nil:
		body, media = st.gql.body(st.gql.variables.fill(sc), whole), mediaJSON
		if st.gql.get {
			q, err := st.gql.query(body)
			if err != nil {
				return nil, err
			}
			at, body, media = at+"?"+q, "", ""
		}
	case st.body != nil:
		body, media = st.body.fill(sc), st.media
	}
	req, err := http.NewRequestWithContext(ctx, st.method, at, nil)
	if err != nil {
		return nil, err
	}
	if body != "" {
		req, err = http.NewRequestWithContext(ctx, st.method, at, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	if st.row.Stream != nil {
		req.Header.Set("Accept", mediaEvents)
	}
	if st.row.JSONGraph != nil && st.method == http.MethodPost {
		req.Header.Set("X-Requested-With", "load")
	}
	for _, h := range st.headers {
		req.Header.Set(h.name, h.value.fill(sc))
	}
	return req, nil
}
