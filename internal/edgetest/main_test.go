package edgetest

import (
	"os"
	"testing"

	"facet/scripts/worker"
)

// The test binary is the script workers of its tests, too.
func TestMain(m *testing.M) {
	if worker.Started(os.Getenv) {
		os.Exit(worker.Main(os.Stderr))
	}
	os.Exit(m.Run())
}
