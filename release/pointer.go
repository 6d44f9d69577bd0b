package release

import (
	"encoding/json"
	"fmt"
	"time"

	"facet/fault"
)

// MaxPointer is the most bytes that a pointer's encoding may have.
const MaxPointer = 1 << 10

// A Pointer says which release a region serves. It is the one mutable object
// of a region, moved by a conditional write.
type Pointer struct {
	Format     int       `json:"format"`
	Seq        int64     `json:"seq"`                // one up per write; a lower one than seen before is a replay
	Release    string    `json:"release"`            // digest
	Previous   string    `json:"previous"`           // the release served until ActivateAt; "" for none
	ActivateAt time.Time `json:"activateAt"`         // when Release is served; the zero time is at once
	Signature  Signature `json:"signature,omitzero"` // over all of it; may be empty
}

// Active is the digest of the release to serve now: Release from ActivateAt on,
// Previous before; "" if there is nothing to serve yet.
func (p Pointer) Active(now time.Time) string {
	if now.Before(p.ActivateAt) {
		return p.Previous
	}
	return p.Release
}

// Next is the pointer that moves a region to a release: the sequence grows by
// one, and what is served now stays until activateAt (the zero time: until the write).
// p is the zero Pointer if the region has none. Any signature is gone.
func (p Pointer) Next(digest string, now, activateAt time.Time) Pointer {
	n := Pointer{Format: Format, Seq: p.Seq + 1, Release: digest, Previous: p.Active(now)}
	if !activateAt.IsZero() {
		n.ActivateAt = activateAt.UTC().Truncate(time.Millisecond)
	}
	return n
}

// Follows is nil if p may come after seen, which is the last pointer that was
// accepted: a higher sequence, or the same pointer again. Else it is a Conflict.
func (p Pointer) Follows(seen Pointer) error {
	if p.Seq > seen.Seq || (p.Seq == seen.Seq && p.Release == seen.Release && p.Previous == seen.Previous && p.ActivateAt.Equal(seen.ActivateAt)) {
		return nil
	}
	return &fault.Error{
		Kind: fault.Conflict, Op: "release.pointer",
		Message: fmt.Sprintf("the pointer has sequence %d after %d was served: an old one was put back", p.Seq, seen.Seq),
		Hint:    "to return to an older release, roll back: that makes a new one equal to it",
	}
}

// Encode writes the pointer: equal pointers give equal bytes.
func (p Pointer) Encode() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return marshal(p, MaxPointer)
}

// DecodePointer reads what Encode wrote. Its errors are Invalid or TooLarge.
func DecodePointer(data []byte) (Pointer, error) {
	var p Pointer
	if err := unmarshal(data, MaxPointer, &p); err != nil {
		return Pointer{}, err
	}
	return p, p.check()
}

func (p Pointer) check() error {
	switch {
	case p.Format != Format:
		return wrong("this is format %d of a pointer; this program reads %d", p.Format, Format)
	case p.Seq < 1:
		return wrong("a pointer has the sequence %d; the first is 1", p.Seq)
	case !digestForm.MatchString(p.Release):
		return wrong("a pointer names the release %q, which is no digest", p.Release)
	case p.Previous != "" && !digestForm.MatchString(p.Previous):
		return wrong("a pointer names the previous release %q, which is no digest", p.Previous)
	}
	return nil
}

// String prints the pointer on one line.
func (p Pointer) String() string {
	s := fmt.Sprintf("#%d -> %s", p.Seq, Short(p.Release))
	if p.Previous != "" {
		s += " (previous " + Short(p.Previous) + ")"
	}
	if !p.ActivateAt.IsZero() {
		s += " at " + p.ActivateAt.UTC().Format(time.RFC3339)
	}
	return s
}

// An Instance is what one instance says it serves: its acknowledgement, and what it refused.
type Instance struct {
	ID      string    `json:"id"`
	Env     string    `json:"env"`
	Region  string    `json:"region"`
	Seq     int64     `json:"seq"`     // of the pointer
	Release string    `json:"release"` // what it serves; "" for nothing
	At      time.Time `json:"at"`      // since when
	Refused *Refusal  `json:"refused,omitempty"`

	Seen    time.Time `json:"seen,omitzero"`     // the heartbeat: when this was written
	Version string    `json:"version,omitempty"` // of the program
	Started time.Time `json:"started,omitzero"`  // when the program started
	Looked  time.Time `json:"looked,omitzero"`   // when the pointer was last read
	Copy    bool      `json:"copy,omitempty"`    // what is served came from the copy on disk, and the store has not confirmed it since
	Trouble string    `json:"trouble,omitempty"` // what failed and is tried again

	Quarantined []Quarantine `json:"quarantined,omitempty"` // packages whose functions are not run here for now

	Mismatched []Mismatch `json:"mismatched,omitempty"` // experiments whose arms are not as their weights say
}

// MaxMismatched is how many mismatches an acknowledgement tells.
const MaxMismatched = 20

// A Mismatch says that the different profiles or viewers that an instance saw in the arms of an experiment are not in the
// ratio of its weights, by more than chance: what the experiment measures cannot be trusted.
type Mismatch struct {
	Experiment string   `json:"experiment"`
	Arms       []string `json:"arms"`
	Units      []int64  `json:"units"` // by arm, of a sample
	Chance     float64  `json:"chance"`
}

// MaxQuarantined is how many quarantines an acknowledgement tells, and MaxReason how many bytes of why.
const (
	MaxQuarantined = 50
	MaxReason      = 400
)

// A Quarantine says that an instance does not run the functions of a package for now, because they kept breaking limits.
type Quarantine struct {
	Package string    `json:"package"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`  // of the next trial
	Times   int       `json:"times"`  // how often it was prolonged, and once for its beginning
	Reason  string    `json:"reason"` // for the package's owner: the function, the limit, the line
}

// A Refusal says why an instance does not serve a release, which waiting would not cure.
type Refusal struct {
	Release string    `json:"release"`
	Build   string    `json:"build,omitempty"` // the digest of the build that is at fault, if it is one
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// A Kept is a mount that a release left as it was before, because instances refused the build that a release put there.
type Kept struct {
	Device  string `json:"device"`
	Schema  string `json:"schema"`
	Package string `json:"package"`
	Version string `json:"version"` // that was refused
	Refusal
}

// MaxInstance is the most bytes of an acknowledgement that are read.
const MaxInstance = 64 << 10

// DecodeInstance reads an acknowledgement. Fields that this program does not know are left out, as
// instances may be newer than who reads them. Its errors are Invalid or TooLarge.
func DecodeInstance(data []byte) (Instance, error) {
	var i Instance
	if len(data) > MaxInstance {
		return i, &fault.Error{Kind: fault.TooLarge, Op: "release.decode", Message: fmt.Sprintf("an acknowledgement takes %d bytes; the limit is %d", len(data), MaxInstance)}
	}
	if err := json.Unmarshal(data, &i); err != nil {
		return Instance{}, &fault.Error{Kind: fault.Invalid, Op: "release.decode", Message: "this acknowledgement cannot be read", Err: err}
	}
	if !ValidName(i.ID) || !ValidName(i.Env) || !ValidName(i.Region) {
		return Instance{}, wrong("an acknowledgement names the instance %q of %s/%s", i.ID, i.Env, i.Region)
	}
	return i, nil
}
