package graphql

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	gqlgen "github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"facet/composer"
	"facet/fault"
	"facet/serve"
)

// A reply writes one answer.
type reply struct {
	h         *Handler
	w         http.ResponseWriter
	r         *http.Request
	c         *call
	media     string
	operation string
	sent      bool

	length, context [1]string // values of headers
}

// value is a header's value in a place of the reply's own.
func (re *reply) value(at *[1]string, v string) []string {
	at[0] = v
	return at[:]
}

// StatusPartial says that there is data beside errors (GraphQL over HTTP, edition of September 2026).
const StatusPartial = 294

// accept settles the media type; it is false if it has answered that there is none.
func (re *reply) accept() bool {
	if h := re.w.Header(); len(h["Vary"]) == 0 {
		h["Vary"] = varyAccept
	} else {
		h.Add("Vary", "Accept")
	}
	media, ok := negotiate(re.r.Header["Accept"])
	if !ok {
		re.media = mediaGraphQL
		re.misused(&misuse{status: http.StatusNotAcceptable, err: fault.New(fault.Invalid, "the answer is application/graphql-response+json or application/json")})
		return false
	}
	re.media = media
	return true
}

// misused answers what is no GraphQL-over-HTTP request.
func (re *reply) misused(m *misuse) {
	status := m.status
	if re.h.draft && m.draft != 0 {
		status = m.draft
	}
	if m.allow != "" {
		re.w.Header().Set("Allow", m.allow)
	}
	re.c.failed = m.err
	re.write(status, gqlerror.List{request(m.err)}, nil, nil)
}

// refused answers a request error: there is no data.
func (re *reply) refused(errs gqlerror.List) {
	re.write(re.h.refusal(re.c.failed, re.media), errs, nil, re.near())
}

// near adds the near names of a route that is not there.
func (re *reply) near() map[string]any {
	if len(re.c.near) == 0 {
		return nil
	}
	return map[string]any{"near": re.c.near}
}

// refusal is the status of a request error.
func (h *Handler) refusal(f *fault.Error, media string) int {
	switch f.Kind {
	case fault.Invalid:
		parse := errors.Is(f.Err, errParse)
		switch {
		case h.draft && media == mediaJSON:
			return http.StatusOK
		case h.draft, parse:
			return http.StatusBadRequest
		}
		return http.StatusUnprocessableEntity
	case fault.Limit:
		if h.draft {
			return http.StatusBadRequest
		}
	}
	return serve.Status(f.Kind)
}

// answered writes what was answered.
func (re *reply) answered(resp *gqlgen.Response) {
	status := http.StatusOK
	if len(resp.Errors) > 0 && !re.h.draft {
		status = StatusPartial
	}
	var ext map[string]any
	put := func(name string, v any) {
		if ext == nil {
			ext = map[string]any{}
		}
		ext[name] = v
	}
	for name, v := range resp.Extensions {
		put(name, v)
	}
	if p := re.c.part; p != nil {
		if len(p.Degraded) > 0 {
			put("degraded", p.Degraded)
		}
		if len(p.Shortened) > 0 {
			put("shortened", composer.Briefly(p.Shortened))
		}
		if inv := invalidated(p.Invalidated); len(inv) > 0 {
			put("invalidated", inv)
		}
		if re.cached(p, resp.Data) {
			return
		}
	}
	re.write(status, resp.Errors, resp.Data, ext)
}

// A stale is one entry of extensions.invalidated.
type stale struct {
	Typename string `json:"typename"`
	ID       string `json:"id,omitempty"` // without it: every entity of the type
	Field    string `json:"field"`
}

func invalidated(list []composer.Invalidated) []stale {
	out := make([]stale, 0, len(list))
	for _, i := range list {
		if i.Shape == "" {
			out = append(out, stale{Typename: "Query", Field: i.View})
		} else {
			out = append(out, stale{Typename: i.Shape, ID: i.ID, Field: i.Field})
		}
	}
	return out
}

// write sends an answer: errors first, so that people see them. data nil leaves the member out, as a request error must.
func (re *reply) write(status int, errs gqlerror.List, data []byte, ext map[string]any) {
	if re.sent {
		return
	}
	re.sent = true
	head, tail := headOf(errs, data != nil), tailOf(ext)

	header := re.w.Header()
	media := re.media
	if status >= 300 && !re.h.draft { // only 2xx can be told from an intermediary's by a client of application/json
		media = mediaGraphQL
	}
	header["Content-Type"] = contentTypes[media]
	header["X-Content-Type-Options"] = nosniff
	if status >= 300 || len(header["Cache-Control"]) == 0 {
		serve.NoStore(header)
	}
	header["Content-Length"] = re.value(&re.length, strconv.Itoa(len(head)+len(data)+len(tail)))
	re.done(status)
	re.w.WriteHeader(status)
	if p := re.c.part; p != nil && len(data) > 0 && len(p.Data) == len(data) && &p.Data[0] == &data[0] {
		if whole, ok := p.Frame(head, tail); ok {
			_, _ = re.w.Write(whole) // the device may be gone
			return
		}
	}
	for _, b := range [...][]byte{head, data, tail} {
		if _, err := re.w.Write(b); err != nil { // the device went away
			return
		}
	}
}

// Values of headers that many answers have. They are shared: nobody writes into them, and adding to one copies it.
var (
	contentTypes = map[string][]string{mediaGraphQL: {mediaGraphQL + "; charset=utf-8"}, mediaJSON: {mediaJSON + "; charset=utf-8"}}
	nosniff      = []string{"nosniff"}
	varyAccept   = []string{"Accept"}
)

// What stands around the data of an answer that has nothing else.
var (
	justData = []byte(`{"data":`)
	justEnd  = []byte(`}`)
)

// headOf is what stands before data.
func headOf(errs gqlerror.List, data bool) []byte {
	if len(errs) == 0 && data {
		return justData
	}
	var b bytes.Buffer
	b.WriteByte('{')
	if len(errs) > 0 {
		b.WriteString(`"errors":`)
		writeErrors(&b, errs)
	}
	if data {
		b.WriteString(`,"data":`)
	}
	return b.Bytes()
}

// tailOf is what stands behind data.
func tailOf(ext map[string]any) []byte {
	if len(ext) == 0 {
		return justEnd
	}
	text, err := json.Marshal(ext)
	if err != nil {
		return justEnd
	}
	return append(append([]byte(`,"extensions":`), text...), '}')
}

// maxErrors bounds the errors of one answer; those past it are counted in the last.
const maxErrors = 200

func writeErrors(b *bytes.Buffer, errs gqlerror.List) {
	b.WriteByte('[')
	for i, e := range errs {
		if i > 0 {
			b.WriteByte(',')
		}
		if i == maxErrors {
			e = request(fault.New(fault.Limit, "and %d more errors", len(errs)-maxErrors))
		}
		text, err := json.Marshal(e)
		if err != nil {
			text = []byte(`{"message":"internal error","extensions":{"code":"internal"}}`)
		}
		b.Write(text)
		if i == maxErrors {
			break
		}
	}
	b.WriteByte(']')
}
