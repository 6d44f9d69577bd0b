package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/catalog"
)

// percentile is the q-th of durations, by nearest rank.
func percentile(of []time.Duration, q float64) time.Duration {
	s := slices.Sorted(slices.Values(of))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

func tellTimes(of []time.Duration) string {
	return fmt.Sprintf("p50 %v, p95 %v, p99 %v, most %v", percentile(of, .5).Round(10*time.Microsecond), percentile(of, .95).Round(10*time.Microsecond),
		percentile(of, .99).Round(10*time.Microsecond), slices.Max(of).Round(10*time.Microsecond))
}

// TestPublishToLive measures from the tarball to the first answer that says the new version, over a real S3 server, with the
// interval that instances have: half a second between two looks at the pointer is most of it.
func TestPublishToLive(t *testing.T) {
	_, store := realBucket(t)
	w := releases(t, store)
	var ids []string
	for n := range 40 {
		ids = append(ids, w.publish(fmt.Sprintf("@tv/p%d", n), "1.0.0", "tv/v1", says(fmt.Sprintf("p%d", n), "1.0.0")))
	}
	first := w.deploy(append(ids, w.publish("@tv/home", "1.0.0", "tv/v2", says("home", "1.0.0")))...)
	i := w.start("one", func(c *catalog.Config[*served], _ *opener) { c.Interval, c.Dir = 0, t.TempDir() })
	i.serves(first.Digest)
	edge := httptest.NewServer(i)
	defer edge.Close()
	saysIt := func(version string) bool {
		resp, err := http.Get(edge.URL + "/tv/v2/home")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s %v", resp.StatusCode, body, err)
		}
		return strings.Contains(string(body), `"`+version+`"`)
	}
	var live, control, catalog []time.Duration
	for n := range fullOr(200, 10) {
		time.Sleep(rand.N(500 * time.Millisecond)) // publishes know nothing of the looks
		version := fmt.Sprintf("1.1.%d", n)
		began := time.Now()
		w.deploy(w.publish("@tv/home", version, "tv/v2", says("home", version)))
		moved := time.Now()
		for !saysIt(version) {
			if time.Since(began) > patience {
				t.Fatalf("%s is not live: %+v", version, i.catalog.Status())
			}
			time.Sleep(2 * time.Millisecond)
		}
		live, control, catalog = append(live, time.Since(began)), append(control, moved.Sub(began)), append(catalog, time.Since(moved))
	}
	t.Logf("publish to live over %d publishes: %s", len(live), tellTimes(live))
	t.Logf("of it publishing and releasing: %s", tellTimes(control))
	t.Logf("of it the instance, its looks included: %s", tellTimes(catalog))
	if bar := 3 * time.Second; percentile(live, .99) > bar { // one second on a quiet machine
		t.Errorf("p99 %v, want %v at most", percentile(live, .99), bar)
	}
}
