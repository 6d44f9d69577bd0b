// Package asker is who asks and on what: viewer, device, locale, region and experiment cells, known before the first operation.
package asker

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// An Asker is one request's context. It is read-only once the request runs.
type Asker struct {
	Viewer  Viewer
	Device  Device
	Locale  string            // BCP 47, "en-US"
	Region  string            // "eu-1"
	Cells   map[string]string // experiment -> arm
	Headers http.Header       // the device's request headers; a tier sees only those that its source lists
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
}

// Value gives a context value by its path, as JSON: "viewer.id", "viewer.profile.id", "viewer.profiles", "viewer.signedIn",
// "device.type", "device.form", "device.appVersion", "locale", "region", "cell:<experiment>".
// A known path without a value (nobody is signed in) is null; ok is false for a path that does not exist.
func (a *Asker) Value(path string) (value []byte, ok bool) {
	text := func(s string) ([]byte, bool) {
		if s == "" {
			return []byte("null"), true
		}
		b, err := json.Marshal(s)
		return b, err == nil
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
		b, err := json.Marshal(a.Viewer.Profiles)
		return b, err == nil
	case "viewer.signedIn":
		return strconv.AppendBool(nil, a.Viewer.SignedIn), true
	case "device.type":
		return text(a.Device.Type)
	case "device.form":
		return text(a.Device.Form)
	case "device.appVersion":
		return text(a.Device.AppVersion)
	case "locale":
		return text(a.Locale)
	case "region":
		return text(a.Region)
	}
	if len(path) > len(cellPrefix) && path[:len(cellPrefix)] == cellPrefix {
		return text(a.Cells[path[len(cellPrefix):]])
	}
	return nil, false
}

const cellPrefix = "cell:"
