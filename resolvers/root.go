package resolvers

//go:generate go tool gqlgen generate

import (
	"context"
	"time"

	"facet/control"
)

// A root answers every field: a line each, by control.
type root struct {
	control *control.Control
	ending  context.Context // streams end with it
	every   time.Duration   // between two looks of a status stream
}
