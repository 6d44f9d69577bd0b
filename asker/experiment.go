package asker

import (
	"crypto/sha256"
	"encoding/binary"
)

// An Experiment splits askers into arms by a hash that sticks: the same unit is always in the same arm,
// and different salts are independent of each other.
type Experiment struct {
	Name    string
	Salt    string
	Arms    []string
	Weights []uint32 // per arm; the share of an arm is its weight over their sum
}

// Arm gives the arm of a unit (a profile or viewer id); "" for nobody and for an experiment without weight.
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
	h := sha256.New()
	for _, part := range []string{e.Salt, e.Name, unit} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	at := binary.BigEndian.Uint64(h.Sum(nil)) % sum
	for i, w := range e.Weights {
		if at < uint64(w) {
			return e.Arms[i]
		}
		at -= uint64(w)
	}
	return ""
}
