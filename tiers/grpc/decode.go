package grpc

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

// maxDepth is how deep messages may nest.
const maxDepth = 100

var (
	errDeep = errors.New("its messages nest too deep")
	errLong = errors.New("it is too long as JSON")
)

// growth is how many times longer than the longest answer its JSON may be: empty messages take two bytes of the wire, and name
// all their fields in JSON.
const growth = 8

// A reader turns an answer's bytes into JSON in one pass over each message: where a field's values stand is noted first, for
// they may come in any order, and then they are written in the shape's.
type reader struct {
	out   []byte
	spans []place
	ends  []ends
	depth int
	limit int // bytes of out
	types types
}

// types finds what an Any holds.
type types interface {
	protoregistry.MessageTypeResolver
	protoregistry.ExtensionTypeResolver
}

// A place is one value of a field in the message.
type place struct {
	from, to int
	wire     protowire.Type
	next     int32 // 1 + the place of the field's next value; 0: none
}

// ends are a field's first and last value: 1 + their place, or 0.
type ends struct{ first, last int32 }

// message writes a message.
func (r *reader) message(s *shape, b []byte) error {
	if s.known {
		return r.known(s.md, b)
	}
	if r.depth++; r.depth > maxDepth {
		return errDeep
	}
	if len(r.out) > r.limit {
		return errLong
	}
	spans, at := len(r.spans), len(r.ends)
	defer func() {
		r.depth--
		r.spans, r.ends = r.spans[:spans], r.ends[:at]
	}()
	for range s.fields {
		r.ends = append(r.ends, ends{})
	}
	for i := 0; i < len(b); {
		num, typ, n := protowire.ConsumeTag(b[i:])
		if n < 0 {
			return protowire.ParseError(n)
		}
		i += n
		if n = protowire.ConsumeFieldValue(num, typ, b[i:]); n < 0 {
			return protowire.ParseError(n)
		}
		if k, ok := s.field(num); ok && s.fields[k].fits(typ) {
			r.spans = append(r.spans, place{from: i, to: i + n, wire: typ})
			id, e := int32(len(r.spans)), &r.ends[at+k]
			if e.last > 0 {
				r.spans[e.last-1].next = id
			} else {
				e.first = id
			}
			e.last = id
		}
		i += n
	}
	if !s.alone {
		r.out = append(r.out, '{')
	}
	for k := range s.fields {
		f := &s.fields[k]
		if !s.alone {
			if k > 0 {
				r.out = append(r.out, ',')
			}
			r.out = append(r.out, f.name...)
		}
		if err := r.field(f, b, r.ends[at+k]); err != nil {
			return err
		}
	}
	if !s.alone {
		r.out = append(r.out, '}')
	}
	return nil
}

// fits says whether a value may come as the wire type. One that does not is a field that is not known.
func (f *shapeField) fits(typ protowire.Type) bool {
	return typ == f.wire || f.list && typ == protowire.BytesType
}

// field finds a field by its number. Few fields are found faster one by one.
func (s *shape) field(num protowire.Number) (int, bool) {
	if len(s.fields) > 8 {
		k, ok := s.index[num]
		return k, ok
	}
	for k := range s.fields {
		if s.fields[k].number == num {
			return k, true
		}
	}
	return 0, false
}

func (r *reader) field(f *shapeField, b []byte, e ends) error {
	switch {
	case e.first == 0:
		r.out = append(r.out, f.absent...)
		return nil
	case f.key != nil:
		return r.pairs(f, b, e)
	case f.list:
		return r.list(f, b, e)
	case f.below != nil && e.first != e.last:
		// A message that is there twice is merged, and bytes of messages merge by standing one after the other.
		var joined []byte
		for id := e.first; id > 0; id = r.spans[id-1].next {
			p := r.spans[id-1]
			v, _ := protowire.ConsumeBytes(b[p.from:p.to])
			joined = append(joined, v...)
		}
		return r.message(f.below, joined)
	}
	p := r.spans[e.last-1]
	return r.value(f, b[p.from:p.to])
}

