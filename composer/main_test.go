package composer

import (
	"testing"

	"go.uber.org/goleak"

	"facet/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func emptySurface() *view.Surface {
	s, _ := view.NewSurface("tv", "v1", &view.Build{Format: view.Format, Package: "@tv/none", Version: "1.0.0", Devices: []string{"tv"}, Schema: "v1"})
	return s
}
