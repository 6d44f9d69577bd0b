package fake_test

import (
	"testing"

	"facet/tiers/tiertest"
)

func TestConformance(t *testing.T) {
	tiertest.Run(t, func(*testing.T) *tiertest.Subject { return tiertest.Fake() })
}
