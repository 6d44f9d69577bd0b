package artwork

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bufbuild/protocompile"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/testing/protocmp"

	"facet/examples/films/data"
	"facet/examples/films/tiers/artwork/artworkpb"
	"facet/examples/films/tiers/wire"
)

// serve is the tier at a port of its own, and a connection to it.
func serve(t *testing.T, public string) (base string, conn *grpc.ClientConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := wire.Server(Handler(data.Load(), public))
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	conn, err = grpc.NewClient("passthrough:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return "http://" + l.Addr().String(), conn
}

func TestBatchGet(t *testing.T) {
	for _, c := range []struct {
		name, public string
		width        int32
		ids          []string
		code         codes.Code
		want         []string
	}{
		{"films and series", "", 342, []string{"jaws-1975", "nothing", "jaws-series"}, codes.OK, []string{"jaws-1975 BASE/art/jaws-1975-342.svg 342x513", "jaws-series BASE/art/jaws-series-342.svg 342x513"}},
		{"an address of its own", "https://art.test/", 40, []string{"jaws-1975"}, codes.OK, []string{"jaws-1975 https://art.test/art/jaws-1975-40.svg 40x60"}},
		{"nothing", "", 342, nil, codes.OK, nil},
		{"no width", "", 0, nil, codes.InvalidArgument, nil},
		{"too wide", "", 2001, nil, codes.InvalidArgument, nil},
		{"too many", "", 342, make([]string, 501), codes.InvalidArgument, nil},
		{"no id", "", 342, []string{""}, codes.InvalidArgument, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, conn := serve(t, c.public)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			answer, err := artworkpb.NewArtworkClient(conn).BatchGet(ctx, &artworkpb.BatchGetRequest{Width: c.width, Ids: c.ids})
			if status.Code(err) != c.code {
				t.Fatalf("%v, want %v", err, c.code)
			}
			var got []string
			for _, p := range answer.GetArtwork() {
				got = append(got, strings.ReplaceAll(fmt.Sprintf("%s %s %dx%d", p.Id, p.Url, p.Width, p.Height), base, "BASE"))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestOneAddress: the address that answers over gRPC serves the posters that it names, says that it is well, and tells its contract.
func TestOneAddress(t *testing.T) {
	_, conn := serve(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	answer, err := artworkpb.NewArtworkClient(conn).BatchGet(ctx, &artworkpb.BatchGetRequest{Width: 342, Ids: []string{"jaws-1975"}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(answer.Artwork[0].Url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !strings.HasPrefix(string(body), "<svg ") {
		t.Errorf("%d %.100s %v", resp.StatusCode, body, err)
	}
	if h, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}); err != nil || h.Status != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health: %v %v", h, err)
	}
	stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ask := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "films.artwork.v1.Artwork"}}
	if err := stream.Send(ask); err != nil {
		t.Fatal(err)
	}
	told, err := stream.Recv()
	if err != nil || len(told.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
		t.Errorf("reflection: %v %v", told, err)
	}
}

// TestGenerated holds the checked-in Go and the contract together.
func TestGenerated(t *testing.T) {
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{ImportPaths: []string{"artworkpb"}}}
	files, err := compiler.Compile(t.Context(), "artwork.proto")
	if err != nil {
		t.Fatal(err)
	}
	want, got := protodesc.ToFileDescriptorProto(files[0]), protodesc.ToFileDescriptorProto(artworkpb.File_artwork_proto)
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("run go generate ./examples/films/tiers/artwork/artworkpb (-want +got):\n%s", diff)
	}
}

func TestKept(t *testing.T) {
	h := Handler(data.Load(), "")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/art/jaws-1975-342.svg", nil))
	r := httptest.NewRequest("GET", "/art/jaws-1975-342.svg", nil)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	h.ServeHTTP(again, r)
	if again.Code != 304 || again.Body.Len() > 0 || w.Header().Get("Cache-Control") != "public, max-age=86400" {
		t.Errorf("%d %v", again.Code, w.Header())
	}
}

func TestDraw(t *testing.T) {
	h := Handler(data.Load(), "")
	for path, status := range map[string]int{
		"/art/jaws-1975-342.svg":   200,
		"/art/jaws-series-40.svg":  200,
		"/art/jaws-1975-2001.svg":  400,
		"/art/jaws-1975-39.svg":    400,
		"/art/nothing-342.svg":     404,
		"/art/jaws-1975.svg":       404,
		"/art/jaws-1975-99999.svg": 404,
		"/art/jaws-1975-342.png":   404,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
		if w.Code == 200 && w.Header().Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s is %s", path, w.Header().Get("Content-Type"))
		}
	}
}

// TestEveryPoster draws all of them: each is XML whose lines fit.
func TestEveryPoster(t *testing.T) {
	l := data.Load()
	check := func(s sheet) {
		lines, size := breakLines(s.title, 172)
		if len(lines) == 0 || size < 8 || float64(len(lines))*size > 200 {
			t.Errorf("%s: %d lines of %v units", s.id, len(lines), size)
		}
		d := xml.NewDecoder(strings.NewReader(string(poster(s, 342))))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", s.id, err)
			}
		}
	}
	for _, film := range l.Titles {
		check(ofTitle(film))
	}
	for _, s := range l.Series {
		check(ofSeries(s, l))
	}
}

func BenchmarkPoster(b *testing.B) {
	s := ofTitle(data.Load().Title("jaws-1975"))
	for b.Loop() {
		poster(s, 342)
	}
}

func FuzzDraw(f *testing.F) {
	for _, name := range []string{"jaws-1975-342.svg", "jaws-series-40.svg", "-40.svg", "jaws-1975-0342.svg", "a/b-342.svg", "\x00-342.svg"} {
		f.Add(name)
	}
	h := Handler(data.Load(), "")
	f.Fuzz(func(t *testing.T, name string) {
		r := httptest.NewRequest("GET", "/art/x", nil)
		r.URL.Path = "/art/" + name
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%q: %d %s", name, w.Code, w.Body)
		}
	})
}
