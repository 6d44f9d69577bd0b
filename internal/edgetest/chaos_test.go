package edgetest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films"
	"facet/examples/films/tiers/trouble"
	"facet/tiers/guard"
)

// whole is a part of the TV home that touches six tiers, in three ways.
var whole = []protocol{
	{"graphql", func(bool) *http.Request {
		q := `{ home { name recent rows(first: 2) { name items(first: 3) { ... on Card { title art score position progress { minutesLeft state } } } } } }`
		r := httptest.NewRequest(http.MethodGet, "/tv/v2/graphql?"+url.Values{"query": {q}}.Encode(), nil)
		r.Header.Set("Accept", "application/graphql-response+json")
		return r
	}},
	{"rest", func(bool) *http.Request {
		q := url.Values{"fields": {"name,recent,rows(name,items(title,art,score,position,progress(minutesLeft,state)))"}, "rows.first": {"2"}, "rows.items.first": {"3"}}
		return httptest.NewRequest(http.MethodGet, "/tv/v2/home?"+q.Encode(), nil)
	}},
	{"jsongraph", func(bool) *http.Request {
		paths := `[["home",["name","recent"]],["home","rows",{"to":1},"name"],["home","rows",{"to":1},"items",{"to":2},["title","art","score","position","progress"]]]`
		return httptest.NewRequest(http.MethodGet, "/tv/v2/model.json?"+url.Values{"method": {"get"}, "paths": {paths}}.Encode(), nil)
	}},
}

// Where the home shownBy what of which tier: what may be missing when that tier is in trouble. A dead profile costs all, for it says
// whether there is a home; a film that the catalog does not know is no card; which films there are is the rows' word.
var shownBy = map[string]string{
	"catalog":   `items|Card|title|progress`,
	"profiles":  `home|name|recent|rows|Card`,
	"rows":      `rows|Card`,
	"bookmarks": `position|progress`,
	"artwork":   `art`,
	"search":    `nothing`,
	"reviews":   `score`,
}

// without is an answer without the fields of a tier.
func without(v any, fields *regexp.Regexp) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if !fields.MatchString(k) {
				out[k] = without(x, fields)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, without(x, fields))
		}
		return out
	}
	return v
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	if text == "" {
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// An admin tells tiers what to do, over the door that cmd/tiers has.
type admin struct{ handler http.Handler }

func (a admin) post(t *testing.T, path, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	if w.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", path, body, w.Code, w.Body)
	}
}

// healthy asks until the answer is whole, for at most 10 s.
func healthy(t *testing.T, e *Edge, p protocol) told {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, p.request(false))
		got := tell(t, p, w)
		if got.Status == http.StatusOK && got.Errors == nil && got.Late == nil {
			return got
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not heal: %+v", p.name, got)
		}
	}
}

// troubled is the TV home over the tiers themselves, behind a guard without breakers. Nothing waits for longer than 250 ms: what is in
// time is then so on a busy machine too.
func troubled(t *testing.T) (*Edge, *films.World, admin) {
	dir := Eased(t, FilmsDir(), "250ms")
	g := Parse(t, dir)
	world := RunTiers(t)
	e := Open(t, World{Graph: g, Builds: Build(t, dir, g, "tv-home"), Tiers: DialWith(t, g, world.Env(), guard.Settings{BreakerFailures: -1}), Asker: Demo()})
	return e, world, admin{world.Admin()}
}

// TestEveryTroubleOfEveryTier: whatever one tier does, the home answers in time over each protocol. Errors and defaults stand only where
// that tier's data would, everything else is there, and afterwards all is well again.
func TestEveryTroubleOfEveryTier(t *testing.T) {
	e, world, door := troubled(t)
	well := map[string]told{}
	for _, p := range whole {
		well[p.name] = healthy(t, e, p)
	}
	troubles := []string{`{"fail":503}`, `{"fail":500}`, `{"fail":404}`, `{"fail":429}`, `{"lag":"1s"}`, `{"lag":"5ms","jitter":"10ms"}`}
	for _, f := range trouble.Fails() {
		troubles = append(troubles, fmt.Sprintf(`{"fail":%q}`, f))
	}
	for _, l := range trouble.Lies() {
		troubles = append(troubles, fmt.Sprintf(`{"lie":%q}`, l))
	}
	for _, tier := range world.Tiers {
		for _, tr := range troubles {
			t.Run(tier.Name+tr, func(t *testing.T) {
				door.post(t, "/_tier/"+tier.Name, tr)
				for _, p := range whole {
					var wrong []string
					for range 4 { // a machine may be busy
						if wrong = e.troubles(t, p, tr, tier.Name, well[p.name]); wrong == nil {
							break
						}
					}
					for _, w := range wrong {
						t.Errorf("%s %s", p.name, w)
					}
				}
				door.post(t, "/_tier/"+tier.Name, `{}`)
				for _, p := range whole {
					if d := cmp.Diff(well[p.name], healthy(t, e, p)); d != "" {
						t.Errorf("%s, healed: -want +got:\n%s", p.name, d)
					}
				}
			})
		}
	}
}

