package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"facet/catalog"
	"facet/release"
	"facet/storage/memory"
)

// TestNoAnswerMixesReleases: while releases of twenty packages and an experiment are made every few milliseconds, eight
// instances watch one pointer, and whoever asks any of them sees all of one release or all of another.
func TestNoAnswerMixesReleases(t *testing.T) {
	w := releases(t, memory.New())
	const packages, instances = 20, 8
	versions := fullOr(40, 6)
	made := make([]*release.Release, versions)
	for v := range versions {
		var ids []string
		version := fmt.Sprintf("1.0.%d", v)
		for n := range packages {
			text := fmt.Sprintf(`import { cell, view } from "@facet/sdk";
export const p%d = view({ build: () => ({ version: %q, arm: cell("wave").pick({ %s default: "none" }) }) });
`, n, version, arms(versions))
			ids = append(ids, w.publish(fmt.Sprintf("@tv/p%d", n), version, "tv/v1", text))
		}
		r := w.deploy(ids...).Release.Clone()
		// Who asks is of the release too: each has an experiment whose only arm is its own version.
		r.Experiments = []release.Experiment{{Name: "wave", Salt: "s", Arms: []release.Arm{{Name: fmt.Sprintf("w%d", v), Weight: 1}}}}
		made[v] = r
	}
	w.pointers["eu"] = release.Pointer{}
	w.move("eu", made[0])
	var fleet []*instance
	for n := range instances {
		i := w.start(fmt.Sprintf("i%d", n), func(c *catalog.Config[*served], _ *opener) {
			c.Region, c.Interval = "eu", time.Duration(2+n)*time.Millisecond
		})
		i.until(catalog.Status.Ready)
		fleet = append(fleet, i)
	}
	var query strings.Builder
	query.WriteString("{")
	for n := range packages {
		fmt.Fprintf(&query, " p%d { version arm }", n)
	}
	query.WriteString(" }")
	var asked, saw atomic.Int64
	end := make(chan struct{})
	var wg sync.WaitGroup
	for n, i := range fleet {
		wg.Go(func() {
			seen := ""
			for {
				select {
				case <-end:
					return
				default:
				}
				got := map[string]bool{}
				for _, v := range i.ask("/tv/v1/graphql", query.String(), http.Header{"Facet-Viewer": {fmt.Sprintf("v%d", n)}}) {
					p := v.(map[string]any)
					got[p["version"].(string)+" "+strings.Replace(p["arm"].(string), "w", "1.0.", 1)] = true
				}
				asked.Add(1)
				if len(got) != 1 {
					t.Errorf("one answer of instance %d has %v", n, got)
					return
				}
				for one := range got {
					version, arm, _ := strings.Cut(one, " ")
					if version != arm {
						t.Errorf("one answer of instance %d is of release %s for an asker of release %s", n, version, arm)
						return
					}
					if one != seen {
						seen = one
						saw.Add(1)
					}
				}
			}
		})
	}
	last := ""
	for round := range fullOr(400, 60) {
		last = w.move("eu", made[(round+1)%versions])
		time.Sleep(10 * time.Millisecond)
	}
	for _, i := range fleet {
		i.serves(last)
	}
	close(end)
	wg.Wait()
	t.Logf("%d answers of %d instances, %d of another release than the one before", asked.Load(), instances, saw.Load())
	if saw.Load() < 3*instances {
		t.Error("the instances hardly met two releases: this shows nothing")
	}
	for n, i := range fleet {
		if s := i.catalog.Status(); s.Refused != nil || s.Trouble != nil {
			t.Errorf("instance %d: %+v", n, s)
		}
	}
}

func arms(n int) string {
	var b strings.Builder
	for v := range n {
		fmt.Fprintf(&b, "w%d: \"w%d\", ", v, v)
	}
	return b.String()
}
