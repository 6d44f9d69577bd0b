package data

import (
	"slices"
	"strconv"
	"strings"
)

// A Maturity is what a profile may watch.
type Maturity string

// The maturities.
const (
	Kids   Maturity = "KIDS"   // rated G or PG
	Adults Maturity = "ADULTS" // everything
)

// Allows says whether a profile of this maturity may watch the film.
func (m Maturity) Allows(t *Title) bool {
	return m != Kids || t.Rating != nil && (*t.Rating == "G" || *t.Rating == "PG")
}

// A Profile is one person at the screen.
type Profile struct {
	ID             string
	Name           string
	AvatarColor    string // "#rrggbb"
	Maturity       Maturity
	RecentSearches []string // the latest first
	Watched        []Mark   // bookmarks that it starts with, the latest first
	MyList         []string // ids of titles that it starts with, the latest first
}

// A Mark is how far a profile got in a film.
type Mark struct {
	Title           string
	PositionSeconds int
}

// A Viewer is an account. Its first profile is the one that it starts with.
type Viewer struct {
	ID       string
	Name     string
	Plan     string   // BASIC, STANDARD, PREMIUM
	Profiles []string // ids
}

// Guests is how many nameless viewers there are beside the named ones: guest-0 to guest-9999, each with one profile of the same id.
const Guests = 10_000

var profiles = []Profile{
	{
		ID: "demo", Name: "Ada", AvatarColor: "#e4572e", Maturity: Adults,
		RecentSearches: []string{"heist films", "steven spielberg", "something with sharks", "space opera"},
		Watched:        []Mark{{"the-dark-knight-2008", 4_200}, {"inception-2010", 8_700}, {"jaws-1975", 1_260}, {"avatar-2009", 9_700}},
		MyList:         []string{"the-godfather-1972", "pulp-fiction-1994", "spider-man-2-2004"},
	},
	{
		ID: "kids", Name: "Little ones", AvatarColor: "#3bb273", Maturity: Kids,
		RecentSearches: []string{"dinosaurs", "the fish film", "toys"},
		Watched:        []Mark{{"toy-story-3-2010", 3_000}, {"finding-nemo-2003", 5_900}},
		MyList:         []string{"shrek-2-2004", "up-2009"},
	},
	{
		ID: "grace", Name: "Grace", AvatarColor: "#4d7ea8", Maturity: Adults,
		RecentSearches: []string{"black and white", "westerns", "hitchcock"},
		Watched:        []Mark{{"casablanca-1941", 2_400}},
		MyList:         []string{"rebecca-1939"},
	},
	{ID: "new", Name: "Somebody new", AvatarColor: "#8884ff", Maturity: Adults},
}

var viewers = []Viewer{
	{ID: "demo", Name: "Ada and family", Plan: "PREMIUM", Profiles: []string{"demo", "kids"}},
	{ID: "grace", Name: "Grace", Plan: "STANDARD", Profiles: []string{"grace"}},
	{ID: "new", Name: "Somebody new", Plan: "BASIC", Profiles: []string{"new"}},
}

// Profiles are the named profiles.
func Profiles() []Profile { return slices.Clone(profiles) }

// Viewers are the named viewers.
func Viewers() []Viewer { return slices.Clone(viewers) }

// OneProfile is the profile with that id, guests included.
func OneProfile(id string) (Profile, bool) {
	for _, p := range profiles {
		if p.ID == id {
			return p, true
		}
	}
	n, ok := guest(id)
	if !ok {
		return Profile{}, false
	}
	colors := []string{"#e4572e", "#3bb273", "#4d7ea8", "#8884ff", "#f2b134"}
	return Profile{
		ID: id, Name: "Guest " + strconv.Itoa(n), AvatarColor: colors[n%len(colors)], Maturity: Adults,
		RecentSearches: []string{"films of " + strconv.Itoa(1960+n%50), "comedy", "new"},
	}, true
}

// OneViewer is the viewer with that id, guests included.
func OneViewer(id string) (Viewer, bool) {
	for _, v := range viewers {
		if v.ID == id {
			return v, true
		}
	}
	if n, ok := guest(id); ok {
		return Viewer{ID: id, Name: "Guest " + strconv.Itoa(n), Plan: "BASIC", Profiles: []string{id}}, true
	}
	return Viewer{}, false
}

func guest(id string) (int, bool) {
	digits, ok := strings.CutPrefix(id, "guest-")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n >= 0 && n < Guests && strconv.Itoa(n) == digits
}
