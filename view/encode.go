package view

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"facet/fault"
)

// MaxEncoded is the most bytes that a build's encoding may have.
const MaxEncoded = 16 << 20

// Encode gives the build's bytes: the same build, the same bytes. A build that Decode would refuse is refused here, as Internal.
func (b *Build) Encode() ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, &fault.Error{Kind: fault.Internal, Op: "view.encode", Subject: b.Package, Err: err}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(b); err != nil {
		return nil, &fault.Error{Kind: fault.Internal, Op: "view.encode", Subject: b.Package, Err: err}
	}
	if buf.Len() > MaxEncoded {
		return nil, fault.New(fault.TooLarge, "the build of %s takes %d bytes; the limit is %d", b.Package, buf.Len(), MaxEncoded)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// strictly refuses members that no build has, twice the same member, and text that is no UTF-8. Durations are nanoseconds, as they are written.
var strictly = jsonv2.JoinOptions(jsonv2.RejectUnknownMembers(true), jsonv1.FormatDurationAsNano(true))

// Decode reads what Encode wrote. Its input is not trusted: whatever it accepts can be planned, printed and encoded
// without a further check of indices and names. Its errors are Invalid or TooLarge.
func Decode(data []byte) (*Build, error) {
	if len(data) > MaxEncoded {
		return nil, fault.New(fault.TooLarge, "a build takes %d bytes; the limit is %d", len(data), MaxEncoded)
	}
	b := &Build{}
	if err := jsonv2.Unmarshal(data, b, strictly); err != nil {
		return nil, refuse(err)
	}
	if err := b.check(); err != nil {
		return nil, refuse(err)
	}
	return b, nil
}

// scratch are lists that values are read into: a value is large, and a list that grows as it is read is copied again and again.
var scratch = sync.Pool{New: func() any { return new(values) }}

// values are read over what the list had before.
type values struct {
	list []Value
	read bool
}

// UnmarshalJSONFrom implements jsonv2.UnmarshalerFrom.
func (v *values) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v.read = true
	return jsonv2.UnmarshalDecode(d, &v.list)
}

// UnmarshalJSONFrom implements jsonv2.UnmarshalerFrom.
func (s *Scope) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	room := scratch.Get().(*values)
	read := struct {
		Values *values `json:"values"`
	}{Values: room}
	if err := jsonv2.UnmarshalDecode(d, &read); err != nil {
		return err // what is half read is not read over
	}
	if room.read {
		s.Values = slices.Clone(room.list)
	}
	clear(room.list)
	room.list, room.read = room.list[:0], false
	if cap(room.list) <= mostScratch {
		scratch.Put(room)
	}
	return nil
}

// mostScratch is how many values a list that is kept to read into has at most.
const mostScratch = 1 << 12

func refuse(err error) error {
	return &fault.Error{Kind: fault.Invalid, Op: "view.decode", Message: "this is not a build that can be read", Err: err}
}

// Digest is "sha256:<hex>" of the build's encoding; "" for a build that cannot be encoded.
func (b *Build) Digest() string {
	data, err := b.Encode()
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
