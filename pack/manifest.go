package pack

import (
	"encoding/json"
	"slices"
	"time"
)

// A Manifest is what Facet reads of a package.json. npm's fields mean what they mean in npm.
type Manifest struct {
	Name             string
	Version          string
	Description      string
	Type             string          // "module", "commonjs" or ""
	Main             string          // "" if not given
	Exports          json.RawMessage // as written; nil if not given; see Package.Export
	Files            []string        // nil if not given: then everything that is not ignored is packed
	Dependencies     map[string]string
	DevDependencies  map[string]string
	PeerDependencies map[string]string
	Edge             *Edge // nil if the package is no part of Facet: an ordinary npm package
}

// Kind says what role a package plays.
type Kind string

// The kinds of package.
const (
	Device Kind = "device" // has views and mutations for one or more devices
	Module Kind = "module" // shared code that device packages link
	Plain  Kind = "plain"  // an npm package without "edge", bundled into its consumer
)

// Kind is Device, Module or Plain.
func (m *Manifest) Kind() Kind {
	switch {
	case m.Edge == nil:
		return Plain
	case len(m.Edge.Device) > 0:
		return Device
	}
	return Module
}

// Range is the range under which the manifest depends on name, from "dependencies",
// else "peerDependencies"; devDependencies are not part of what is published.
func (m *Manifest) Range(name string) (string, bool) {
	if r, ok := m.Dependencies[name]; ok {
		return r, true
	}
	r, ok := m.PeerDependencies[name]
	return r, ok
}

// Binding is how the package follows a module: as "edge.bindings" says, else Locked.
func (m *Manifest) Binding(name string) Binding {
	if m.Edge != nil {
		if b, ok := m.Edge.Bindings[name]; ok {
			return b
		}
	}
	return Locked
}

// Serves says whether the package has views for a device.
func (m *Manifest) Serves(device string) bool {
	return m.Edge != nil && slices.Contains(m.Edge.Device, device)
}

// An Edge is the part of package.json that is Facet's own: the object under "edge".
type Edge struct {
	Device   []string           // the devices it serves, in the order written; empty for a module
	Schema   string             // "v1", "v2", …: the schema version of a device package; "" for a module
	Graph    string             // the range of graph versions; "*" if not given
	Bindings map[string]Binding // by dependency name
	Limits   *Budget            // nil if not given
	Health   *Health            // nil if not given
	Sunset   *Sunset            // nil if not given
	// DocumentsOnly says that the package's endpoint answers no GraphQL document but known ones; written as "documents": {"only": true}.
	DocumentsOnly bool
}

// A Binding says when a package gets a module's new versions.
type Binding string

// The bindings.
const (
	Live   Binding = "live"   // with the next release
	Locked Binding = "locked" // with the package's own next publish
)

// A Budget bounds what one request to a package may spend. Zero means the environment's own limit.
type Budget struct {
	Calls    int           `json:"calls,omitempty"`    // tier calls
	Entities int           `json:"entities,omitempty"` // places at which an entity stands
	Items    int           `json:"items,omitempty"`    // items of lists, each wherever it stands
	Bytes    int64         `json:"bytes,omitempty"`    // of the answer's data; written as 262144 or "256KB" (1 KB = 1024 bytes)
	CPU      time.Duration `json:"cpu,omitempty"`      // of script functions; written as "20ms"
	Shorten  bool          `json:"shorten,omitempty"`  // past Bytes lists are shortened; else the answer is refused
}

// Health says when a package counts as healthy. Zero means not watched.
type Health struct {
	P99       time.Duration      `json:"p99,omitempty"`       // written as "250ms"
	ErrorRate float64            `json:"errorRate,omitempty"` // from 0 to 1; written as 0.01 or "1%"
	Counters  map[string]Counter `json:"counters,omitempty"`  // business counters by name, as metrics.count names them
}

// A Counter is the band in which a business counter stays in a healthy release, in
// proportion to its baseline: min 0.9 says that it may lose a tenth.
type Counter struct {
	Min float64 `json:"min,omitempty"`
	Max float64 `json:"max,omitempty"` // 0: no upper bound
}

// Sunset says when a schema version may retire: below so many requests a day, for so many days.
type Sunset struct {
	Below int `json:"below"`
	Days  int `json:"days"`
}
