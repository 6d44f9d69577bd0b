package grpc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"facet/graph"
	"facet/tiers"
	"facet/tiers/internal/request"
)

// A writer appends a request message's bytes, or the fields of a message below it. It goes from values of JSON to the wire
// without a message in between.
type writer struct {
	steps []write
}

// A write appends one field, or bytes that are the same for every call.
type write struct {
	fixed []byte
	field protoreflect.FieldDescriptor
	value *request.Value
	below *writer // an object made of other values
}

// writer compiles a mapping onto a message.
func (c *compiler) writer(op *graph.Operation, s *graph.Selection, md protoreflect.MessageDescriptor) *writer {
	w := &writer{}
	for _, it := range s.Items {
		fd := fieldNamed(md, it.Field)
		if fd == nil {
			c.problem("the message %s has no field %s%s", md.FullName(), it.Field, fieldsOf(md))
			continue
		}
		switch v := it.Value; {
		case v == nil:
		case v.Literal != nil:
			raw, err := appendField(nil, fd, v.Literal)
			if err != nil {
				c.problem("%s: %v", fd.FullName(), err)
			}
			w.steps = append(w.steps, write{fixed: raw})
		case v.Expr != nil:
			val := c.Value(op, v.Expr)
			switch {
			case val == nil:
			case val.From == request.Column && !fd.IsList():
				c.problem("%s is a list, and the field %s is not repeated", val.Name, fd.FullName())
			case val.From == request.Rows:
				c.problem("%s cannot stand in a message: name a field of it", val.Name)
			case val.From == request.Fixed:
				raw, err := appendField(nil, fd, val.Known)
				if err != nil {
					c.problem("%s: %v", val.Name, err)
				}
				w.steps = append(w.steps, write{fixed: raw})
			default:
				w.steps = append(w.steps, write{field: fd, value: val})
			}
		case fd.Message() == nil || fd.IsList() || fd.IsMap() || special(fd.Message()):
			c.problem("the message gives an object for %s, which is none", fd.FullName())
		default:
			w.steps = append(w.steps, write{field: fd, below: c.writer(op, v, fd.Message())})
		}
	}
	return w
}

func (w *writer) append(b []byte, c *tiers.Call) (_ []byte, err error) {
	for i := range w.steps {
		switch st := &w.steps[i]; {
		case st.field == nil:
			b = append(b, st.fixed...)
		case st.below != nil:
			b = protowire.AppendTag(b, st.field.Number(), protowire.BytesType)
			at := len(b)
			if b, err = st.below.append(b, c); err != nil {
				return b, err
			}
			b = prefix(b, at)
		case st.value.From == request.Column:
			if b, err = appendItems(b, st.field, st.value.Items(c)); err != nil {
				return b, fmt.Errorf("%s: %w", st.value.Name, err)
			}
		default:
			if b, err = appendField(b, st.field, st.value.One(c)); err != nil {
				return b, fmt.Errorf("%s: %w", st.value.Name, err)
			}
		}
	}
	return b, nil
}

// prefix puts the length of b[at:] before it.
func prefix(b []byte, at int) []byte {
	n := len(b) - at
	size := protowire.SizeVarint(uint64(n))
	b = append(b, "          "[:size]...)
	copy(b[at+size:], b[at:at+n])
	protowire.AppendVarint(b[:at], uint64(n))
	return b
}

// fieldNamed finds a field by its name in proto3 JSON or in the .proto file.
func fieldNamed(md protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if fd := md.Fields().ByJSONName(name); fd != nil {
		return fd
	}
	return md.Fields().ByName(protoreflect.Name(name))
}

// appendField appends a field from a value of JSON. Null leaves it unset.
func appendField(b []byte, fd protoreflect.FieldDescriptor, raw json.RawMessage) ([]byte, error) {
	raw = bytes.TrimSpace(raw)
	if request.IsNull(raw) && !isValue(fd) {
		return b, nil
	}
	switch {
	case fd.IsMap():
		return appendMap(b, fd, raw)
	case fd.IsList():
		items, ok := request.List(raw)
		if !ok {
			return b, misfit(fd, raw)
		}
		return appendItems(b, fd, items)
	case fd.Message() != nil:
		b = protowire.AppendTag(b, fd.Number(), protowire.BytesType)
		return appendMessage(b, fd.Message(), raw)
	}
	b = protowire.AppendTag(b, fd.Number(), wireType(fd))
	return appendScalar(b, fd, raw)
}

