package edgetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"facet/examples/films"
	"facet/tiers/guard"
)

// player is the films world with the television's packages, handlers among them.
func player(t testing.TB) (*films.World, *Edge, *[]Outcome) {
	t.Helper()
	dir := Patient(t, FilmsDir())
	g := Parse(t, dir)
	world := RunTiers(t)
	told := &[]Outcome{}
	e := Open(t, World{Graph: g, Builds: Build(t, dir, g, "tv-home", "tv-player"), Tiers: DialWith(t, g, world.Env(), guard.Settings{BreakerFailures: -1}), Asker: Demo(),
		Done: func(o Outcome) { *told = append(*told, o) }})
	return world, e, told
}

// TestHandlerOverThreeProtocols asks one handler over each: the same value, the same effect, the same things made stale.
func TestHandlerOverThreeProtocols(t *testing.T) {
	_, e, told := player(t)
	for i, wire := range wires {
		t.Run(wire, func(t *testing.T) {
			c := &client{e, devices[0], wire, "demo"}
			end := func(seconds int, want string) {
				t.Helper()
				*told = nil
				answer, ok := c.do("playbackEnded", "", "how", watched, seconds)
				text, err := json.Marshal(answer)
				if err != nil {
					t.Fatal(err)
				}
				if !ok || !strings.Contains(string(text), want) {
					t.Fatalf("got %s, want %s", text, want)
				}
				if o := (*told)[0]; o.Stats.Calls > 4 { // films together, their artwork is not asked; the similar ones; the bookmark
					t.Errorf("%d calls", o.Stats.Calls)
				}
				if wire == "rest" {
					return
				}
				for _, stale := range []string{`"invalidated"`, "Card"} {
					if !strings.Contains(string(text), stale) {
						t.Errorf("%s is not in %s", stale, text)
					}
				}
			}
			at := 600 + 60*i
			end(at, `"STOPPED"`)
			if got, ok := c.read(devices[0].position); !ok || got != float64(at) {
				t.Errorf("the position is %v", got)
			}
			end(147*60, `"FINISHED"`)
			if got, ok := c.read(devices[0].position); !ok || got != nil {
				t.Errorf("the position is %v, after the end", got)
			}
		})
	}
}

// TestHandlerFailures: what goes wrong in a handler is an error with a code, over each protocol.
func TestHandlerFailures(t *testing.T) {
	_, e, _ := player(t)
	c := &client{e, devices[0], "rest", "demo"}
	for _, x := range []struct {
		name, body string
		code       int
		kind       string
	}{
		{"unknown film", `{"title":"no-such-film","positionSeconds":1}`, 404, "not_found"},
		{"wrong argument", `{"title":"` + watched + `","positionSeconds":-1}`, 400, "invalid"},
		{"no argument", `{}`, 400, "invalid"},
	} {
		code, out := c.send("POST", "playbackEnded", "application/json", x.body, "")
		if code != x.code || !strings.Contains(fmt.Sprint(out["type"]), x.kind) {
			t.Errorf("%s: %d %v", x.name, code, out)
		}
	}
	for _, path := range []string{"playbackEnded.title", "playbackEnded.forget"} { // what it loads is served to nobody
		if code, out := c.send("GET", path+"?id="+watched, "", "", ""); code != 404 {
			t.Errorf("%s: %d %v", path, code, out)
		}
		if code, out := c.send("POST", path, "application/json", `{"title":"`+watched+`"}`, ""); code != 404 {
			t.Errorf("%s: %d %v", path, code, out)
		}
	}
	sdl := e.Engine("tv", "v2").Surface().SDL()
	if !strings.Contains(sdl, "playbackEnded(title: ID!, positionSeconds: Int!): PlaybackEnded\n") || strings.Contains(sdl, "PlaybackEndedTitle") {
		t.Error(sdl)
	}
}
