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
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(max)))
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