// troubles asks while a tier is in trouble, and says what is wrong with the answer.
func (e *Edge) troubles(t *testing.T, p protocol, tr, tier string, well told) (wrong []string) {
	t.Helper()
	fields := regexp.MustCompile(`^(` + shownBy[tier] + `)$`)
	batched := slices.Contains([]string{"catalog", "artwork", "bookmarks", "reviews"}, tier)
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	began := time.Now()
	w := httptest.NewRecorder()
	e.ServeHTTP(w, p.request(false))
	if took := time.Since(began); took > 2*time.Second { // two levels of 250 ms; the rest is for a busy machine
		say("took %v", took)
	}
	got := tell(t, p, w)
	missing := append(slices.Clone(got.Errors), got.Late...)
	for _, at := range missing {
		path, _, _ := strings.Cut(at, " ")
		if !slices.ContainsFunc(strings.Split(path, "."), fields.MatchString) {
			say("misses %s, which is none of its data", at)
		}
	}
	if d := cmp.Diff(without(parsed(t, well.Data), fields), without(parsed(t, got.Data), fields)); d != "" && got.Data != "" {
		say("has not all that other tiers gave, -well +in trouble:\n%s", d)
	}
	harmless := tier == "search" || strings.Contains(tr, "jitter") || batched && (strings.Contains(tr, trouble.ExtraRows) || strings.Contains(tr, trouble.DuplicateRows))
	if d := cmp.Diff(well.Data, got.Data); harmless && d != "" {
		say("has changed, though no harm was done, -well +in trouble:\n%s", d)
	}
	if !harmless && strings.Contains(tr, "fail") && !strings.Contains(tr, "404") && len(missing) == 0 {
		say("says nothing of it: %+v", got)
	}
	if keep := w.Header().Get("Cache-Control"); !strings.Contains(keep, "no-store") && len(missing) > 0 {
		say("may be kept by caches: %s", keep)
	}
	return wrong
}

// TestTiersRestart: a tier that is gone for a while costs its own data while it is gone, and comes back at its address.
func TestTiersRestart(t *testing.T) {
	e, world, door := troubled(t)
	well := healthy(t, e, whole[0])
	for _, tier := range world.Tiers {
		fields := regexp.MustCompile(`^(` + shownBy[tier.Name] + `)$`)
		ctx, cancel := context.WithCancel(t.Context())
		back := make(chan struct{})
		go func() {
			defer close(back)
			door.post(t, "/_tier/"+tier.Name+"/restart?gone=100ms", "")
			cancel()
		}()
		wrong := 0 // answers in a row: a machine may be busy
		for ctx.Err() == nil {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, whole[0].request(false))
			got := tell(t, whole[0], w)
			d := cmp.Diff(without(parsed(t, well.Data), fields), without(parsed(t, got.Data), fields))
			if d == "" {
				wrong = 0
			} else if wrong++; wrong == 4 {
				t.Errorf("%s is gone: -well +got:\n%s", tier.Name, d)
			}
		}
		<-back
		if d := cmp.Diff(well, healthy(t, e, whole[0])); d != "" {
			t.Errorf("%s is back: -want +got:\n%s", tier.Name, d)
		}
		cancel()
	}
}

// TestBookmarksOutliveARestart: what was written before a restart is read after it.
func TestBookmarksOutliveARestart(t *testing.T) {
	world, e := writing(t)
	c := &client{edge: e, device: devices[0], protocol: "rest", viewer: "guest-7"}
	for i := 1; i <= 5; i++ {
		if answer, ok := c.do("setBookmark", fmt.Sprint(i), "position", watched, i*100); !ok {
			t.Fatal(answer)
		}
		if err := world.Tier("bookmarks").Restart(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		var got any
		ok := false
		for try := 0; try < 50 && !ok; try++ { // the first may meet a connection that broke
			got, ok = c.read(c.device.position)
		}
		if !cmp.Equal(got, any(float64(i*100))) {
			t.Errorf("after restart %d the position is %v", i, got)
		}
	}
}