func (r *reader) list(f *shapeField, b []byte, e ends) error {
	r.out = append(r.out, '[')
	first := true
	one := func(v []byte) error {
		if !first {
			r.out = append(r.out, ',')
		}
		first = false
		return r.value(f, v)
	}
	for id := e.first; id > 0; id = r.spans[id-1].next {
		p := r.spans[id-1]
		if p.wire != protowire.BytesType || f.wire == protowire.BytesType {
			if err := one(b[p.from:p.to]); err != nil {
				return err
			}
			continue
		}
		packed, _ := protowire.ConsumeBytes(b[p.from:p.to])
		for len(packed) > 0 {
			n := protowire.ConsumeFieldValue(f.number, f.wire, packed)
			if n < 0 {
				return protowire.ParseError(n)
			}
			if err := one(packed[:n]); err != nil {
				return err
			}
			packed = packed[n:]
		}
	}
	r.out = append(r.out, ']')
	return nil
}

// pairs writes a map as an object.
func (r *reader) pairs(f *shapeField, b []byte, e ends) error {
	r.out = append(r.out, '{')
	for id := e.first; id > 0; id = r.spans[id-1].next {
		p := r.spans[id-1]
		entry, _ := protowire.ConsumeBytes(b[p.from:p.to])
		var key, val []byte
		for len(entry) > 0 {
			num, typ, n := protowire.ConsumeTag(entry)
			if n < 0 {
				return protowire.ParseError(n)
			}
			m := protowire.ConsumeFieldValue(num, typ, entry[n:])
			if m < 0 {
				return protowire.ParseError(m)
			}
			switch {
			case num == 1 && typ == f.key.wire:
				key = entry[n : n+m]
			case num == 2 && typ == f.val.wire:
				val = entry[n : n+m]
			}
			entry = entry[n+m:]
		}
		if id != e.first {
			r.out = append(r.out, ',')
		}
		quoted := f.key.kind == protoreflect.StringKind
		if !quoted {
			r.out = append(r.out, '"')
		}
		if err := r.orAbsent(f.key, key); err != nil {
			return err
		}
		if !quoted {
			r.out = append(r.out, '"')
		}
		r.out = append(r.out, ':')
		if err := r.orAbsent(f.val, val); err != nil {
			return err
		}
	}
	r.out = append(r.out, '}')
	return nil
}

func (r *reader) orAbsent(f *shapeField, v []byte) error {
	if v != nil {
		return r.value(f, v)
	}
	if f.below != nil {
		return r.message(f.below, nil)
	}
	r.out = append(r.out, f.absent...)
	return nil
}

// value writes one value as the wire has it behind its tag.
func (r *reader) value(f *shapeField, v []byte) error {
	switch f.wire {
	case protowire.BytesType:
		data, n := protowire.ConsumeBytes(v)
		if n < 0 {
			return protowire.ParseError(n)
		}
		switch f.kind {
		case protoreflect.StringKind:
			return r.text(f, data)
		case protoreflect.BytesKind:
			r.out = append(r.out, '"')
			r.out = base64.StdEncoding.AppendEncode(r.out, data)
			r.out = append(r.out, '"')
			return nil
		}
		return r.message(f.below, data)
	case protowire.Fixed32Type:
		n, _ := protowire.ConsumeFixed32(v)
		switch f.kind {
		case protoreflect.FloatKind:
			r.float(float64(math.Float32frombits(n)), 32)
		case protoreflect.Sfixed32Kind:
			r.out = strconv.AppendInt(r.out, int64(int32(n)), 10)
		default:
			r.out = strconv.AppendUint(r.out, uint64(n), 10)
		}
		return nil
	case protowire.Fixed64Type:
		n, _ := protowire.ConsumeFixed64(v)
		switch f.kind {
		case protoreflect.DoubleKind:
			r.float(math.Float64frombits(n), 64)
		case protoreflect.Sfixed64Kind:
			r.out = strconv.AppendInt(r.out, int64(n), 10)
		default:
			r.out = strconv.AppendUint(r.out, n, 10)
		}
		return nil
	}
	n, _ := protowire.ConsumeVarint(v)
	r.varint(f, n)
	return nil
}

