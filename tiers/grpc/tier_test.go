package grpc_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	ggrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/grpc"
	"facet/tiers/tiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func raw(s ...string) (list []json.RawMessage) {
	for _, v := range s {
		list = append(list, json.RawMessage(v))
	}
	return list
}

// open makes the tier of the world's operations at an address.
func open(t testing.TB, address, more string, s grpc.Settings) (*grpc.Tier, map[string]*graph.Operation) {
	t.Helper()
	src, ops := tiertest.GRPC(more)
	s.Env = env(map[string]string{"FILMS_ADDRESS": address, "FILMS_SECRET": "s3"})
	tier, err := grpc.New(src, operations(ops), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tier.Close)
	return tier, ops
}

func service(t testing.TB, reflecting bool) *ggrpc.Server {
	t.Helper()
	s, err := (&tiertest.Handler{World: &tiertest.World{}}).Service(reflecting)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func titles(ops map[string]*graph.Operation) *tiers.Call {
	return &tiers.Call{Operation: ops[tiertest.Titles], Needs: [][]json.RawMessage{raw(`"a"`, `7`)}, Args: raw(`null`), Context: raw(`"ada"`)}
}

const wantTitles = `{"titles":[{"id":"a","title":"title of a","lang":null},{"id":"7","title":"title of 7","lang":null}]}`

func call(t *testing.T, tier tiers.Tier, c *tiers.Call) (string, error) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	a, err := tier.Call(ctx, c)
	if err != nil {
		return "", err
	}
	defer a.Release()
	return string(a.Body), nil
}

