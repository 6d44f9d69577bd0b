package films

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// run is a world of some tiers with its door.
func run(t *testing.T, names ...string) (*World, string) {
	t.Helper()
	var chosen []Tier
	for _, tier := range Tiers() {
		for _, n := range names {
			if tier.Name == n {
				chosen = append(chosen, tier)
			}
		}
	}
	w, err := Start("127.0.0.1:0", Options{}, chosen...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := w.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	door, err := w.OpenAdmin("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return w, door
}

func ask(t *testing.T, method, url, body string, header ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(header) == 2 {
		r.Header.Set(header[0], header[1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

func TestAdmin(t *testing.T) {
	w, door := run(t, "catalog", "bookmarks")
	catalog, marks := w.Env()["CATALOG_URL"], w.Env()["BOOKMARKS_URL"]
	for i, c := range []struct {
		method, url, body string
		status            int
		want              string
	}{
		{"GET", door + "/_tier", "", 200, `"trouble":{}`},
		{"GET", door + "/_tier/catalog", "", 200, `"url":"` + catalog + `"`},
		{"POST", door + "/_tier/catalog", `{"fail":503}`, 200, `"trouble":{"fail":"503"}`},
		{"GET", catalog + "/genres", "", 503, "in trouble"},
		{"GET", catalog + "/healthz", "", 200, "ok"},
		{"GET", marks + "/my-list/demo", "", 200, "total"},
		{"POST", door + "/_tier/all", `{"fail":429}`, 200, `"bookmarks"`},
		{"GET", marks + "/my-list/demo", "", 429, ""},
		{"DELETE", door + "/_tier/all", ``, 200, `"trouble":{}`},
		{"GET", catalog + "/genres", "", 200, "Western"},
		{"PUT", marks + "/bookmarks/demo/up-2009", `{"positionSeconds":90}`, 200, "90"},
		{"POST", door + "/_tier/all/restart?gone=10ms", "", 200, marks},
		{"GET", marks + "/bookmarks/demo?limit=1", "", 200, "up-2009"}, // it is on the disk
		{"GET", catalog + "/genres", "", 200, "Western"},
		{"POST", door + "/_tier/none", `{}`, 404, "there are catalog, bookmarks, and all"},
		{"POST", door + "/_tier/catalog", `{"fail":"sulk"}`, 400, "one of reset"},
		{"POST", door + "/_tier/catalog/restart?gone=2h", "", 400, "a time from 0s to 1m0s"},
		{"PUT", door + "/_tier/catalog", "", 405, "not served"},
	} {
		if status, got := ask(t, c.method, c.url, c.body); status != c.status || !strings.Contains(got, c.want) {
			t.Errorf("%d: %s %s: %d %s, want %d and %q", i, c.method, c.url, status, got, c.status, c.want)
		}
	}
	if status, got := ask(t, "POST", door+"/_tier/all", `{"fail":503}`, "Origin", "https://elsewhere.test"); status != 403 {
		t.Errorf("a page of another site breaks the tiers: %d %s", status, got)
	}
}

func TestAdminIsLoopback(t *testing.T) {
	w, _ := run(t, "profiles")
	for _, addr := range []string{"0.0.0.0:0", ":0", "localhost:0", "192.0.2.1:0", "nowhere"} {
		if url, err := w.OpenAdmin(addr); err == nil {
			t.Errorf("%s is served at %s", addr, url)
		}
	}
}

// TestGone: while a tier restarts nobody listens at its address.
func TestGone(t *testing.T) {
	w, _ := run(t, "profiles")
	tier := w.Tier("profiles")
	back := make(chan error, 1)
	go func() { back <- tier.Restart(t.Context(), 300*time.Millisecond) }()
	time.Sleep(100 * time.Millisecond)
	if status, got := ask(t, "GET", tier.URL()+"/profiles/demo", ""); status != 0 {
		t.Errorf("it answers %d %s", status, got)
	}
	if err := <-back; err != nil {
		t.Fatal(err)
	}
	if status, got := ask(t, "GET", tier.URL()+"/profiles/demo", ""); status != 200 || !json.Valid([]byte(got)) {
		t.Errorf("it is back with %d %s", status, got)
	}
}
