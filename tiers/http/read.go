package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	nethttp "net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"facet/fault"
	"facet/tiers"
	"facet/tiers/internal/answer"
)

// read reads an answer whole.
func (w *Wire) read(ctx context.Context, e *endpoint, c *tiers.Call, res *nethttp.Response) (Reply, error) {
	defer res.Body.Close()
	mediaType := res.Header.Get("Content-Type")
	if kind, message := Status(res.StatusCode); kind != "" && !e.explains(mediaType) {
		// What a failing tier says is for operators; reading it keeps the connection.
		said, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
		return Reply{}, &fault.Error{Kind: kind, Op: "tier", Subject: e.op.ID, Message: message, Err: fmt.Errorf("%s: %.200q", res.Status, said)}
	}
	if res.StatusCode == nethttp.StatusNoContent || res.StatusCode == nethttp.StatusResetContent {
		return Reply{Status: res.StatusCode, Body: []byte("null")}, nil
	}
	bad := func(format string, args ...any) error {
		return &fault.Error{Kind: fault.BadAnswer, Op: "tier", Subject: e.op.ID, Message: "the tier's answer breaks its contract", Err: fmt.Errorf(format, args...)}
	}
	if !isJSON(mediaType) {
		return Reply{}, bad("the media type is %q", mediaType)
	}
	if res.ContentLength > int64(w.maxBody) {
		return Reply{}, w.large(e)
	}
	var src io.Reader = res.Body
	hint := res.ContentLength
	switch enc := res.Header.Get("Content-Encoding"); strings.ToLower(enc) {
	case "", "identity":
	case "gzip":
		z := unzips.Get().(*gzip.Reader)
		defer unzips.Put(z)
		if err := z.Reset(res.Body); err != nil {
			if ctx.Err() != nil || late(err) {
				return Reply{}, e.broken(ctx, err)
			}
			return Reply{}, bad("gzip: %w", err)
		}
		src, hint = z, hint*4
	default:
		return Reply{}, bad("the content encoding is %q", enc)
	}
	if hint < 0 {
		hint = e.size.Load()
	}
	want := min(max(int(hint)+1, bytes.MinRead), w.maxBody+1) // one byte more than expected: the end is then seen without growing
	buf := answer.Take(want)
	var arrival tiers.Arrival
	if e.whole && src == res.Body && c.Intake != nil && res.ContentLength >= tiers.IntakeSize && int64(cap(buf.B)) > res.ContentLength {
		arrival = c.Intake.Begin(buf.B[:res.ContentLength])
	}
	err := fill(buf, src, w.maxBody, arrival)
	if err == nil {
		if res.ContentLength < 0 || src != res.Body {
			e.size.Store(int64(len(buf.B)))
		}
		return Reply{Status: res.StatusCode, Body: buf.B, Release: buf.Release}, nil
	}
	if arrival != nil {
		arrival.Stop()
	}
	buf.Release()
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, errLarge):
		return Reply{}, w.large(e)
	case ctx.Err() != nil, late(err):
		return Reply{}, e.broken(ctx, err)
	case errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.As(err, &corrupt):
		return Reply{}, bad("gzip: %w", err)
	}
	return Reply{}, &fault.Error{Kind: fault.Unavailable, Op: "tier", Subject: e.op.ID, Message: "the tier's answer broke off", Err: err}
}

func (e *endpoint) explains(mediaType string) bool {
	if e.explain == nil {
		return false
	}
	mt, _, err := mime.ParseMediaType(mediaType)
	return err == nil && e.explain(mt)
}

// large is the tier's fault: TooLarge would tell the device that its own request is.
func (w *Wire) large(e *endpoint) error {
	return &fault.Error{Kind: fault.BadAnswer, Op: "tier", Subject: e.op.ID, Message: fmt.Sprintf("the tier's answer is larger than %d bytes", w.maxBody)}
}

// Status is the kind that an HTTP status stands for; "" for an answer.
func Status(code int) (fault.Kind, string) {
	switch {
	case code >= 200 && code < 300:
		return "", ""
	case code == 404 || code == 410:
		return fault.NotFound, "the tier has no such thing"
	case code == 401:
		return fault.Unauthorized, "the tier wants to know who asks"
	case code == 403:
		return fault.Forbidden, "the tier forbids it"
	case code == 409 || code == 412:
		return fault.Conflict, "somebody else changed it first"
	case code == 408:
		return fault.Timeout, "the tier gave up waiting"
	case code == 413:
		return fault.TooLarge, "the tier finds the request too large"
	case code == 429:
		return fault.Unavailable, "the tier is asked too often" // by all devices together: none of them is past a limit
	case code >= 400 && code < 500:
		return fault.Invalid, "the tier finds the request invalid"
	case code >= 500 && code < 600:
		return fault.Unavailable, "the tier failed"
	}
	return fault.BadAnswer, "the tier's answer breaks its contract"
}

func isJSON(ct string) bool {
	if ct == "application/json" || strings.HasPrefix(ct, "application/json;") {
		return true
	}
	mt, _, err := mime.ParseMediaType(ct)
	return err == nil && (mt == "application/json" || strings.HasPrefix(mt, "application/") && strings.HasSuffix(mt, "+json"))
}

var errLarge = errors.New("larger than the limit")

var unzips = sync.Pool{New: func() any { return new(gzip.Reader) }}

// fill reads src to its end; more than limit bytes are errLarge. An arrival is told of what came; nil: nobody is.
func fill(b *answer.Buffer, src io.Reader, limit int, arrival tiers.Arrival) error {
	b.B = b.B[:0]
	for {
		if len(b.B) == cap(b.B) {
			b.Grow()
		}
		room := b.B[len(b.B):min(cap(b.B), limit+1)]
		n, err := src.Read(room)
		b.B = b.B[:len(b.B)+n]
		if len(b.B) > limit {
			return errLarge
		}
		if arrival != nil && n > 0 {
			arrival.Came(len(b.B))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
