package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"facet/fault"
	"facet/release"
	"facet/scripts"
	"facet/view"
)

// TestQuarantinesOfWhatIsServed: the alarm of a version ends when a mended one is served, and comes back with a rollback.
func TestQuarantinesOfWhatIsServed(t *testing.T) {
	q := newQuarantines(scripts.QuarantineOptions{Breaks: 1, For: time.Hour}, zerolog.Nop())
	versions := func() (out []string) {
		for _, one := range q.list() {
			out = append(out, one.Package+"@"+one.Version)
		}
		return out
	}
	for _, v := range []string{"1.0.0", "1.1.0"} {
		q.of(&view.Build{Package: "@tv/home", Version: v}).Broke(scripts.Break{Function: "f", Limit: "cpu", Kind: fault.Timeout, Text: "it had 10ms"})
	}
	served := map[string]release.Build{}
	for _, tt := range []struct {
		name   string
		served func() map[string]release.Build
		builds map[string]release.Build
		want   []string
	}{
		{"nothing is known of what is served", nil, nil, []string{"@tv/home@1.0.0", "@tv/home@1.1.0"}},
		{"the first", func() map[string]release.Build { return served }, map[string]release.Build{"d1": {Package: "@tv/home", Version: "1.0.0"}}, []string{"@tv/home@1.0.0"}},
		{"a mended one", func() map[string]release.Build { return served }, map[string]release.Build{"d2": {Package: "@tv/home", Version: "1.2.0"}}, nil},
		{"the first again", func() map[string]release.Build { return served }, map[string]release.Build{"d1": {Package: "@tv/home", Version: "1.0.0"}}, []string{"@tv/home@1.0.0"}},
	} {
		served, q.served = tt.builds, tt.served
		if diff := cmp.Diff(tt.want, versions()); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}