func (r *reader) varint(f *shapeField, n uint64) {
	switch f.kind {
	case protoreflect.BoolKind:
		r.out = strconv.AppendBool(r.out, n != 0)
	case protoreflect.EnumKind:
		if name, ok := f.enum[protoreflect.EnumNumber(int32(n))]; ok {
			r.out = append(r.out, name...)
			return
		}
		r.out = strconv.AppendInt(r.out, int64(int32(n)), 10)
	case protoreflect.Int32Kind:
		r.out = strconv.AppendInt(r.out, int64(int32(n)), 10)
	case protoreflect.Sint32Kind:
		r.out = strconv.AppendInt(r.out, int64(int32(protowire.DecodeZigZag(n&math.MaxUint32))), 10)
	case protoreflect.Sint64Kind:
		r.out = strconv.AppendInt(r.out, protowire.DecodeZigZag(n), 10)
	case protoreflect.Uint32Kind:
		r.out = strconv.AppendUint(r.out, uint64(uint32(n)), 10)
	case protoreflect.Uint64Kind:
		r.out = strconv.AppendUint(r.out, n, 10)
	default:
		r.out = strconv.AppendInt(r.out, int64(n), 10)
	}
}

func (r *reader) float(f float64, bits int) {
	switch {
	case math.IsNaN(f):
		r.out = append(r.out, `"NaN"`...)
	case math.IsInf(f, 1):
		r.out = append(r.out, `"Infinity"`...)
	case math.IsInf(f, -1):
		r.out = append(r.out, `"-Infinity"`...)
	default:
		r.out = strconv.AppendFloat(r.out, f, 'g', -1, bits)
	}
}

const hexDigits = "0123456789abcdef"

// escaped are the bytes that stand in a string of JSON as escapes.
var escaped = func() (is [256]bool) {
	for c := range ' ' {
		is[c] = true
	}
	is['"'], is['\\'] = true, true
	return is
}()

// text writes a string. Its bytes have to be UTF-8, as proto3 says.
func (r *reader) text(f *shapeField, s []byte) error {
	if !utf8.Valid(s) {
		return fmt.Errorf("the field %s is not UTF-8", f.fd.FullName())
	}
	out := append(r.out, '"')
	from := 0
	for i, c := range s {
		if !escaped[c] {
			continue
		}
		out = append(out, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		default:
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	out = append(out, s[from:]...)
	r.out = append(out, '"')
	return nil
}

// known writes a type that has a form of its own.
func (r *reader) known(md protoreflect.MessageDescriptor, b []byte) error {
	if md.FullName() == "google.protobuf.Timestamp" && r.timestamp(b) {
		return nil
	}
	m := dynamicpb.NewMessage(md)
	if err := proto.Unmarshal(b, m); err != nil {
		return err
	}
	out, err := protojson.MarshalOptions{Resolver: r.types}.MarshalAppend(r.out, m)
	if err != nil {
		return err
	}
	r.out = out
	return nil
}

// timestamp writes a time as proto3 JSON does: with 0, 3, 6 or 9 digits of a second. It leaves what is out of range to protojson.
func (r *reader) timestamp(b []byte) bool {
	var parts [2]int64 // seconds, nanoseconds
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 || num < 1 || num > 2 || typ != protowire.VarintType {
			return false
		}
		v, m := protowire.ConsumeVarint(b[n:])
		if m < 0 {
			return false
		}
		parts[num-1] = int64(v)
		b = b[n+m:]
	}
	if parts[0] < -62135596800 || parts[0] > 253402300799 || parts[1] < 0 || parts[1] > 999999999 {
		return false
	}
	out := append(r.out, '"')
	out = time.Unix(parts[0], parts[1]).UTC().AppendFormat(out, "2006-01-02T15:04:05.000000000")
	for _, zeros := range []string{"000", "000", ".000"} {
		out = bytes.TrimSuffix(out, []byte(zeros))
	}
	r.out = append(out, 'Z', '"')
	return true
}