func appendItems(b []byte, fd protoreflect.FieldDescriptor, items []json.RawMessage) (_ []byte, err error) {
	if len(items) == 0 {
		return b, nil
	}
	if fd.IsPacked() {
		b = protowire.AppendTag(b, fd.Number(), protowire.BytesType)
		at := len(b)
		for _, it := range items {
			if b, err = appendScalar(b, fd, bytes.TrimSpace(it)); err != nil {
				return b, err
			}
		}
		return prefix(b, at), nil
	}
	for _, it := range items {
		it = bytes.TrimSpace(it)
		if request.IsNull(it) && !isValue(fd) {
			return b, misfit(fd, it)
		}
		b = protowire.AppendTag(b, fd.Number(), wireType(fd))
		if fd.Message() != nil {
			b, err = appendMessage(b, fd.Message(), it)
		} else {
			b, err = appendScalar(b, fd, it)
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

func appendMap(b []byte, fd protoreflect.FieldDescriptor, raw json.RawMessage) ([]byte, error) {
	object, ok := objectOf(raw)
	if !ok {
		return b, misfit(fd, raw)
	}
	for key, val := range object {
		b = protowire.AppendTag(b, fd.Number(), protowire.BytesType)
		at := len(b)
		text, err := json.Marshal(key)
		if fd.MapKey().Kind() == protoreflect.BoolKind {
			text = []byte(key)
		}
		if err == nil {
			b, err = appendField(b, fd.MapKey(), text)
		}
		if err == nil {
			b, err = appendField(b, fd.MapValue(), val)
		}
		if err != nil {
			return b, err
		}
		b = prefix(b, at)
	}
	return b, nil
}

// appendMessage appends a message with its length from an object of JSON, or from what proto3 JSON has for a well-known type.
func appendMessage(b []byte, md protoreflect.MessageDescriptor, raw json.RawMessage) ([]byte, error) {
	if special(md) {
		m := dynamicpb.NewMessage(md)
		if err := protojson.Unmarshal(raw, m); err != nil {
			return b, fmt.Errorf("%.80s is no %s", raw, md.FullName())
		}
		at := len(b)
		b, err := proto.MarshalOptions{}.MarshalAppend(b, m)
		return prefix(b, at), err
	}
	at := len(b)
	b, err := appendObject(b, md, raw)
	return prefix(b, at), err
}

func appendObject(b []byte, md protoreflect.MessageDescriptor, raw json.RawMessage) ([]byte, error) {
	object, ok := objectOf(raw)
	if !ok {
		return b, fmt.Errorf("%.80s is no object, which %s needs", raw, md.FullName())
	}
	for name, val := range object {
		fd := fieldNamed(md, name)
		if fd == nil {
			return b, fmt.Errorf("the message %s has no field %s", md.FullName(), name)
		}
		var err error
		if b, err = appendField(b, fd, val); err != nil {
			return b, err
		}
	}
	return b, nil
}

func objectOf(raw json.RawMessage) (m map[string]json.RawMessage, ok bool) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil, false
	}
	return m, json.Unmarshal(raw, &m) == nil
}

func misfit(fd protoreflect.FieldDescriptor, raw json.RawMessage) error {
	kind := fd.Kind().String()
	if fd.IsMap() {
		kind = "map"
	} else if fd.IsList() {
		kind = "list of " + kind
	}
	return fmt.Errorf("%.80s does not fit the field %s, a %s", raw, fd.FullName(), kind)
}

func wireType(fd protoreflect.FieldDescriptor) protowire.Type {
	switch fd.Kind() {
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.FloatKind, protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return protowire.Fixed32Type
	case protoreflect.DoubleKind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return protowire.Fixed64Type
	}
	return protowire.VarintType
}

// appendScalar appends a scalar without its tag. Numbers and texts of numbers are taken for each other: keys of the graph are
// mostly texts, and those of tiers often numbers.
func appendScalar(b []byte, fd protoreflect.FieldDescriptor, raw json.RawMessage) ([]byte, error) {
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n' && fd.Kind() != protoreflect.EnumKind {
		return b, misfit(fd, raw)
	}
	text := request.Text(raw)
	quoted := raw[0] == '"'
	switch k := fd.Kind(); k {
	case protoreflect.StringKind:
		if raw[0] == 't' || raw[0] == 'f' || !utf8.Valid(text) {
			return b, misfit(fd, raw)
		}
		return protowire.AppendBytes(b, text), nil
	case protoreflect.BytesKind:
		data, err := decodeBase64(text)
		if !quoted || err != nil {
			return b, misfit(fd, raw)
		}
		return protowire.AppendBytes(b, data), nil
	case protoreflect.BoolKind:
		switch {
		case string(raw) == "true":
			return append(b, 1), nil
		case string(raw) == "false":
			return append(b, 0), nil
		}
		return b, misfit(fd, raw)
	case protoreflect.EnumKind:
		return appendEnum(b, fd, raw, text)
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		bits := 64
		if k == protoreflect.FloatKind {
			bits = 32
		}
		f, err := strconv.ParseFloat(string(text), bits)
		switch {
		case quoted && (string(text) == "NaN" || string(text) == "Infinity" || string(text) == "-Infinity"):
		case err != nil || math.IsInf(f, 0) || math.IsNaN(f):
			return b, misfit(fd, raw)
		}
		if bits == 32 {
			return protowire.AppendFixed32(b, math.Float32bits(float32(f))), nil
		}
		return protowire.AppendFixed64(b, math.Float64bits(f)), nil
	}
	return appendInt(b, fd, raw, text)
}

