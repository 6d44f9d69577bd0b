package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRecentIsBounded: of thousands of routes only so much is remembered, that of the routes asked last.
func TestRecentIsBounded(t *testing.T) {
	var asked askedRoutes
	const routes = 5000
	for i := range routes {
		l := asked.of(fmt.Sprintf("d%d/v1", i))
		for n := range 3 {
			l.recent.keep(recentRequest{url: fmt.Sprintf("/d%d/v1/graphql?query=%d%s", i, n, strings.Repeat("x", 500))})
		}
	}
	total, first := 0, routes
	for i := range routes {
		l := asked.of(fmt.Sprintf("d%d/v1", i))
		if n := len(l.recent.list()); n > 0 {
			first = min(first, i)
			total += l.recent.size()
		} else if i > first {
			t.Fatalf("d%d is forgotten, and d%d before it is not", i, first)
		}
	}
	if total > recentBytes || total < recentBytes/2 || total != asked.recents.bytes {
		t.Errorf("%d bytes are remembered, %d are counted; at most %d shall be", total, asked.recents.bytes, recentBytes)
	}
}

// TestRecentLooksSeldom: however many routes there are, few requests a second are looked at.
func TestRecentLooksSeldom(t *testing.T) {
	var asked askedRoutes
	now, looked := time.Now(), 0
	for i := range 1000 { // a request each millisecond
		if asked.of(fmt.Sprintf("d%d/v1", i)).recent.due(now.Add(time.Duration(i) * time.Millisecond)) {
			looked++
		}
	}
	if most := int(time.Second / recentNext); looked > most || looked < most/2 {
		t.Errorf("%d of 1,000 requests in a second are looked at, want about %d", looked, most)
	}
}
