// Package serve holds what the device protocols share: the statuses of error kinds, cache headers, the context hash, CORS and bodies under limits.
package serve

import (
	"net/http"

	"facet/fault"
)

// ClientGone is the status of a request whose asker went away: nobody reads it, logs and metrics do.
const ClientGone = 499

// statuses is the one table from a kind to HTTP.
var statuses = map[fault.Kind]int{
	fault.Invalid:      http.StatusBadRequest,
	fault.NotFound:     http.StatusNotFound,
	fault.Unauthorized: http.StatusUnauthorized,
	fault.Forbidden:    http.StatusForbidden,
	fault.Conflict:     http.StatusConflict,
	fault.TooLarge:     http.StatusRequestEntityTooLarge,
	fault.Limit:        http.StatusUnprocessableEntity, // not 429: the same request does not pass later
	fault.Timeout:      http.StatusGatewayTimeout,
	fault.Unavailable:  http.StatusServiceUnavailable,
	fault.BadAnswer:    http.StatusBadGateway,
	fault.Canceled:     ClientGone,
	fault.Internal:     http.StatusInternalServerError,
}

// Status is the HTTP status of a refusal of a kind. A kind that is not in the closed set is Internal.
func Status(k fault.Kind) int {
	if s, ok := statuses[k]; ok {
		return s
	}
	return http.StatusInternalServerError
}
