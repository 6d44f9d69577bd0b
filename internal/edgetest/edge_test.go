package edgetest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films"
	"facet/examples/films/tiers/trouble"
	"facet/serve/servetest"
)

// devicePackages are the films' packages that have a device, by folder.
var devicePackages = []string{"tv-home", "tv-player", "tv-home-v1", "phone-home", "glasses-home", "web-browse"}

// TestEveryRoute: each device schema of the films answers, and nothing else does.
func TestEveryRoute(t *testing.T) {
	e := Open(t, Films(t, devicePackages...))
	for path, want := range map[string]int{
		"/tv/v2/home": 200, "/tv/v1/home": 200, "/phone/v1/home": 200, "/tv/v2/watch?id=inception-2010": 200, "/phone/v1/browse?genre=Western": 200,
		"/glasses/v1/play?text=play+jaws": 200, "/web/v1/browse?genre=Western": 200, "/web/v1/film?id=nobody-1900": 404,
		"/tv/v2/watch?id=nobody-1900": 404, "/tv/v1/watch?id=inception-2010": 404, "/phone/v2/home": 404, "/fridge/v1/home": 404, "/tv/v2/openapi.json": 200,
	} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d: %.300s", path, w.Code, want, w.Body)
		}
	}
	if d := cmp.Diff([]string{"glasses/v1", "phone/v1", "tv/v1", "tv/v2", "web/v1"}, e.Near("", "")); d != "" {
		t.Error(d)
	}
}

// TestFilmsThreeWays: packages as they are written, over tiers as they are, say the same over three protocols.
func TestFilmsThreeWays(t *testing.T) {
	e := Open(t, Films(t, devicePackages...))
	const (
		card    = "id,key,title,art,badge,score,position,progress(minutesLeft,state)"
		details = "id,key,title,tagline,badge,poster,resumeAt,released,credits(director,distributor,basedOn),ratings(public,votes,critics,verdict)"
		small   = "id,key,title,thumb,badge,percent"
		spot    = "id,key,at,say"
		tile    = "id,key,title,year,poster,badge"
		page    = "id,key,title,facts,poster,badge,position,reviews(critics,audience,verdict,quotes(by,text)),saga(" + tile + "),similar(" + tile + ")"
	)
	type args = map[string]any
	for route, questions := range map[string][]servetest.Question{
		"tv/v2": {
			{View: "home", Fields: "name,recent,rowsPage(length),rows(name,itemsPage(length),items(__typename," + card + ",seasons))"},
			{View: "home", Fields: "rows(items(similar(title,similar(key))))", First: 2},
			{View: "film", Args: args{"id": "jaws-1975"}, Fields: card + ",similarPage(length),similar(" + card + ")"},
			{View: "film", Args: args{"id": "nobody-1900"}, Fields: card},
			{View: "originals", Fields: "films(id,key,title,year,badge)", First: 10},
			{View: "me", Fields: "id,key,name,color,maturity,continueWatchingPage(length),continueWatching(" + card + "),myList(" + card + ")"},
			{View: "watch", Args: args{"id": "inception-2010"}, Fields: details + ",saga(title,years,films(title))", First: 12},
			{View: "watch", Args: args{"id": "star-wars-ep-ii-attack-of-the-clones-2002"}, Fields: details + ",saga(title,years,films(id,title,saga(key)))", First: 12}, // as many as it takes
			{View: "watch", Args: args{"id": "nobody-1900"}, Fields: details},
			{View: "upNext", Args: args{"id": "inception-2010"}, Fields: "after,films(id,title,runtimeMinutes,still)"},
			{Shape: "Card", Key: "jaws-1975", Fields: card},
			{Shape: "Profile", Key: "demo", Fields: "id,key,name,myList(title)"},
			{Shape: "Details", Key: "up-2009", Fields: details},
			{Mutation: "setBookmark", Args: args{"title": "jaws-1975", "positionSeconds": 321}, Fields: card},
			{Mutation: "clearBookmark", Args: args{"title": "jaws-1975"}, Fields: card},
			{Mutation: "addToMyList", Args: args{"title": "up-2009"}, Fields: card},
			{Mutation: "removeFromMyList", Args: args{"title": "up-2009"}, Fields: card},
		},
		"tv/v1": {
			{View: "home", Fields: "profileName,lists(title,films(id,key,name,year,boxArt))", First: 4},
			{View: "film", Args: args{"id": "jaws-1975"}, Fields: "id,key,name,year,boxArt"},
		},
		"phone/v1": {
			{View: "home", Fields: "name,color,started(" + small + "),myList(" + small + "),originals(id,title,year,badge),rows(name,items(__typename," + small + ",films))"},
			{View: "browse", Args: args{"genre": "Western"}, Fields: "genres,filmsPage(length),films(" + small + ")"},
			{View: "film", Args: args{"id": "jaws-1975"}, Fields: small},
			{Mutation: "clearBookmark", Args: args{"title": "jaws-1975"}, Fields: small},
		},
		"glasses/v1": {
			{View: "play", Args: args{"text": "play jaws"}, Fields: "films(" + spot + ")"},
			{View: "play", Args: args{"text": "qwertz"}, Fields: "films(" + spot + ")"},
			{View: "resume", Fields: "films(" + spot + ")"},
			{Shape: "Spot", Key: "jaws-1975", Fields: spot},
			{Mutation: "setBookmark", Args: args{"title": "jaws-1975", "positionSeconds": 321}, Fields: spot},
			{Mutation: "addToMyList", Args: args{"title": "up-2009"}, Fields: "total"},
			{Mutation: "removeFromMyList", Args: args{"title": "up-2009"}, Fields: "total"},
		},
		"web/v1": {
			{View: "browse", Args: args{"genre": "Western"}, Fields: "genres,filmsPage(length),films(" + tile + ")"},
			{View: "find", Args: args{"text": "the dark"}, Fields: "filmsPage(length),films(" + tile + ")", First: 9},
			{View: "film", Args: args{"id": "jaws-1975"}, Fields: page, First: 12},
			{View: "film", Args: args{"id": "nobody-1900"}, Fields: page},
			{View: "list", Fields: "name,filmsPage(length),films(" + tile + "),started(" + tile + ")"},
			{Shape: "FilmPage", Key: "up-2009", Fields: "id,key,title,facts,similar(" + tile + ")"},
			{Mutation: "setBookmark", Args: args{"title": "jaws-1975", "positionSeconds": 321}, Fields: "id,key,position"},
			{Mutation: "putAside", Args: args{"title": "up-2009", "positionSeconds": 60}, Fields: "listed,position"},
			{Mutation: "removeFromMyList", Args: args{"title": "up-2009"}, Fields: "total"},
		},
	} {
		device, schema, _ := strings.Cut(route, "/")
		t.Run(device+schema, func(t *testing.T) {
			for i := range questions {
				questions[i].Device, questions[i].Schema = device, schema
			}
			servetest.Run(t, e.Engine(device, schema).Surface(), servetest.Handlers{GraphQL: e, REST: e, Graph: e}, questions...)
		})
	}
}

