package grpc

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"facet/graph"
	"facet/tiers/tiertest"
)

// everything has a field of every kind.
const everything = `syntax = "proto3";
package test;
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/empty.proto";
enum Kind { KIND_UNKNOWN = 0; FILM = 1; SHOW = 2; OLD = -1; }
message All {
  int32 i32 = 1; int64 i64 = 2; uint32 u32 = 3; uint64 u64 = 4; sint32 s32 = 5; sint64 s64 = 6;
  fixed32 f32 = 7; fixed64 f64 = 8; sfixed32 sf32 = 9; sfixed64 sf64 = 10; float fl = 11; double db = 12;
  bool yes = 13; string text = 14; bytes raw = 15; Kind kind = 16; All below = 17;
  repeated int64 longs = 18; repeated string texts = 19; repeated All more = 20; repeated Kind kinds = 21; repeated double doubles = 22;
  repeated int32 loose = 23 [packed = false]; repeated sint32 zig = 24; repeated fixed64 wide = 25; repeated bool flags = 26;
  optional int32 maybe = 30; optional string some = 31;
  oneof one { string left_side = 32; int64 right_side = 33; All deep = 34; }
  map<string, string> words = 40; map<int64, All> by_number = 41; map<bool, Kind> by_flag = 42; map<string, int64> counts = 43;
  google.protobuf.Timestamp at = 50; google.protobuf.Duration took = 51; google.protobuf.Int64Value boxed = 52; google.protobuf.StringValue label = 53;
  google.protobuf.Struct any_object = 54; google.protobuf.FieldMask mask = 55; google.protobuf.Empty nothing = 56; repeated google.protobuf.DoubleValue boxes = 57;
  repeated google.protobuf.Timestamp times = 58; google.protobuf.BoolValue sure = 59;
  string odd_name = 60 [json_name = "x-y"];
}
service S { rpc Get(All) returns (All); rpc Stream(All) returns (stream All); }
`

func describe(t testing.TB, text string) (*protoregistry.Files, protoreflect.MessageDescriptor) {
	t.Helper()
	files, err := tiertest.Descriptors(text)
	if err != nil {
		t.Fatal(err)
	}
	d, err := files.FindDescriptorByName("test.All")
	if err != nil {
		t.Fatal(err)
	}
	return files, d.(protoreflect.MessageDescriptor)
}

func shapeOf(t testing.TB, md protoreflect.MessageDescriptor, r *graph.Reads) *shape {
	t.Helper()
	c := &compiler{}
	s := (&shapes{c: c, whole: map[protoreflect.FullName]*shape{}}).of(md, r)
	if len(c.problems) > 0 {
		t.Fatal(c.problems)
	}
	return s
}

const full = `{"i32":-5,"i64":"-9223372036854775808","u32":4294967295,"u64":"18446744073709551615","s32":-2147483648,"s64":"-3","f32":7,"f64":"8","sf32":-9,"sf64":"-10",
	"fl":1.5,"db":-2.5e300,"yes":true,"text":"a\"\\\n\u0001é👓\u2028","raw":"AAH/","kind":"SHOW","below":{"text":"in","below":{}},"longs":["1","-2"],"texts":["","x"],
	"more":[{},{"i32":1}],"kinds":["FILM","OLD","KIND_UNKNOWN"],"doubles":[1,"NaN","-Infinity"],"loose":[1,2,3],"zig":[-1,1],"wide":["5"],"flags":[true,false],
	"maybe":0,"some":"","rightSide":"0","words":{"a":"b","":""},"byNumber":{"7":{"yes":true}},"byFlag":{"true":"FILM","false":"KIND_UNKNOWN"},"counts":{"n":"9007199254740993"},
	"at":"2026-11-22T06:00:00.5Z","took":"1.5s","boxed":"77","label":"","anyObject":{"a":[1,null,{"b":true}]},"mask":"fooBar,baz","nothing":{},"boxes":[1,0],"times":["1970-01-01T00:00:00Z"],"sure":false,"x-y":"odd"}`

func TestAnswerAsProto3JSON(t *testing.T) {
	_, md := describe(t, everything)
	whole := shapeOf(t, md, &graph.Reads{All: true})
	for name, text := range map[string]string{"everything": full, "nothing": `{}`, "the other side": `{"leftSide":""}`, "a message on a side": `{"deep":{"maybe":1}}`} {
		t.Run(name, func(t *testing.T) {
			m := dynamicpb.NewMessage(md)
			if err := protojson.Unmarshal([]byte(text), m); err != nil {
				t.Fatal(err)
			}
			compare(t, whole, m)
		})
	}
}

