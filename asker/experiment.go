package asker

import (
	"crypto/sha256"
	"encoding/binary"
)

// What an experiment's cells stick to.
const (
	UnitProfile = "profile" // the profile, else the viewer: the default
	UnitViewer  = "viewer"  // all profiles of a viewer are in the same arm
)

// An Experiment splits askers into arms by a hash that sticks: the same unit is always in the same arm, and different salts
// are independent of each other. With a Field the arm is what a tier says instead.
type Experiment struct {
	Name    string
	Salt    string
	Arms    []string
	Weights []uint32 // per arm; the share of an arm is its weight over their sum
	Unit    string   // UnitProfile or UnitViewer; "" is UnitProfile
	// Field is the graph field that allocates the cell, "Viewer.cell" or "Profile.cell": a String of an argument "experiment"
	// or of none. "": by hash.
	Field string
	// Default is the arm where the tier does not answer in time, or says nothing; "": none.
	Default string
}

// Arm gives the arm of a unit (a profile or viewer id); "" for nobody and for an experiment without weight.
//
// The hash is SHA-256 over salt, name and unit, each after its length, taken modulo the sum of the weights: with 64 bits over
// a sum of at most 2^36 the bias is below 2^-28.
func (e *Experiment) Arm(unit string) string {
	if unit == "" || len(e.Arms) == 0 || len(e.Arms) != len(e.Weights) {
		return ""
	}
	var sum uint64
	for _, w := range e.Weights {
		sum += uint64(w)
	}
	if sum == 0 {
		return ""
	}
	var room [256]byte
	b := room[:0]
	for _, part := range [...]string{e.Salt, e.Name, unit} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
	}
	h := sha256.Sum256(b)
	at := binary.BigEndian.Uint64(h[:]) % sum
	for i, w := range e.Weights {
		if at < uint64(w) {
			return e.Arms[i]
		}
		at -= uint64(w)
	}
	return ""
}

// An Allocation is how an asker's cell of an experiment comes about: by a field, or the zero Allocation: it is known.
type Allocation struct {
	Field   string // "Viewer.cell"
	Default string
}

// Allocation says how the asker's cell of an experiment comes about.
func (a *Asker) Allocation(name string) Allocation {
	e := a.Experiments.Find(name)
	if e == nil || e.Field == "" {
		return Allocation{}
	}
	if _, fixed := a.Cells[name]; fixed {
		return Allocation{}
	}
	return Allocation{e.Field, e.Default}
}

// Experiments are those of one release, by name. A nil one has none.
type Experiments struct {
	list   []Experiment
	byName map[string]*Experiment
}

// NewExperiments indexes experiments. Of two with one name the last counts.
func NewExperiments(list []Experiment) *Experiments {
	x := &Experiments{list: list, byName: make(map[string]*Experiment, len(list))}
	for i := range list {
		x.byName[list[i].Name] = &x.list[i]
	}
	return x
}

// Find gives an experiment, or nil.
func (x *Experiments) Find(name string) *Experiment {
	if x == nil {
		return nil
	}
	return x.byName[name]
}

// All lists the experiments.
func (x *Experiments) All() []Experiment {
	if x == nil {
		return nil
	}
	return x.list
}