func decodeBase64(text []byte) ([]byte, error) {
	text = bytes.TrimRight(text, "=")
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(text, "-_") {
		enc = base64.RawURLEncoding
	}
	out := make([]byte, enc.DecodedLen(len(text)))
	n, err := enc.Decode(out, text)
	return out[:n], err
}

func appendEnum(b []byte, fd protoreflect.FieldDescriptor, raw json.RawMessage, text []byte) ([]byte, error) {
	if raw[0] == 'n' {
		return protowire.AppendVarint(b, 0), nil // google.protobuf.NullValue
	}
	if raw[0] == '"' {
		if v := fd.Enum().Values().ByName(protoreflect.Name(text)); v != nil {
			return protowire.AppendVarint(b, uint64(int64(v.Number()))), nil
		}
		return b, misfit(fd, raw)
	}
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil {
		return b, misfit(fd, raw)
	}
	return protowire.AppendVarint(b, uint64(n)), nil
}

func appendInt(b []byte, fd protoreflect.FieldDescriptor, raw json.RawMessage, text []byte) ([]byte, error) {
	bits, signed := 64, true
	switch fd.Kind() {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		bits = 32
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		bits, signed = 32, false
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		signed = false
	}
	n, ok := parseInt(text, bits, signed)
	if !ok {
		return b, misfit(fd, raw)
	}
	switch fd.Kind() {
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return protowire.AppendVarint(b, protowire.EncodeZigZag(int64(n))), nil
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return protowire.AppendFixed32(b, uint32(n)), nil
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return protowire.AppendFixed64(b, n), nil
	}
	return protowire.AppendVarint(b, n), nil
}

// parseInt reads a whole number, also one that is written as 1e3 or 2.0.
func parseInt(text []byte, bits int, signed bool) (uint64, bool) {
	if signed {
		if n, err := strconv.ParseInt(string(text), 10, bits); err == nil {
			return uint64(n), true
		}
	} else if n, err := strconv.ParseUint(string(text), 10, bits); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 || bytes.ContainsAny(text, "xXpP_iInN") {
		return 0, false
	}
	n := int64(f)
	switch {
	case signed && bits == 32 && n != int64(int32(n)), !signed && (n < 0 || bits == 32 && n > math.MaxUint32):
		return 0, false
	}
	return uint64(n), true
}

// isValue says whether null is a value of the field.
func isValue(fd protoreflect.FieldDescriptor) bool {
	return fd.Message() != nil && fd.Message().FullName() == "google.protobuf.Value" && !fd.IsList() && !fd.IsMap() ||
		fd.Enum() != nil && fd.Enum().FullName() == "google.protobuf.NullValue"
}