// compare holds the reader's JSON of a message against protojson's, and the writer's bytes of that against the message.
func compare(t *testing.T, s *shape, m *dynamicpb.Message) {
	t.Helper()
	wire, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{limit: 64 << 20, types: new(protoregistry.Types)}
	if err := r.message(s, wire); err != nil {
		t.Fatalf("%v\n%s", err, hex.Dump(wire))
	}
	text, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return // times out of range: the reader refuses them or not, as protojson does where it is asked
	}
	if d := cmp.Diff(plain(t, text), plain(t, r.out)); d != "" {
		t.Errorf("protojson -, the reader +\n%s", d)
	}
	again, err := appendObject(nil, m.Descriptor(), text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	back := dynamicpb.NewMessage(m.Descriptor())
	if err := proto.Unmarshal(again, back); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(m, back) && !strings.Contains(string(text), "NaN") {
		t.Errorf("the writer made %v of %s", back, text)
	}
}

// plain reads JSON so that numbers and texts of them are alike, and null and absence.
func plain(t *testing.T, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				if x == nil {
					delete(v, k)
				} else {
					v[k] = walk(x)
				}
			}
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case json.Number:
			if _, err := strconv.ParseInt(string(v), 10, 64); err == nil {
				return string(v)
			}
			if _, err := strconv.ParseUint(string(v), 10, 64); err == nil {
				return string(v)
			}
			f, _ := v.Float64()
			if f == math.Trunc(f) && math.Abs(f) < 1<<60 {
				return strconv.FormatInt(int64(f), 10)
			}
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
		return v
	}
	return walk(v)
}

func TestOnlyWhatIsRead(t *testing.T) {
	_, md := describe(t, everything)
	m := dynamicpb.NewMessage(md)
	if err := protojson.Unmarshal([]byte(full), m); err != nil {
		t.Fatal(err)
	}
	wire, _ := proto.Marshal(m)
	r := &reader{limit: 64 << 20}
	reads := &graph.Reads{Below: map[string]*graph.Reads{"i64": {All: true}, "more": {Below: map[string]*graph.Reads{"i32": {All: true}, "maybe": {All: true}}},
		"left_side": {All: true}, "below": {All: true, Below: map[string]*graph.Reads{}}, "at": {Below: map[string]*graph.Reads{"seconds": {All: true}}}}}
	delete(reads.Below, "below")
	if err := r.message(shapeOf(t, md, reads), wire); err != nil {
		t.Fatal(err)
	}
	want := `{"i64":-9223372036854775808,"more":[{"i32":0,"maybe":null},{"i32":1,"maybe":null}],"left_side":null,"at":"2026-11-22T06:00:00.500Z"}`
	if d := cmp.Diff(want, string(r.out)); d != "" {
		t.Error(d)
	}
}

