// Package asker is who asks and on what: viewer, device, locale, region, experiment cells, time and random, known before the first operation.
package asker

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An Asker is one request's context. It is read-only once the request runs.
type Asker struct {
	Viewer  Viewer
	Device  Device
	Locale  string            // BCP 47, "en-US"
	Region  string            // "eu-1"
	Cells   map[string]string // experiment -> arm, where it is fixed; see Cell
	Headers http.Header       // the device's request headers; a tier sees only those that its source lists

	// Now is when the request came: the only clock that scripts have. Scripts see it cut to the second.
	Now time.Time
	// Random is the request's one random number, in [0,1).
	Random float64
	// From names request headers that context values come from beside the well-known ones, by the value's path: what an
	// answer that reads them varies by. It is shared between requests.
	From map[string][]string
	// Experiments give the cells that are not fixed; nil: there are none.
	Experiments *Experiments
	// Until is when what says who asks is not good any more: the token's expiry. Zero: never.
	Until time.Time

	arms *arms // shared between requests; nil: none are remembered
}

// A Viewer is who is signed in. The zero Viewer is nobody.
type Viewer struct {
	ID       string
	Profile  string   // the profile in use
	Profiles []string // every profile that the viewer may see; Profile is among them
	SignedIn bool
}

// A Device is what the request comes from.
type Device struct {
	Type       string // the device of the route: "tv"
	Form       string // its form factor, by default Type
	AppVersion string
	Bandwidth  string // how much its connection carries: Low, Medium, High; "" is not known
}

// The bandwidth classes that the edge tells by itself. A proxy, a claim or a rule may name others.
const (
	Low    = "low"
	Medium = "medium"
	High   = "high"
)

// Value gives a context value by its path, as JSON: "viewer.id", "viewer.profile.id", "viewer.profiles", "viewer.signedIn",
// "device.type", "device.form", "device.appVersion", "device.bandwidth", "locale", "region", "now", "random", and
// "cell:<experiment>". A known path without a value (nobody is signed in) is null; ok is false for a path that does not exist.
// "now" is milliseconds since 1970, a whole second.
func (a *Asker) Value(path string) (value []byte, ok bool) {
	text := func(s string) ([]byte, bool) {
		if s == "" {
			return []byte("null"), true
		}
		return appendText(make([]byte, 0, len(s)+2), s)
	}
	switch path {
	case "viewer.id":
		return text(a.Viewer.ID)
	case "viewer.profile.id":
		return text(a.Viewer.Profile)
	case "viewer.profiles":
		if a.Viewer.Profiles == nil {
			return []byte("[]"), true
		}
		b := append(make([]byte, 0, 64), '[')
		for i, p := range a.Viewer.Profiles {
			if i > 0 {
				b = append(b, ',')
			}
			if b, ok = appendText(b, p); !ok {
				return nil, false
			}
		}
		return append(b, ']'), true
	case "viewer.signedIn":
		return strconv.AppendBool(nil, a.Viewer.SignedIn), true
	case "device.type":
		return text(a.Device.Type)
	case "device.form":
		return text(a.Device.Form)
	case "device.appVersion":
		return text(a.Device.AppVersion)
	case "device.bandwidth":
		return text(a.Device.Bandwidth)
	case "locale":
		return text(a.Locale)
	case "region":
		return text(a.Region)
	case "now":
		if a.Now.IsZero() {
			return []byte("0"), true
		}
		return strconv.AppendInt(nil, a.Now.Unix()*1000, 10), true
	case "random":
		if !(a.Random >= 0 && a.Random < 1) || math.IsNaN(a.Random) {
			return []byte("0"), true
		}
		return strconv.AppendFloat(nil, a.Random, 'f', -1, 64), true
	}
	if name, cell := strings.CutPrefix(path, cellPrefix); cell && name != "" {
		return text(a.Cell(name))
	}
	return nil, false
}

const cellPrefix = "cell:"

// appendText appends a text as JSON, as encoding/json writes it: most have nothing to escape.
func appendText(b []byte, s string) ([]byte, bool) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, err := json.Marshal(s)
			return append(b, text...), err == nil
		}
	}
	return append(append(append(b, '"'), s...), '"'), true
}

// Cell is the asker's arm of an experiment: the fixed one, else by hash; "" for nobody, for an experiment that there is not,
// and for one whose cells a tier allocates.
func (a *Asker) Cell(name string) string {
	if arm, fixed := a.Cells[name]; fixed {
		return arm
	}
	e := a.Experiments.Find(name)
	if e == nil || e.Field != "" {
		return ""
	}
	return e.Arm(a.unit(e.Unit))
}

// unit is what a hashed cell sticks to: the profile, else the viewer; nobody has no cells.
func (a *Asker) unit(of string) string {
	if a.Viewer.Profile != "" && of != UnitViewer {
		return a.Viewer.Profile
	}
	return a.Viewer.ID
}

// Unit is what the asker counts as in an experiment: "" is nobody.
func (a *Asker) Unit(e *Experiment) string { return a.unit(e.Unit) }
