package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"facet/serve"
)

// page is an answer of about a size, as compressible as pages are.
func page(size int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"data":{"items":[`)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `{"id":"Card:%x","key":"film-%d","title":"The film of number %d","art":"http://posters.test/%x.jpg","score":%d.%d,"badge":null},`, i*2654435761, i, i*i, i*40503, i%10, i%7)
	}
	b.WriteString(`null]}}`)
	return b.Bytes()
}

// decode reads a body in a coding.
func decode(t testing.TB, coding string, body []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(r); err == nil {
			defer z.Close()
			r = z
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	return out
}

// sized answers with a body as the protocols do: its length and tag said first, then several writes.
func sized(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json; charset=utf-8")
		tag := serve.ETag(body)
		h.Set("ETag", tag)
		if serve.NotModified(r, tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusOK)
		if r.Method == http.MethodHead {
			return
		}
		for _, part := range [][]byte{body[:min(9, len(body))], body[min(9, len(body)):]} {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	})
}

func ask(h http.Handler, method, accept string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, "/tv/v3/home", nil)
	if accept != "" {
		r.Header.Set("Accept-Encoding", accept)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCodings(t *testing.T) {
	for _, size := range []int{100, Min - 1, Min + 200, 94 << 10, 300 << 10, 3 << 20} {
		want := page(size)
		if size < Min {
			want = want[:size]
		}
		h := New(sized(want), Options{Codings: Codings()})
		for _, coding := range []string{"", "gzip", "br", "zstd"} {
			r := ask(h, "GET", coding)
			raw := body(t, r)
			expect := coding
			if size < Min {
				expect = ""
			}
			if got := r.Header.Get("Content-Encoding"); got != expect {
				t.Errorf("%d bytes, %q: Content-Encoding %q", size, coding, got)
				continue
			}
			if got := decode(t, expect, raw); !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %q: another body of %d bytes", size, coding, len(got))
			}
			if r.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%d bytes, %q: Vary %q", size, coding, r.Header.Get("Vary"))
			}
			length := r.Header.Get("Content-Length")
			if flows := expect != "" && len(want) >= large; flows != (length == "") || !flows && length != strconv.Itoa(len(raw)) {
				t.Errorf("%d bytes, %q: Content-Length %q of %d", size, coding, length, len(raw))
			}
			if expect != "" && len(raw) > len(want)*2/3 {
				t.Errorf("%d bytes, %q: %d bytes", size, coding, len(raw))
			}
		}
	}
}

func TestETags(t *testing.T) {
	want := page(20 << 10)
	h := New(sized(want), Options{Codings: Codings()})
	base := serve.ETag(want)
	if got := ask(h, "GET", "").Header.Get("ETag"); got != base {
		t.Errorf("as it is: %s, want %s", got, base)
	}
	zst, br, gz := coded(base, Zstd), coded(base, Brotli), coded(base, Gzip)
	if got := ask(h, "GET", "br").Header.Get("ETag"); got != br {
		t.Errorf("in br: %s, want %s", got, br)
	}
	for _, c := range []struct {
		accept, has string
		status      int
		tag         string
	}{
		{"zstd", zst, 304, zst},
		{"zstd, br", zst, 304, zst},
		{"br", br, 304, br},
		{"br", `"br"`, 200, br},
		{"gzip", zst, 200, gz}, // it could not read what it is told it has
		{"", zst, 200, base},
		{"", base, 304, base},
		{"zstd, br, gzip", br, 304, br},                        // what it has is one of those it takes
		{"zstd, br, gzip", br + ", " + gz, 304, br},            // any that it has
		{"zstd, br, gzip", br + ", " + zst, 304, zst},          // the best one
		{"zstd, br, gzip", base, 304, base},                    // as it is will do
		{"gzip", br + ", " + base + ", " + gz, 304, gz},        //
		{"gzip", `W/"other-gzip", ` + gz, 304, gz},             //
		{"gzip", `W/"other-gzip"`, 200, gz},                    //
		{"gzip", "*", 304, base},                               //
		{"zstd;q=0, gzip", zst, 200, gz},                       //
		{"gzip", strings.TrimPrefix(gz, "W/"), 304, gz},        // weakly compared
		{"gzip", `"a-b", W/"c-d", ` + gz + `,`, 304, gz},       //
		{"gzip", strings.Repeat(`"x-gzip", `, 99), 200, gz},    //
		{"br", strings.ReplaceAll(br, `W/`, `w/`), 200, br},    // W/ is written so
		{"zstd", strings.ToUpper(zst), 200, zst},               //
		{"identity", zst + ", " + base, 304, base},             //
		{"identity;q=0, gzip", base + ", " + gz, 304, gz},      //
		{"deflate", gz, 200, base},                             //
		{"gzip, br", `"-gzip", ` + br + ", " + gz, 304, br},    // br is offered before gzip
		{"gzip, br;q=0.1", br + ", " + gz, 304, gz},            //
		{"gzip, br;q=0.1", gz + ", " + br, 304, gz},            //
		{"gzip;q=0.1, br", `W/` + base + ", " + gz, 304, base}, // either: both are what it has
	} {
		r := ask(h, "GET", c.accept, "If-None-Match", c.has)
		if r.StatusCode != c.status || r.Header.Get("ETag") != c.tag {
			t.Errorf("%q has %s: %d %s, want %d %s", c.accept, c.has, r.StatusCode, r.Header.Get("ETag"), c.status, c.tag)
		}
		if r.StatusCode == 304 && (r.Header.Get("Content-Encoding") != "" || len(body(t, r)) > 0) {
			t.Errorf("%q has %s: a 304 with a body's headers", c.accept, c.has)
		}
	}
}

func TestHead(t *testing.T) {
	want := page(20 << 10)
	for _, accept := range []string{"", "gzip", "zstd"} {
		h := New(sized(want), Options{Codings: Codings()})
		get, head := ask(h, "GET", accept), ask(h, "HEAD", accept)
		for _, name := range []string{"Content-Encoding", "ETag", "Vary", "Content-Type"} {
			if get.Header.Get(name) != head.Header.Get(name) {
				t.Errorf("%q: %s is %q by GET, %q by HEAD", accept, name, get.Header.Get(name), head.Header.Get(name))
			}
		}
		if n := head.Header.Get("Content-Length"); accept != "" && n != "" {
			t.Errorf("%q: Content-Length %s of what is not encoded", accept, n)
		}
		if b := body(t, head); len(b) > 0 {
			t.Errorf("%q: a HEAD of %d bytes", accept, len(b))
		}
	}
}

func TestLeftAsItIs(t *testing.T) {
	text := page(20 << 10)
	for name, next := range map[string]http.HandlerFunc{
		"encoded already": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(text)
		},
		"an image": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = w.Write(text)
		},
		"no media type": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) },
		"a part": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Range", "bytes 0-9/20")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(text)
		},
	} {
		r := ask(New(next, Options{Codings: Codings()}), "GET", "zstd, gzip")
		if got := r.Header.Get("Content-Encoding"); got != "" && name != "encoded already" || !bytes.Equal(body(t, r), text) {
			t.Errorf("%s: Content-Encoding %q", name, got)
		}
	}
	plain := New(sized(text), Options{Codings: Codings(), Plain: func(r *http.Request) bool { return r.URL.Path == "/tv/v3/home" }})
	if r := ask(plain, "GET", "gzip"); r.Header.Get("Content-Encoding") != "" || r.Header.Get("ETag") != serve.ETag(text) || !bytes.Equal(body(t, r), text) {
		t.Error("what is switched off is encoded")
	}
	must := New(sized([]byte(`{"data":null}`)), Options{Codings: Codings()})
	if r := ask(must, "GET", "identity;q=0, gzip"); r.Header.Get("Content-Encoding") != "gzip" || string(decode(t, "gzip", body(t, r))) != `{"data":null}` {
		t.Error("a small answer goes as it is to who does not take that")
	}
}

// TestFlush: what is flushed arrives before the answer's end, in each coding; a stream that begins with little is sent as it is.
func TestFlush(t *testing.T) {
	first, second := page(4<<10), page(2<<10)
	for _, little := range []bool{false, true} {
		for _, coding := range []string{"gzip", "br", "zstd"} {
			next := make(chan bool)
			srv := httptest.NewServer(New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				if little {
					_, _ = w.Write([]byte(":\n\n"))
					_ = http.NewResponseController(w).Flush()
				}
				_, _ = w.Write(first)
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				select {
				case <-next:
				case <-time.After(10 * time.Second):
					t.Error("the first part did not arrive before the second was written")
				}
				_, _ = w.Write(second)
			}), Options{Codings: Codings()}))
			r, err := http.NewRequest(http.MethodGet, srv.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept-Encoding", coding)
			res, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			want, got := first, res.Header.Get("Content-Encoding")
			if little {
				want = append([]byte(":\n\n"), first...)
			}
			if (got == "") != little {
				t.Errorf("%s, little %v: Content-Encoding %q", coding, little, got)
			}
			var src io.Reader = res.Body
			switch got {
			case "gzip":
				if src, err = gzip.NewReader(src); err != nil {
					t.Fatal(err)
				}
			case "br":
				src = brotli.NewReader(src)
			case "zstd":
				z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1))
				if err != nil {
					t.Fatal(err)
				}
				defer z.Close()
				src = z
			}
			have := make([]byte, len(want))
			if _, err := io.ReadFull(src, have); err != nil || !bytes.Equal(have, want) {
				t.Errorf("%s: the first part: %v", coding, err)
			}
			close(next)
			if rest, err := io.ReadAll(src); err != nil || !bytes.Equal(rest, second) {
				t.Errorf("%s: the second part of %d bytes: %v", coding, len(rest), err)
			}
			_ = res.Body.Close()
			srv.Close()
		}
	}
}

// TestSlowReaders: devices that do not read hold no encoder that others wait for.
func TestSlowReaders(t *testing.T) {
	big, small := page(2<<20), page(20<<10)
	h := New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Size") == "big" {
			sized(big).ServeHTTP(w, r)
			return
		}
		sized(small).ServeHTTP(w, r)
	}), Options{Codings: Codings(), Encoders: 2})
	stuck := make(chan struct{})
	var wg sync.WaitGroup
	begun := make(chan struct{}, 3)
	for range 3 { // the third is sent as it is
		wg.Go(func() {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept-Encoding", "gzip")
			r.Header.Set("X-Size", "big")
			h.ServeHTTP(&stuckWriter{header: http.Header{}, begun: begun, until: stuck}, r)
		})
		<-begun
	}
	for range 5 {
		if r := ask(h, "GET", "gzip"); r.Header.Get("Content-Encoding") != "gzip" || !bytes.Equal(decode(t, "gzip", body(t, r)), small) {
			t.Error("a page is not encoded while others read slowly")
		}
	}
	if r := ask(h, "GET", "gzip", "X-Size", "big"); r.Header.Get("Content-Encoding") != "" || !bytes.Equal(body(t, r), big) {
		t.Error("one more large answer is encoded than there are places")
	}
	close(stuck)
	wg.Wait()
	if r := ask(h, "GET", "gzip", "X-Size", "big"); r.Header.Get("Content-Encoding") != "gzip" {
		t.Error("places were not given back")
	}
}

// A stuckWriter is a device that does not read.
type stuckWriter struct {
	header http.Header
	begun  chan<- struct{}
	until  <-chan struct{}
	once   sync.Once
}

func (s *stuckWriter) Header() http.Header { return s.header }
func (s *stuckWriter) WriteHeader(int)     {}
func (s *stuckWriter) Write(b []byte) (int, error) {
	s.once.Do(func() { s.begun <- struct{}{} })
	<-s.until
	return len(b), nil
}

// TestBroken: a connection that breaks, a handler that writes too little, and one that panics cost only their own answer.
func TestBroken(t *testing.T) {
	text := page(2 << 20)
	h := New(sized(text), Options{Codings: Codings(), Encoders: 1})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "zstd")
	h.ServeHTTP(brokenWriter{http.Header{}}, r)
	abort := func(next http.HandlerFunc) (p any) {
		defer func() { p = recover() }()
		ask(New(next, Options{Codings: Codings(), Encoders: 1}), "GET", "zstd")
		return nil
	}
	if p := abort(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "5000")
		_, _ = w.Write(text[:4000])
	}); p != any(http.ErrAbortHandler) {
		t.Errorf("a short answer ends in %v", p)
	}
	for range 3 {
		if p := abort(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(text)
			panic("mistake")
		}); p != "mistake" {
			t.Errorf("a panic ends in %v", p)
		}
	}
	if got := ask(h, "GET", "zstd"); got.Header.Get("Content-Encoding") != "zstd" || !bytes.Equal(decode(t, "zstd", body(t, got)), text) {
		t.Error("after a broken connection the place is lost")
	}
}

type brokenWriter struct{ header http.Header }

func (b brokenWriter) Header() http.Header       { return b.header }
func (b brokenWriter) WriteHeader(int)           {}
func (b brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// TestMany: many at once, each its own bytes.
func TestMany(t *testing.T) {
	var pages [8][]byte
	for i := range pages {
		pages[i] = page(5000 << (i % 4) * (1 + i/4))
	}
	h := New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.Header.Get("X-Page"))
		sized(pages[n]).ServeHTTP(w, r)
	}), Options{Codings: Codings(), Encoders: 2})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 12 {
				n := (i*5 + j) % len(pages)
				coding := []string{"gzip", "br", "zstd", ""}[(i+j)%4]
				r := ask(h, "GET", coding, "X-Page", strconv.Itoa(n))
				if got := decode(t, r.Header.Get("Content-Encoding"), body(t, r)); !bytes.Equal(got, pages[n]) {
					t.Errorf("page %d in %s is another one", n, coding)
				}
			}
		})
	}
	wg.Wait()
}