// TestFilmsInTrouble is one tier gone, one slow, one answering garbage, over HTTP: a partial answer, long before the slow one's.
func TestFilmsInTrouble(t *testing.T) {
	g := Parse(t, FilmsDir())
	world := RunTiers(t)
	world.Tier("artwork").Door.Set(trouble.Trouble{Fail: trouble.Reset})
	world.Tier("bookmarks").Door.Set(trouble.Trouble{Lag: trouble.Span(5 * time.Second)})
	env := world.Env()
	profiles, err := world.Tier("profiles").Open(films.Options{})
	if err != nil {
		t.Fatal(err)
	}
	half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // one of its two operations is well
		if !strings.HasSuffix(r.URL.Path, "/recent-searches") {
			profiles.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`<html>{"searches":[`))
	}))
	t.Cleanup(half.Close)
	env["PROFILES_URL"] = half.URL
	e := Open(t, World{Graph: g, Builds: Build(t, FilmsDir(), g, "tv-home"), Tiers: Dial(t, g, env), Asker: Demo()})
	for _, p := range small {
		w := httptest.NewRecorder()
		began := time.Now()
		e.ServeHTTP(w, p.request(false))
		if took := time.Since(began); took > 4*time.Second { // the slow one takes five
			t.Errorf("%s took %v", p.name, took)
		}
		got := tell(t, p, w)
		errors := []string{"home.recent bad_answer", "home.rows.0.items.0.art unavailable", "home.rows.0.items.1.art unavailable"}
		if p.name == "jsongraph" {
			errors = []string{"Card.inception-2010.art unavailable", "Card.pulp-fiction-1994.art unavailable", "home.recent bad_answer"}
		}
		if d := cmp.Diff(errors, got.Errors); d != "" {
			t.Errorf("%s: -want +got:\n%s", p.name, d)
		}
		if len(got.Late) != 4 || !strings.Contains(got.Data, "Inception") {
			t.Errorf("%s: %v %s", p.name, got.Late, got.Data)
		}
	}
}
