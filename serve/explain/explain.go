// Package explain answers ?explain=1: beside what a request asks for, the tier operations that it took, on a time line, as JSON, text or a page.
package explain

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"facet/composer"
	"facet/fault"
	"facet/serve"
)

// param is the query parameter that asks. Its values are "1", "true", "json", "text" and "html".
const param = "explain"

// A form is how the time line is written.
type form string

const (
	asJSON form = "json" // in extensions.explain of the protocol's own answer
	asText form = "text"
	asHTML form = "html"
)

// Handler lets requests to next be explained: those of every protocol that carry ?explain=1. The form is that of the Accept
// header (text/html, text/plain, else JSON), or said by the parameter: ?explain=text. The JSON is the protocol's own answer
// with extensions.explain in it; where that is no object, {"answer": "…", "extensions": …}. An explained answer is never kept by a
// cache. Where it is not allowed, a request that asks for it is refused with 403, so that nobody waits for what does not come.
//
// Streams are not explained. A time line has the names of operations, times and counts, and no key, argument or value: who may ask sees of guarded
// entities how many there were, not which.
func Handler(allowed bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.RawQuery, param) {
			next.ServeHTTP(w, r)
			return
		}
		value, rest, ok := take(r.URL.RawQuery)
		stream := r.Header.Get("Upgrade") != "" || strings.Contains(r.Header.Get("Accept"), "text/event-stream")
		if !ok || stream || strings.Count(r.URL.Path, "/") < 3 {
			next.ServeHTTP(w, r)
			return
		}
		if !allowed {
			serve.ProblemOf(&fault.Error{Kind: fault.Forbidden, Message: "this environment explains no requests"}).Write(w)
			return
		}
		f, ok := formOf(value, r.Header.Get("Accept"))
		if !ok {
			serve.ProblemOf(fault.New(fault.Invalid, "explain is 1, json, text or html")).Write(w)
			return
		}
		run(w, r, next, f, rest)
	})
}

// take cuts the parameter out of a query and leaves the others as they are.
func take(query string) (value, rest string, ok bool) {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, v, _ := strings.Cut(part, "=")
		if name == param && !ok {
			value, ok = v, true
			continue
		}
		kept = append(kept, part)
	}
	return value, strings.Join(kept, "&"), ok
}

func formOf(value, accept string) (form, bool) {
	switch value {
	case string(asJSON), string(asText), string(asHTML):
		return form(value), true
	case "", "1", "true":
	default:
		return "", false
	}
	switch {
	case strings.Contains(accept, "text/html"):
		return asHTML, true
	case strings.Contains(accept, "text/plain"):
		return asText, true
	}
	return asJSON, true
}

// run asks next and writes what it took.
func run(w http.ResponseWriter, r *http.Request, next http.Handler, f form, query string) {
	times := composer.NewTimeline()
	asked := r.Clone(composer.WithWatcher(r.Context(), times))
	asked.URL.RawQuery = query
	asked.RequestURI = asked.URL.RequestURI()
	asked.Header.Del("If-None-Match")
	if f != asJSON {
		asked.Header.Set("Accept", "application/json")
	}
	a := &answer{header: w.Header(), status: http.StatusOK}
	next.ServeHTTP(a, asked)
	doc := newDocument(times.Read(), r.Method, r.URL.Path, a.status, a.body.Len())
	h := w.Header()
	serve.NoStore(h)
	var body []byte
	switch f {
	case asText:
		h.Set("Content-Type", "text/plain; charset=utf-8")
		body = doc.text()
	case asHTML:
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		body = doc.page()
	default:
		if !strings.Contains(h.Get("Content-Type"), "json") {
			h.Set("Content-Type", "application/json")
		}
		body = beside(a.body.Bytes(), doc)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// An answer is what next wrote. Its header is the true one.
type answer struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(code int) {
	if !a.wrote && code >= 200 {
		a.status, a.wrote = code, true
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.wrote = true
	return a.body.Write(b)
}

// beside puts the document into a protocol's answer.
func beside(body []byte, d *document) []byte {
	text, err := json.Marshal(d)
	if err != nil {
		return body // numbers and strings always marshal
	}
	members, ok := readObject(body)
	if !ok {
		said, _ := json.Marshal(string(body)) // a string always marshals
		members = []member{{"answer", said}}
	}
	extensions := []member{}
	for _, m := range members {
		if m.name == "extensions" {
			extensions, _ = readObject(m.value)
		}
	}
	return writeObject(set(members, "extensions", writeObject(set(extensions, param, text))))
}

// A member is one of an object whose order is kept.
type member struct {
	name  string
	value json.RawMessage
}

func readObject(text []byte) ([]member, bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	var out []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, false
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, false
		}
		out = append(out, member{name.(string), v}) // the decoder has no other tokens for names
	}
	_, err := d.Token()
	return out, err == nil
}

func set(list []member, name string, value []byte) []member {
	for i := range list {
		if list[i].name == name {
			list[i].value = value
			return list
		}
	}
	return append(list, member{name, value})
}

func writeObject(list []member) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(m.name) // a string always marshals
		b.Write(name)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}
