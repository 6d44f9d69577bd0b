package grpc

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"facet/graph"
	"facet/tiers"
	"facet/tiers/internal/request"
	"facet/tiers/tiertest"
)

// rows is a batch's answer of 400 rows, and the call that asks for it.
func rows(b *testing.B) (wire []byte, c *tiers.Call, m *method) {
	b.Helper()
	files, err := tiertest.Descriptors(tiertest.Proto)
	if err != nil {
		b.Fatal(err)
	}
	_, ops := tiertest.GRPC("")
	op := ops[tiertest.Titles]
	m = compile(&request.Compiler{}, op, files, dynamicpb.NewTypes(files))
	if m.err != nil {
		b.Fatal(m.err)
	}
	d, _ := files.FindDescriptorByName("films.v1.TitlesAnswer")
	c = &tiers.Call{Operation: op, Args: []json.RawMessage{[]byte(`"en"`)}, Context: []json.RawMessage{[]byte(`"ada"`)}, Needs: [][]json.RawMessage{nil}}
	text := `{"titles":[`
	for i := range 400 {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(`{"id":"title-number-%d","title":"The film with the long name, part %d","lang":"en"}`, i, i)
		c.Needs[0] = append(c.Needs[0], json.RawMessage(fmt.Sprintf(`"title-number-%d"`, i)))
	}
	wire, err = appendObject(nil, d.(protoreflect.MessageDescriptor), []byte(text+`]}`))
	if err != nil {
		b.Fatal(err)
	}
	return wire, c, m
}

// BenchmarkCall is one call of 400 keys over a loopback connection, the server's part included.
func BenchmarkCall(b *testing.B) {
	wire, c, _ := rows(b)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := grpc.NewServer(grpc.ForceServerCodec(sized(wire)), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		var in []byte
		if err := stream.RecvMsg(&in); err != nil {
			return err
		}
		return stream.SendMsg(nil)
	}))
	go func() { _ = s.Serve(l) }()
	defer s.Stop()
	files, err := tiertest.Descriptors(tiertest.Proto)
	if err != nil {
		b.Fatal(err)
	}
	var set descriptorpb.FileDescriptorSet
	files.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		set.File = append(set.File, protodesc.ToFileDescriptorProto(fd))
		return true
	})
	described, _ := proto.Marshal(&set)
	src, ops := tiertest.GRPC(`, descriptors: "base64:` + base64.StdEncoding.EncodeToString(described) + `"`)
	tier, err := New(src, []*graph.Operation{ops[tiertest.Titles]}, Settings{Env: func(n string) (string, bool) { return l.Addr().String(), true }})
	if err != nil {
		b.Fatal(err)
	}
	defer tier.Close()
	c.Operation = ops[tiertest.Titles]
	b.ReportAllocs()
	for b.Loop() {
		a, err := tier.Call(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		a.Release()
	}
}

// sized is a codec that answers the same bytes to all.
type sized []byte

func (s sized) Name() string                { return "proto" }
func (s sized) Marshal(any) ([]byte, error) { return s, nil }
func (s sized) Unmarshal([]byte, any) error { return nil }

// BenchmarkWire is what the tier adds to gRPC: writing the request and reading the answer, and what protojson would take.
func BenchmarkWire(b *testing.B) {
	wire, c, m := rows(b)
	b.Run("request", func(b *testing.B) {
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			buf, _ = m.message(buf[:0], c)
		}
	})
	b.Run("answer", func(b *testing.B) {
		r := &reader{limit: 64 << 20}
		b.ReportAllocs()
		for b.Loop() {
			r.out = r.out[:0]
			if err := r.message(m.shape, wire); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("answer by protojson", func(b *testing.B) {
		var out []byte
		b.ReportAllocs()
		for b.Loop() {
			v := dynamicpb.NewMessage(m.shape.md)
			if err := proto.Unmarshal(wire, v); err != nil {
				b.Fatal(err)
			}
			out, _ = protojson.MarshalOptions{EmitDefaultValues: true}.MarshalAppend(out[:0], v)
		}
	})
}
