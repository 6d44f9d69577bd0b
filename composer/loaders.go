package composer

import (
	"context"

	"facet/tiers"
)

// Loaders share calls.
type Loaders struct{}

// Call makes a call.
func (l *Loaders) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) { return nil, nil }
