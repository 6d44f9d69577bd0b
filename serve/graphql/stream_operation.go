package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"facet/asker"
	"facet/fault"
)

// ofConnection are the headers of a request for a stream that are not those of its operations.
var ofConnection = []string{"Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions",
	"Content-Length", "Content-Encoding", "Transfer-Encoding", "Te", "Trailer", "Expect", "Origin", "Accept-Encoding", "If-None-Match", "If-Match", "Range"}

// saying are the headers that connection_init's payload may give.
var saying = []string{"Authorization", "Accept-Language", asker.HeaderViewer, asker.HeaderProfile, asker.HeaderProfiles, asker.HeaderForm, asker.HeaderRegion,
	asker.HeaderCells, asker.HeaderApp, asker.HeaderBandwidth, asker.HeaderNow, asker.HeaderRandom}

// operationHeaders are the headers of a connection's operations.
func operationHeaders(of http.Header) http.Header {
	h := of.Clone()
	for _, name := range ofConnection {
		h.Del(name)
	}
	h.Set("Accept", mediaGraphQL)
	return h
}

// initHeaders puts what a connection_init's payload says into headers.
func initHeaders(h http.Header, payload []byte) {
	var flat map[string]any
	if json.Unmarshal(payload, &flat) != nil {
		return
	}
	if nested, ok := flat["headers"].(map[string]any); ok {
		flat = nested
	}
	for name, v := range flat {
		text, ok := v.(string)
		if !ok || len(text) > 4<<10 || !printable(text) {
			continue
		}
		for _, known := range saying {
			if strings.EqualFold(name, known) {
				h.Set(known, text)
			}
		}
	}
}

// printable says whether a text can be a header's value.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// uuid is what graphql-ws names an operation by: the same when it asks again on another connection.
var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// idempotency is the Idempotency-Key of an operation: extensions.idempotencyKey, else its id if that is a UUID. A client that lost its
// connection under way sends the same again, and the mutation has one effect.
func idempotency(id string, payload []byte) string {
	var p struct {
		Extensions struct {
			IdempotencyKey string `json:"idempotencyKey"`
		} `json:"extensions"`
	}
	if key := &p.Extensions.IdempotencyKey; json.Unmarshal(payload, &p) == nil && *key != "" && printable(*key) {
		return *key
	}
	if uuid.MatchString(id) {
		return id
	}
	return ""
}

// An answer is what the handler behind wrote, in memory.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is the answer's.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader takes the status, the first time.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
}

// Write adds to the body.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// WriteString adds to the body.
func (a *answer) WriteString(p string) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.WriteString(p)
}

// post makes an operation's request and has it answered. body nil takes the method and body of r as they are. A panic is an internal
// error of this operation alone.
func (s *Streams) post(ctx context.Context, r *http.Request, h http.Header, body []byte) (a *answer) {
	a = &answer{header: http.Header{}}
	op := r.Clone(ctx)
	op.Header = h
	if body != nil {
		op.Method, op.Body, op.ContentLength = http.MethodPost, io.NopCloser(bytes.NewReader(body)), int64(len(body))
		op.URL.RawQuery, op.RequestURI = "", op.URL.Path
		h.Set("Content-Type", mediaJSON)
	}
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		a = &answer{header: http.Header{}, status: http.StatusInternalServerError}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			return
		}
		if s.options.Panicked != nil {
			s.options.Panicked(op, fault.Wrap(fault.Internal, "graphql stream", "", fmt.Errorf("panic: %v\n%s", p, debug.Stack())))
		}
	}()
	s.next.ServeHTTP(a, op)
	a.WriteHeader(http.StatusOK)
	return a
}

// ok says whether the answer is a GraphQL response with data, maybe with errors beside it.
func (a *answer) ok() bool { return a.status < 300 }

// errors is the list of errors of an answer without data, as JSON.
func (a *answer) errors() json.RawMessage {
	var said struct {
		Errors json.RawMessage `json:"errors"`
		Detail string          `json:"detail"` // of a problem, by what stands before GraphQL
		Code   fault.Kind      `json:"code"`
	}
	if json.Unmarshal(a.body.Bytes(), &said) == nil && len(said.Errors) > 0 && said.Errors[0] == '[' {
		return said.Errors
	}
	if said.Code == "" {
		said.Code = kindOf(a.status)
	}
	if said.Detail == "" {
		said.Detail = (&fault.Error{Kind: said.Code}).Public()
	}
	return refusals(fault.New(said.Code, "%s", said.Detail))
}

// kindOf is the kind of a status that came without one.
func kindOf(status int) fault.Kind {
	switch status {
	case http.StatusTooManyRequests:
		return fault.Limit
	case http.StatusServiceUnavailable, http.StatusBadGateway:
		return fault.Unavailable
	case http.StatusGatewayTimeout:
		return fault.Timeout
	case http.StatusUnauthorized:
		return fault.Unauthorized
	case http.StatusForbidden:
		return fault.Forbidden
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	}
	if status < 500 {
		return fault.Invalid
	}
	return fault.Internal
}

// refusals is a list of one error, as JSON.
func refusals(f *fault.Error) json.RawMessage {
	var b bytes.Buffer
	writeErrors(&b, gqlerror.List{request(f)})
	return b.Bytes()
}
