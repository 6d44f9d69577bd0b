// Package artwork is the tier that draws: it says over gRPC where a film's poster is, and serves it over HTTP as SVG of any width.
package artwork

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"facet/examples/films/data"
	"facet/examples/films/tiers/artwork/artworkpb"
	"facet/examples/films/tiers/wire"
)

// The widths that are drawn, in pixels. A poster is half as high again.
const (
	narrowest = 40
	widest    = 2000
)

// A tier says where posters are, and draws them.
type tier struct {
	artworkpb.UnimplementedArtworkServer
	films  *data.Library
	public string
}

// Handler serves the tier over gRPC and HTTP, at one address. Public is the address that devices reach posters at
// ("https://art.example.com"); if it is empty, the address that the caller used.
//
//	films.artwork.v1.Artwork/BatchGet   where posters are: artworkpb/artwork.proto, also by server reflection
//	grpc.health.v1.Health               whether it serves
//	GET /art/{id}-{width}.svg           a poster
//
// gRPC comes as HTTP/2, without TLS by prior knowledge: films.Server speaks both.
func Handler(l *data.Library, public string) http.Handler {
	t := &tier{films: l, public: strings.TrimSuffix(public, "/")}
	calls := grpc.NewServer(grpc.MaxRecvMsgSize(wire.MaxBody))
	artworkpb.RegisterArtworkServer(calls, t)
	healthpb.RegisterHealthServer(calls, health.NewServer())
	reflection.Register(calls)
	pages := wire.Mux(map[string]http.HandlerFunc{"GET /art/{name}": t.draw})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			calls.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// BatchGet says where posters are.
func (t *tier) BatchGet(ctx context.Context, in *artworkpb.BatchGetRequest) (*artworkpb.BatchGetResponse, error) {
	if in.Width < narrowest || in.Width > widest {
		return nil, status.Errorf(codes.InvalidArgument, "width is %d: %d to %d are drawn", in.Width, narrowest, widest)
	}
	if err := wire.CheckBatch("ids", in.Ids); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	public := t.public
	if public == "" {
		md, _ := metadata.FromIncomingContext(ctx)
		host := md.Get(":authority")
		if len(host) == 0 {
			return nil, status.Error(codes.InvalidArgument, "the call names no host that posters could be reached at")
		}
		public = "http://" + host[0]
	}
	out := &artworkpb.BatchGetResponse{Artwork: make([]*artworkpb.Poster, 0, len(in.Ids))}
	for _, id := range in.Ids {
		if t.films.Title(id) != nil || t.films.OneSeries(id) != nil {
			out.Artwork = append(out.Artwork, &artworkpb.Poster{
				Id: id, Url: fmt.Sprintf("%s/art/%s-%d.svg", public, url.PathEscape(id), in.Width), Width: in.Width, Height: int32(height(int(in.Width))), //nolint:gosec // widest is 2000
			})
		}
	}
	return out, nil
}

var file = regexp.MustCompile(`^(.+)-([0-9]{2,4})\.svg$`)

func (t *tier) draw(w http.ResponseWriter, r *http.Request) {
	m := file.FindStringSubmatch(r.PathValue("name"))
	if m == nil {
		wire.Fail(w, http.StatusNotFound, "a poster is called <id>-<width>.svg")
		return
	}
	width, err := strconv.Atoi(m[2])
	if err != nil || width < narrowest || width > widest {
		wire.Fail(w, http.StatusBadRequest, "width is %s: %d to %d are drawn", m[2], narrowest, widest)
		return
	}
	var svg []byte
	if film := t.films.Title(m[1]); film != nil {
		svg = poster(ofTitle(film), width)
	} else if s := t.films.OneSeries(m[1]); s != nil {
		svg = poster(ofSeries(s, t.films), width)
	} else {
		wire.Fail(w, http.StatusNotFound, "there is nothing called %q to draw", m[1])
		return
	}
	etag := fmt.Sprintf(`"%x"`, xxhash.Sum64(svg))
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Content-Length", strconv.Itoa(len(svg)))
	_, _ = w.Write(svg) // the caller has left: there is nobody to tell
}

func height(width int) int { return width * 3 / 2 }
