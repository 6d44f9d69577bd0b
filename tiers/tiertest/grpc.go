package tiertest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bufbuild/protocompile"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"facet/fault"
	"facet/graph"
)

// Proto is the world as a gRPC service.
const Proto = `syntax = "proto3";
package films.v1;
service Films {
  rpc Titles(TitlesRequest) returns (TitlesAnswer);
  rpc Title(TitleRequest) returns (FullTitle);
  rpc List(ListRequest) returns (Numbers);
  rpc Walk(WalkRequest) returns (Numbers);
  rpc Rate(RateRequest) returns (Rated);
}
message TitlesRequest { repeated string ids = 1; optional string lang = 2; }
message TitlesAnswer { repeated NamedTitle titles = 1; }
message NamedTitle { string id = 1; string title = 2; optional string lang = 3; }
message TitleRequest { string id = 1; optional string lang = 2; repeated string tags = 3; }
message FullTitle { string id = 1; optional string lang = 2; repeated string tags = 3; map<string, string> headers = 4; optional int32 stars = 5; string padding = 6; }
message ListRequest { int32 offset = 1; int32 limit = 2; }
message WalkRequest { string after = 1; int32 limit = 2; }
message Numbers { repeated int32 items = 1; int32 total = 2; optional int64 next = 3; }
message RateRequest { string id = 1; int64 stars = 2; }
message Rated { bool again = 1; }
`

// GRPC are the world's operations over a gRPC source. Its address is $env.FILMS_ADDRESS.
func GRPC(more string) (*graph.Source, map[string]*graph.Operation) {
	call := func(method, message, rest string) string {
		return `grpc: { method: "films.v1.Films/` + method + `", message: "` + message + `"` + rest + ` }`
	}
	return parsed(`grpc: { address: "{$env.FILMS_ADDRESS}", headers: [{ name: "X-Locale", from: "Accept-Language" },
		{ name: "X-Secret", value: "{$env.FILMS_SECRET}" }, { name: "X-Viewer", value: "v:{$context.viewer.id}" }]`+more+` }`, map[string]string{
		Titles: call("Titles", "ids: $batch.id lang: $args.lang", ""),
		Title:  call("Title", "id: $args.id lang: $args.lang tags: $args.tags", `, headers: [{ name: "X-Trace", from: "X-Trace" }]`),
		List:   call("List", "offset: $page.offset limit: $page.limit", ""),
		Walk:   call("Walk", "after: $page.after limit: $page.limit", ""),
		Rate:   call("Rate", "id: $args.id stars: $args.stars", `, idempotencyHeader: "Idempotency-Key"`),
	}, nil)
}

// Descriptors compiles a .proto file.
func Descriptors(text string) (*protoregistry.Files, error) {
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(map[string]string{"films.proto": text})})}
	list, err := c.Compile(context.Background(), "films.proto")
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	var add func(fd protoreflect.FileDescriptor)
	add = func(fd protoreflect.FileDescriptor) {
		if seen[fd.Path()] {
			return
		}
		seen[fd.Path()] = true
		for i := range fd.Imports().Len() {
			add(fd.Imports().Get(i).FileDescriptor)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(fd))
	}
	add(list[0])
	return protodesc.NewFiles(set)
}

// Service serves a World over gRPC, with server reflection if it is wanted. The Handler's failures are its own too.
func (h *Handler) Service(reflecting bool) (*grpc.Server, error) {
	files, err := Descriptors(Proto)
	if err != nil {
		return nil, err
	}
	d, err := files.FindDescriptorByName("films.v1.Films")
	if err != nil {
		return nil, err
	}
	methods := d.(protoreflect.ServiceDescriptor).Methods()
	s := grpc.NewServer(grpc.ForceServerCodec(codec{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		name, _ := grpc.MethodFromServerStream(stream)
		method, ok := strings.CutPrefix(name, "/films.v1.Films/")
		md := methods.ByName(protoreflect.Name(method))
		if !ok || md == nil {
			return status.Errorf(codes.Unimplemented, "there is no method %s", name)
		}
		return h.serve(stream, md)
	}))
	if reflecting {
		reflectionpb.RegisterServerReflectionServer(s, reflection.NewServerV1(reflection.ServerOptions{Services: s, DescriptorResolver: files}))
	}
	return s, nil
}

// bytes go over the wire as they are.
type bytes []byte

type codec struct{}

func (codec) Name() string { return "proto" }

func (codec) Marshal(v any) ([]byte, error) {
	switch v := v.(type) {
	case bytes:
		return v, nil
	case proto.Message:
		return proto.Marshal(v)
	}
	return nil, errors.New("no message")
}

func (codec) Unmarshal(data []byte, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return errors.New("no message")
	}
	return proto.Unmarshal(data, m)
}

var statusCodes = map[fault.Kind]codes.Code{fault.NotFound: codes.NotFound, fault.Unavailable: codes.Unavailable, fault.Invalid: codes.InvalidArgument,
	fault.Unauthorized: codes.Unauthenticated, fault.Forbidden: codes.PermissionDenied, fault.Conflict: codes.Aborted, fault.Limit: codes.ResourceExhausted}

var operationOf = map[protoreflect.Name]string{"Titles": Titles, "Title": Title, "List": List, "Walk": Walk, "Rate": Rate}

func (h *Handler) serve(stream grpc.ServerStream, md protoreflect.MethodDescriptor) error {
	req := dynamicpb.NewMessage(md.Input())
	if err := stream.RecvMsg(req); err != nil {
		return err
	}
	text, err := protojson.Marshal(req)
	if err != nil {
		return err
	}
	var args map[string]any
	if err := json.Unmarshal(text, &args); err != nil {
		return err
	}
	in := Input{Operation: operationOf[md.Name()], Args: args, Headers: map[string]string{}}
	sent, _ := metadata.FromIncomingContext(stream.Context())
	for name, values := range sent {
		in.Headers[http.CanonicalHeaderKey(name)] = values[0]
	}
	in.Idempotency = in.Headers["Idempotency-Key"]
	ids, _ := args["ids"].([]any)
	for _, id := range ids {
		in.Keys = append(in.Keys, id.(string))
	}
	number := func(name string) int { f, _ := args[name].(float64); return int(f) }
	in.Offset, in.Limit = number("offset"), number("limit")
	in.After, _ = args["after"].(string)
	if stars, ok := args["stars"].(string); ok { // an int64
		args["stars"], _ = strconv.Atoi(stars)
	}
	kind, slow := h.mood(in.Operation)
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
	switch kind {
	case "":
	case fault.BadAnswer:
		return stream.SendMsg(bytes{0x0a, 0xff})
	case fault.TooLarge:
		return stream.SendMsg(append(bytes{0x32, 0x80, 0x80, 0x08}, make(bytes, 2*Large)...))
	default:
		return status.Error(statusCodes[kind], "secret text of the tier")
	}
	v := h.World.Answer(in)
	if v == nil {
		return status.Error(codes.NotFound, "no such thing")
	}
	if text, err = json.Marshal(v); err != nil {
		return err
	}
	res := dynamicpb.NewMessage(md.Output())
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, res); err != nil {
		return err
	}
	return stream.SendMsg(res)
}