// set is the world's descriptors as protoc writes them.
func set(t *testing.T) []byte {
	t.Helper()
	files, err := tiertest.Descriptors(tiertest.Proto)
	if err != nil {
		t.Fatal(err)
	}
	var s descriptorpb.FileDescriptorSet
	files.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		s.File = append(s.File, protodesc.ToFileDescriptorProto(fd))
		return true
	})
	b, err := proto.Marshal(&s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConfiguredDescriptors(t *testing.T) {
	address := serve(t, service(t, false))
	file := filepath.Join(t.TempDir(), "films.binpb")
	if err := os.WriteFile(file, set(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]string{"a file": file, "bytes": "base64:" + base64.StdEncoding.EncodeToString(set(t))} {
		t.Run(name, func(t *testing.T) {
			tier, ops := open(t, address, `, descriptors: "{$config.films.descriptors}"`, grpc.Settings{Config: map[string]any{"films": map[string]any{"descriptors": at}}})
			got, err := call(t, tier, titles(ops))
			if d := cmp.Diff(wantTitles, got); d != "" || err != nil {
				t.Error(err, d)
			}
		})
	}
}

// What descriptors lack is told when the tier is made, all of it.
func TestConfiguredDescriptorsAreChecked(t *testing.T) {
	g, ds := graph.Parse("g", []byte(`extend schema @source(name: "films", grpc: { address: "{$env.NOBODY}", descriptors: "base64:`+base64.StdEncoding.EncodeToString(set(t))+`" })
type Query {
  a: Int @connect(source: "films", grpc: { method: "films.v1.Nobody/Get" }, selection: "$.a")
  b: Int @connect(source: "films", grpc: { method: "films.v1.Films/Nobody" }, selection: "$.a")
  c(id: ID): Int @connect(source: "films", grpc: { method: "films.v1.Films/Title", message: "idd: $args.id tags: 'x' lang: { a: $args.id } id: $config.id" }, selection: "$.star")
  d(ids: [ID]): Numbers @connect(source: "films", grpc: { method: "films.v1.Films/List", message: "limit: \"x\"" }, selection: "items: items.x")
}
type Numbers { items: [Int] }`))
	if ds.Failed() {
		t.Fatal(ds)
	}
	_, err := grpc.New(g.Sources[0], g.Operations, grpc.Settings{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"films: $env.NOBODY is not set",
		"films.Query.a: there is no service films.v1.Nobody",
		"films.Query.b: the service films.v1.Films has no method Nobody, but: Titles, Title, List, Walk, Rate",
		"films.Query.c: $config.id is not set",
		"films.Query.c: the message films.v1.TitleRequest has no field idd, but: id, lang, tags",
		`"x" does not fit the field films.v1.TitleRequest.tags, a list of string`,
		"the message gives an object for films.v1.TitleRequest.lang, which is none",
		"the answer films.v1.FullTitle has no field star, but: id, lang, tags, headers, stars, padding",
		`"x" does not fit the field films.v1.ListRequest.limit, a int32`,
		"the selection goes below the field films.v1.Numbers.items, which is no message",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %s", fault.KindOf(err))
	}
	for name, text := range map[string]string{"no file": "/nowhere.binpb", "no base64": "base64:?", "no set": "base64:" + base64.StdEncoding.EncodeToString([]byte("x")), "an empty set": "base64:"} {
		src, ops := tiertest.GRPC(`, descriptors: "` + text + `"`)
		if _, err := grpc.New(src, operations(ops), grpc.Settings{Env: func(string) (string, bool) { return "x:1", true }}); err == nil || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A tier that starts after the edge is found.
func TestReflectionLater(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	tier, ops := open(t, address, "", grpc.Settings{})
	start := time.Now()
	if _, err := call(t, tier, titles(ops)); fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Fatalf("got %v", err)
	}
	if d := time.Since(start); d > 8*time.Second {
		t.Errorf("nobody there is known after %v", d)
	}
	if l, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	s := service(t, true)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, err := call(t, tier, titles(ops))
		if err == nil {
			if d := cmp.Diff(wantTitles, got); d != "" {
				t.Error(d)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestReflectionThatFails(t *testing.T) {
	t.Run("without reflection", func(t *testing.T) {
		tier, ops := open(t, serve(t, service(t, false)), "", grpc.Settings{})
		if _, err := call(t, tier, titles(ops)); fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.HintOf(err), "reflection") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("by version v1alpha", func(t *testing.T) {
		s := service(t, false)
		files, err := tiertest.Descriptors(tiertest.Proto)
		if err != nil {
			t.Fatal(err)
		}
		alpha.RegisterServerReflectionServer(s, reflection.NewServer(reflection.ServerOptions{Services: s, DescriptorResolver: files}))
		tier, ops := open(t, serve(t, s), "", grpc.Settings{})
		if got, err := call(t, tier, titles(ops)); err != nil || got != wantTitles {
			t.Errorf("got %v, %s", err, got)
		}
	})
	t.Run("one operation's method is not there", func(t *testing.T) {
		src, ops := tiertest.GRPC("")
		ops[tiertest.Title].GRPC.Method = "films.v1.Films/Gone"
		ops[tiertest.List].GRPC.Method = "other.Service/List"
		tier, err := grpc.New(src, operations(ops), grpc.Settings{Env: env(map[string]string{"FILMS_ADDRESS": serve(t, service(t, true)), "FILMS_SECRET": "s"})})
		if err != nil {
			t.Fatal(err)
		}
		defer tier.Close()
		if got, err := call(t, tier, titles(ops)); err != nil || got != wantTitles {
			t.Errorf("got %v, %s", err, got)
		}
		for id, want := range map[string]string{tiertest.Title: "no method Gone", tiertest.List: "no service other.Service"} {
			if _, err := call(t, tier, &tiers.Call{Operation: ops[id], Args: raw(`"a"`, `null`, `null`), Context: raw(`"a"`)}); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v", id, err)
			}
		}
	})
	t.Run("a call ends before the tier describes itself", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		tier, ops := open(t, l.Addr().String(), "", grpc.Settings{})
		ctx, done := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer done()
		if _, err := tier.Call(ctx, titles(ops)); fault.KindOf(err) != fault.Timeout {
			t.Errorf("got %v", err)
		}
	})
}

func TestStatuses(t *testing.T) {
	var code codes.Code
	s := ggrpc.NewServer(ggrpc.UnknownServiceHandler(func(any, ggrpc.ServerStream) error { return status.Error(code, "secret") }))
	tier, ops := open(t, serve(t, s), `, descriptors: "base64:`+base64.StdEncoding.EncodeToString(set(t))+`"`, grpc.Settings{})
	for c, want := range map[codes.Code]fault.Kind{codes.Canceled: fault.Unavailable, codes.Unknown: fault.Unavailable, codes.InvalidArgument: fault.Invalid, codes.DeadlineExceeded: fault.Timeout,
		codes.NotFound: fault.NotFound, codes.AlreadyExists: fault.Conflict, codes.PermissionDenied: fault.Forbidden, codes.ResourceExhausted: fault.Unavailable,
		codes.FailedPrecondition: fault.Conflict, codes.Aborted: fault.Conflict, codes.OutOfRange: fault.Invalid, codes.Unimplemented: fault.BadAnswer,
		codes.Internal: fault.Unavailable, codes.Unavailable: fault.Unavailable, codes.DataLoss: fault.Unavailable, codes.Unauthenticated: fault.Unauthorized, 99: fault.BadAnswer} {
		code = c
		_, err := call(t, tier, titles(ops))
		if got := fault.KindOf(err); got != want || strings.Contains(fault.Public(err), "secret") {
			t.Errorf("%s: got %s (%v), want %s", c, got, err, want)
		}
	}
}

func TestMetadataAndTLS(t *testing.T) {
	certified := httptest.NewTLSServer(http.NotFoundHandler())
	defer certified.Close()
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	var got metadata.MD
	s := ggrpc.NewServer(ggrpc.Creds(credentials.NewServerTLSFromCert(&certified.TLS.Certificates[0])),
		ggrpc.UnknownServiceHandler(func(_ any, stream ggrpc.ServerStream) error {
			got, _ = metadata.FromIncomingContext(stream.Context())
			return status.Error(codes.NotFound, "")
		}))
	described := `, descriptors: "base64:` + base64.StdEncoding.EncodeToString(set(t)) + `"`
	tier, ops := open(t, "grpcs://"+serve(t, s)+"/", described, grpc.Settings{TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}})
	flight := &tiers.Flight{}
	flight.Carry("traceparent", "00-1-2-01")
	flight.Carry("x-secret", "another")
	c := titles(ops)
	c.Headers = http.Header{"Accept-Language": {"de"}, "Cookie": {"c"}}
	if _, err := tier.Call(tiers.WithFlight(t.Context(), flight), c); fault.KindOf(err) != fault.NotFound {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{"x-locale": {"de"}, "x-secret": {"s3"}, "x-viewer": {"v:ada"}, "traceparent": {"00-1-2-01"}, "cookie": nil} {
		if d := cmp.Diff(want, got[name]); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if ua := strings.Join(got["user-agent"], ""); !strings.HasPrefix(ua, "facet-edge") {
		t.Errorf("it says it is %q", ua)
	}
	c.Headers = http.Header{"Accept-Language": {"größe"}}
	if _, err := tier.Call(t.Context(), c); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a value that metadata cannot have: got %v", err)
	}
	for _, address := range []string{"", "a b:1", "grpc://host:1/path", "grpcs://user@host:1"} {
		src, ops := tiertest.GRPC(described)
		_, err := grpc.New(src, operations(ops), grpc.Settings{Env: env(map[string]string{"FILMS_ADDRESS": address, "FILMS_SECRET": "s"})})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: got %v", address, err)
		}
	}
}

func TestClosed(t *testing.T) {
	tier, ops := open(t, serve(t, service(t, true)), "", grpc.Settings{})
	tier.Close()
	if _, err := call(t, tier, titles(ops)); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
	var f *fault.Error
	if _, err := tier.Call(t.Context(), &tiers.Call{Operation: &graph.Operation{ID: "x"}}); !errors.As(err, &f) || f.Kind != fault.Internal {
		t.Errorf("got %v", err)
	}
}
