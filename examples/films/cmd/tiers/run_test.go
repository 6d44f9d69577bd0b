package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-tiers", "profiles,catalog", "-delay", "profiles=1ms,2ms"}, stdout, io.Discard)
		stdout.Close()
	}()
	var names []string
	urls := map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
		name, url, _ := strings.Cut(lines.Text(), "=")
		names = append(names, name)
		urls[name] = url
	}
	if diff := cmp.Diff([]string{"PROFILES_URL", "CATALOG_URL", "TIERS_ADMIN"}, names); diff != "" {
		t.Fatal(diff)
	}
	client := http.Client{Timeout: 5 * time.Second}
	for _, u := range []string{urls["PROFILES_URL"] + "/profiles/demo", urls["CATALOG_URL"] + "/genres"} {
		r, err := client.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != 200 {
			t.Errorf("%s: %s", u, r.Status)
		}
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"-tiers none":             `"none" is no tier; there are catalog, profiles, rows, bookmarks, artwork, search, reviews`,
		"-delay soon":             `"soon" is no duration`,
		"-delay -5ms":             `"-5ms" is no duration`,
		"-delay none=5ms":         `"none" is no tier`,
		"-addr nowhere":           `-addr nowhere:`,
		"-addr 127.0.0.1:web":     `"web" is no number`,
		"-admin 0.0.0.0:0":        `0.0.0.0:0 is not loopback`,
		"-admin :0":               `:0 is not loopback`,
		"-admin nowhere":          `-admin:`,
		"-data /dev/null/x":       `/dev/null`,
		"catalog":                 `"catalog" is no flag`,
		"-tiers catalog -addr :x": `no number`,
	} {
		var stderr bytes.Buffer
		err := run(t.Context(), strings.Fields(args), io.Discard, &stderr)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

func FuzzDelays(f *testing.F) {
	for _, s := range []string{"", "5ms", "bookmarks=200ms", "5ms,rows=1s", "=", ",", "all=1h", "-1ns"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, err := delays(s)
		for name, d := range all {
			if err == nil && (d < 0 || name == "") {
				t.Errorf("%q gives %q a delay of %v", s, name, d)
			}
		}
	})
}