func TestBadBytes(t *testing.T) {
	_, md := describe(t, everything)
	s := shapeOf(t, md, &graph.Reads{All: true})
	deep := []byte{}
	for range maxDepth + 1 {
		deep = prefix(append([]byte{0x8a, 1}, deep...), 2)
	}
	for name, b := range map[string][]byte{"cut": {0x0a}, "no tag": {0x00, 0x00}, "an end of a group": {0x0c}, "not UTF-8": {0x72, 1, 0xff},
		"packed that is cut": {0x92, 1, 1, 0xff}, "too deep": deep, "a bad time": {0x92, 3, 2, 0x08, 0xff}} {
		if err := (&reader{limit: 64 << 20, types: new(protoregistry.Types)}).message(s, b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := (&reader{limit: 10_000}).message(s, bytes.Repeat([]byte{0xa2, 1, 0}, 1000)); !errors.Is(err, errLong) {
		t.Errorf("empty messages that become long: got %v", err)
	}
	// A message that is there twice is one, and a scalar counts as it was said last.
	twice := []byte{0x8a, 1, 2, 0x08, 5, 0x08, 1, 0x8a, 1, 2, 0x18, 6, 0x08, 2}
	m := dynamicpb.NewMessage(md)
	if err := proto.Unmarshal(twice, m); err != nil {
		t.Fatal(err)
	}
	r := &reader{limit: 64 << 20}
	if err := r.message(s, twice); err != nil {
		t.Fatal(err)
	}
	text, _ := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
	if d := cmp.Diff(plain(t, text), plain(t, r.out)); d != "" {
		t.Error(d)
	}
}

func TestValuesOfFields(t *testing.T) {
	_, md := describe(t, everything)
	for _, c := range []struct{ in, want string }{ // want in protojson, "" is refused
		{`{"i32":"12","i64":12,"text":12.5}`, `{"i32":12,"i64":"12","text":"12.5"}`},
		{`{"i32":1e3,"u32":2.0}`, `{"i32":1000,"u32":2}`},
		{`{"i32":null,"more":null,"below":null,"words":null}`, `{}`},
		{`{"any_object":{"a":null},"left_side":"x"}`, `{"anyObject":{"a":null},"leftSide":"x"}`},
		{`{"kind":2,"kinds":["FILM",0],"raw":"_-8"}`, `{"kind":"SHOW","kinds":["FILM","KIND_UNKNOWN"],"raw":"/+8="}`},
		{` { "db" : "NaN" , "fl":"-Infinity" } `, `{"db":"NaN","fl":"-Infinity"}`},
		{`{"i32":2147483648}`, ""}, {`{"u32":-1}`, ""}, {`{"u64":-1}`, ""}, {`{"i32":1.5}`, ""}, {`{"i32":"x"}`, ""}, {`{"i32":true}`, ""}, {`{"i32":[1]}`, ""}, {`{"i64":1e19}`, ""}, {`{"i32":"0x1p1"}`, ""},
		{`{"yes":"true"}`, ""}, {`{"text":true}`, ""}, {`{"text":{}}`, ""}, {`{"kind":"NOPE"}`, ""}, {`{"longs":1}`, ""}, {`{"texts":[null]}`, ""}, {`{"more":[null]}`, ""},
		{`{"below":1}`, ""}, {`{"nope":1}`, ""}, {`{"words":[1]}`, ""}, {`{"at":"yesterday"}`, ""}, {`{"raw":"?"}`, ""}, {`{"fl":"Inf"}`, ""}, {`{"db":1e400}`, ""}, {`[]`, ""}, {`"x"`, ""},
	} {
		b, err := appendObject(nil, md, bytes.TrimSpace([]byte(c.in)))
		if (err == nil) != (c.want != "") {
			t.Errorf("%s: got %v", c.in, err)
			continue
		}
		if err != nil {
			continue
		}
		got, want := dynamicpb.NewMessage(md), dynamicpb.NewMessage(md)
		if err := proto.Unmarshal(b, got); err != nil {
			t.Fatal(err)
		}
		if err := protojson.Unmarshal([]byte(c.want), want); err != nil {
			t.Fatal(err)
		}
		if text, _ := protojson.Marshal(got); !proto.Equal(got, want) && !strings.Contains(c.want, "NaN") {
			t.Errorf("%s became %s", c.in, text)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	_, md := describe(f, everything)
	s := shapeOf(f, md, &graph.Reads{All: true})
	m := dynamicpb.NewMessage(md)
	if err := protojson.Unmarshal([]byte(full), m); err != nil {
		f.Fatal(err)
	}
	seed, _ := proto.Marshal(m)
	f.Add(seed)
	f.Add([]byte{0x8a, 1, 2, 0x08, 5, 0x8a, 1, 2, 0x18, 6})
	f.Add([]byte{0x08, 0x80, 0x80, 0x80, 0x80, 0x10})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &reader{limit: 64 << 20, types: new(protoregistry.Types)}
		if err := r.message(s, b); err == nil && !json.Valid(r.out) {
			t.Fatalf("%x gives %s", b, r.out)
		}
		m := dynamicpb.NewMessage(md)
		if (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, m) != nil {
			return
		}
		if text, err := protojson.Marshal(m); err != nil || strings.Contains(string(text), "null") {
			return // null is a value in a Struct alone
		}
		compare(t, s, m)
	})
}

func FuzzRequest(f *testing.F) {
	_, md := describe(f, everything)
	for _, s := range []string{full, `{"i32":"1"}`, `{"kind":1e0}`, `{"words":{"a":null}}`, `[`, `{"text":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		b, err := appendObject(nil, md, bytes.TrimSpace(raw))
		if err != nil {
			return
		}
		if err := proto.Unmarshal(b, dynamicpb.NewMessage(md)); err != nil {
			t.Fatalf("%s gives %x: %v", raw, b, err)
		}
	})
}
