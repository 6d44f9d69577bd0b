package attack

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var long = flag.Bool("long", false, "ask as often as the documents speak of, 10^5 requests for leaks, and hold attacks to their budget and 25 ms: alone on the machine")

// TestLeak lets two viewers ask in turn, from several connections at once, through every trick of class "leak", and in every mode: neither
// may ever be told of the other.
func TestLeak(t *testing.T) {
	requests := 1500
	if *long {
		requests = 100_000
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	modes := Modes()
	w := start(t, modes[0], modes[2])
	var ids, devices []string
	shown := map[string]string{}
	for _, a := range all {
		if a.Class != "leak" || a.Name == "after-limit" {
			continue
		}
		for device, files := range map[string]map[string][]byte{a.Device(): a.Files, a.Device() + "-other": a.Other} {
			if files == nil {
				continue
			}
			p, err := w.PublishFiles(t.Context(), files)
			if err != nil {
				t.Fatal(err)
			}
			if p.OK { // else it is refused, which TestAttack looks at
				ids, devices = append(ids, p.ID), append(devices, device)
				shown[device] = a.shown()
			}
		}
	}
	if err := w.release(t, ids...); err != nil {
		t.Fatal(err)
	}
	viewers := []string{"alice-7f3c", "bob-91d2"}
	for _, i := range w.Instances {
		t.Run(i.Name, func(t *testing.T) {
			var next, told, failed atomic.Int64
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(requests); n = next.Add(1) {
						me, them := viewers[n%2], viewers[(n+1)%2]
						device := devices[(n/2)%int64(len(devices))]
						body, err := i.tell(t, device, me, shown[device])
						switch {
						case err != nil:
							if failed.Add(1) < 4 {
								t.Errorf("%s is not told anything: %v", device, err)
							}
						case strings.Contains(body, them):
							if told.Add(1) < 4 {
								t.Errorf("%s was told of %s: %s", me, them, body)
							}
						}
					}
				})
			}
			wg.Wait()
			t.Logf("%d requests over %d packages: %d told of the other viewer, %d without an answer", requests, len(devices), told.Load(), failed.Load())
			if told.Load() > 0 || failed.Load() > 0 {
				t.Fail()
			}
		})
	}
}

// tell is what a device is told, without measuring.
func (i *Instance) tell(t *testing.T, device, viewer, shown string) (string, error) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, i.URL+"/"+device+"/v1/graphql", bytes.NewReader([]byte(`{"query":"{ screen { `+shown+` } }"}`)))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Facet-Viewer", viewer)
	req.Header.Set("Facet-Profile", viewer)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && !strings.Contains(string(body), `"title":"JAWS"`) { // an answer in part is one
		err = fmt.Errorf("%s: %.300s", resp.Status, body)
	}
	return string(body), err
}
