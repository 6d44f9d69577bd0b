package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/catalog"
)

// TestStoreGone: the S3 server is killed under requests; the instance serves on, and one that starts meanwhile comes up from the copy
// on disk and says how stale it is.
func TestStoreGone(t *testing.T) {
	server, store := realBucket(t)
	w := releases(t, store)
	res := w.deploy(w.publish("@tv/home", "1.0.0", "tv/v1", says("home", "1.0.0")), w.publish("@tv/more", "1.0.0", "tv/v2", says("home", "1.0.0")))
	dir := t.TempDir()
	disk := func(c *catalog.Config[*served], _ *opener) { c.Dir, c.FirstFor = dir, 200*time.Millisecond }
	steady := w.start("one", nil)
	other := w.start("two", disk)
	steady.serves(res.Digest)
	other.serves(res.Digest)
	end := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		for {
			select {
			case <-end:
				return
			default:
				if got := steady.get("/tv/v1/home"); !strings.Contains(got, "1.0.0") {
					t.Error(got)
				}
			}
		}
	})
	server.Kill()
	steady.until(func(s catalog.Status) bool { return s.Trouble != nil })
	other.stop()
	again := w.start("two", disk)
	again.serves(res.Digest)
	for range 50 {
		again.get("/tv/v2/home") // a route that nobody asked before: its build rests in memory
		steady.get("/tv/v2/home")
	}
	time.Sleep(100 * time.Millisecond)
	rec := httptest.NewRecorder()
	again.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	var says readiness
	if err := json.Unmarshal(rec.Body.Bytes(), &says); err != nil {
		t.Fatal(err)
	}
	if rec.Code != http.StatusOK || !says.Ready || !says.Copy || says.Stale < 0.1 || says.Stale > 60 || says.Trouble == "" || says.Disk != "" {
		t.Errorf("readyz: %d %s", rec.Code, rec.Body)
	}
	close(end)
	asking.Wait()
}
