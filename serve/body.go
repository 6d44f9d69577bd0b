package serve

import (
	"errors"
	"io"
	"net/http"

	"facet/fault"
)

// Body reads a request's body of at most max bytes. A longer one is TooLarge, one that breaks off Invalid.
func Body(w http.ResponseWriter, r *http.Request, max int) ([]byte, error) {
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
