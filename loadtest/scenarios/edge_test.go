package scenarios_test

import (
	"slices"
	"testing"
	"time"

	"facet/internal/edgetest"
	"facet/loadtest/load"
)

// TestEdge asks a real edge over the films world as the scenarios say: every protocol, sessions, writes and streams.
func TestEdge(t *testing.T) {
	base := edgetest.Open(t, edgetest.Films(t, "tv-home", "tv-player", "phone-home", "web-browse")).Serve(t)
	for name, least := range map[string]int64{"evening.yaml": 12, "films.json": 10, "streams.yaml": 6} {
		t.Run(name, func(t *testing.T) {
			s, err := load.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			s.Stages, s.Rate, s.Duration, s.Warmup, s.Drain = nil, 15, load.Duration(time.Second), 0, load.Duration(8*time.Second)
			s.Timeout = load.Duration(20 * time.Second)
			s.Mix = slices.DeleteFunc(s.Mix, func(r load.Row) bool { return r.Stream != nil && r.GraphQL != nil }) // the edge of tests has no such transport
			for i := range s.Mix {
				if st := s.Mix[i].Stream; st != nil && st.For > 0 {
					st.For = load.Duration(500 * time.Millisecond)
				}
			}
			for i := range s.Devices {
				for k := range s.Devices[i].Mix {
					if r := &s.Devices[i].Mix[k]; r.Think != nil {
						r.Think.Time = load.Duration(100 * time.Millisecond)
					}
				}
			}
			rep, err := load.Run(t.Context(), s, load.Options{Base: base})
			if err != nil {
				t.Fatal(err)
			}
			if rep.Total.Failed != 0 || rep.Total.Partial != 0 || rep.Total.Count < least {
				t.Errorf("%d answers, %d failed, %d with errors: %v", rep.Total.Count, rep.Total.Failed, rep.Total.Partial, rep.Errors)
			}
			for _, x := range rep.Sessions {
				if x.Finished == 0 || x.Failed > 0 {
					t.Errorf("%+v", x)
				}
			}
		})
	}
}
