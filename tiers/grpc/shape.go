package grpc

import (
	"encoding/json"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"facet/graph"
)

// A shape says how a message becomes JSON: which of its fields are read, under which names, and what stands for those that
// are not on the wire. It is made once for each message type and what is read of it.
type shape struct {
	md     protoreflect.MessageDescriptor
	fields []shapeField
	index  map[protowire.Number]int // in fields
	// alone says that the message is written as its one field's value: a wrapper of google.protobuf.
	alone bool
	// known says that proto3 JSON has a form of its own for the type: protojson writes it.
	known bool
}

type shapeField struct {
	number protowire.Number
	name   string // `"runtimeMinutes":`
	fd     protoreflect.FieldDescriptor
	kind   protoreflect.Kind
	wire   protowire.Type // of one value
	list   bool
	below  *shape // of messages, and of the values of a map
	absent string // what stands for a field that is not on the wire
	enum   map[protoreflect.EnumNumber]string
	key    *shapeField // of a map
	val    *shapeField
}

// shapes makes shapes. Types that hold themselves end in the shape that is being made.
type shapes struct {
	c     *compiler
	whole map[protoreflect.FullName]*shape
}

// of makes the shape of a message that is read so.
func (m *shapes) of(md protoreflect.MessageDescriptor, r *graph.Reads) *shape {
	if r.All || special(md) {
		if s := m.whole[md.FullName()]; s != nil {
			return s
		}
	}
	s := &shape{md: md, index: map[protowire.Number]int{}}
	switch {
	case wrapper(md):
		s.alone = true
	case special(md):
		s.known = true
		return s
	}
	if !r.All && !s.alone {
		for i := range md.Fields().Len() { // in the message's order, under the names that the selection uses
			fd := md.Fields().Get(i)
			for _, name := range []string{fd.JSONName(), string(fd.Name())} {
				if below := r.Below[name]; below != nil {
					m.add(s, fd, name, below)
					break
				}
			}
		}
		for name := range r.Below {
			if fieldNamed(md, name) == nil {
				m.c.problem("the answer %s has no field %s%s", md.FullName(), name, fieldsOf(md))
			}
		}
		return s
	}
	m.whole[md.FullName()] = s
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		m.add(s, fd, fd.JSONName(), &graph.Reads{All: true})
	}
	return s
}

func (m *shapes) add(s *shape, fd protoreflect.FieldDescriptor, name string, r *graph.Reads) {
	f, ok := m.field(fd, r)
	if !ok {
		return
	}
	key, _ := json.Marshal(name) // a name always encodes
	f.name = string(key) + ":"
	s.index[fd.Number()] = len(s.fields)
	s.fields = append(s.fields, f)
}

func (m *shapes) field(fd protoreflect.FieldDescriptor, r *graph.Reads) (f shapeField, ok bool) {
	f = shapeField{number: fd.Number(), fd: fd, kind: fd.Kind(), wire: wireType(fd), list: fd.IsList(), absent: absent(fd)}
	switch {
	case fd.Message() == nil && !r.All && len(r.Below) > 0:
		m.c.problem("the selection goes below the field %s, which is no message", fd.FullName())
		return f, false
	case fd.Kind() == protoreflect.GroupKind:
		m.c.problem("the field %s is a group, which is not supported", fd.FullName())
		return f, false
	case fd.IsMap():
		all := &graph.Reads{All: true} // its keys are data
		k, _ := m.field(fd.MapKey(), all)
		v, ok := m.field(fd.MapValue(), all)
		f.key, f.val = &k, &v
		return f, ok
	case fd.Message() != nil:
		if !r.All && special(fd.Message()) {
			r = &graph.Reads{All: true}
		}
		f.below = m.of(fd.Message(), r)
	case fd.Enum() != nil:
		f.enum = map[protoreflect.EnumNumber]string{}
		for i := range fd.Enum().Values().Len() {
			v := fd.Enum().Values().Get(i)
			if _, ok := f.enum[v.Number()]; !ok {
				f.enum[v.Number()] = `"` + string(v.Name()) + `"`
			}
		}
		if fd.Enum().FullName() == "google.protobuf.NullValue" {
			f.enum[0] = "null"
		}
	}
	return f, true
}

// absent is what stands for a field that is not on the wire: its zero value, or null where being absent means something.
func absent(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.IsMap():
		return "{}"
	case fd.IsList():
		return "[]"
	case fd.HasPresence() && !fd.ContainingMessage().IsMapEntry():
		return "null"
	}
	switch fd.Kind() {
	case protoreflect.StringKind, protoreflect.BytesKind:
		return `""`
	case protoreflect.BoolKind:
		return "false"
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return "{}"
	case protoreflect.EnumKind:
		v := fd.Enum().Values().Get(0)
		if n := fd.Enum().Values().ByNumber(0); n != nil {
			v = n
		}
		if fd.Enum().FullName() == "google.protobuf.NullValue" {
			return "null"
		}
		return `"` + string(v.Name()) + `"`
	}
	return "0"
}

// special says whether proto3 JSON has a form of its own for a type.
func special(md protoreflect.MessageDescriptor) bool {
	switch md.FullName() {
	case "google.protobuf.Any", "google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask",
		"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue":
		return true
	}
	return wrapper(md)
}

func wrapper(md protoreflect.MessageDescriptor) bool {
	name, ok := strings.CutPrefix(string(md.FullName()), "google.protobuf.")
	return ok && strings.HasSuffix(name, "Value") && name != "Value" && name != "ListValue" && name != "EnumValue" && md.Fields().Len() == 1
}
