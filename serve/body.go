package serve

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"facet/fault"
)

// Body reads a request's body of at most max bytes. A longer one is TooLarge, one that breaks off or is compressed Invalid.
func Body(w http.ResponseWriter, r *http.Request, max int) ([]byte, error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, fault.New(fault.Invalid, "a body is taken without a Content-Encoding, not as %.20q", e)
	}
	data, err := readAll(Bounded(w, r, int64(max)), r.ContentLength)
	var past *http.MaxBytesError
	switch {
	case err == nil:
		return data, nil
	case errors.As(err, &past):
		return nil, fault.New(fault.TooLarge, "the body is past the limit of %d bytes", max)
	case fault.KindOf(err) != fault.Internal:
		return nil, fault.Wrap(fault.KindOf(err), "read body", "", err)
	}
	return nil, &fault.Error{Kind: fault.Invalid, Message: "the body could not be read", Err: err}
}

// Bounded is a request's body that gives max bytes at most, and then an *http.MaxBytesError. net/http gives no more of it than the length
// that is known, so only one that is longer, or of no known length, is watched.
func Bounded(w http.ResponseWriter, r *http.Request, max int64) io.ReadCloser {
	if r.ContentLength >= 0 && r.ContentLength <= max {
		return r.Body
	}
	return http.MaxBytesReader(w, r.Body, max)
}

// trusted is how many bytes are made ready for a body because its Content-Length says so: nobody has sent them yet.
const trusted = 16 << 10

// readAll is io.ReadAll with a hint of how much there is; 0 or less is not known.
func readAll(src io.Reader, hint int64) ([]byte, error) {
	b := make([]byte, 0, max(min(hint, trusted)+1, 512)) // one byte more: the end is then seen without growing
	for {
		n, err := src.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return b, err
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}
