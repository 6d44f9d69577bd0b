package wire

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// BenchmarkLevels is what each level of each coding takes for a page, and what it leaves: ratio is bytes of the answer as it is for
// each byte sent. FACET_WIRE_PAGE names a file to measure instead.
func BenchmarkLevels(b *testing.B) {
	pages := map[string][]byte{"2KB": page(2 << 10), "94KB": page(94 << 10)}
	if name := os.Getenv("FACET_WIRE_PAGE"); name != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		pages = map[string][]byte{fmt.Sprintf("%dKB", len(text)>>10): text}
	}
	type level struct {
		name string
		of   *bench
	}
	var levels []level
	for _, l := range []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedDefault, zstd.SpeedBetterCompression} {
		levels = append(levels, level{"zstd/" + l.String(), newZstd(l)})
	}
	for _, l := range []int{0, 1, 2, 4} {
		levels = append(levels, level{fmt.Sprint("br-flushable/", l), newBrotliFlow(l)})
	}
	for _, l := range []int{0, 1, 2, 3, 4} {
		levels = append(levels, level{fmt.Sprint("br/", l), newBrotli(l)})
	}
	for _, l := range []int{gzip.StatelessCompression, 1, 2, 3, 4, 5, 6} {
		levels = append(levels, level{fmt.Sprint("gzip/", l), newGzip(l)})
	}
	for size, text := range pages {
		for _, l := range levels {
			b.Run(size+"/"+l.name, func(b *testing.B) {
				var out counter
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				b.ReportAllocs()
				before, n := threadCPU(b), 0
				for b.Loop() {
					n++
					out = 0
					e := l.of.take(&out)
					if _, err := e.Write(text); err != nil {
						b.Fatal(err)
					}
					if err := e.Close(); err != nil {
						b.Fatal(err)
					}
					l.of.give(e)
				}
				b.ReportMetric(float64((threadCPU(b)-before).Nanoseconds())/float64(n), "cpu-ns/op")
				b.ReportMetric(float64(len(text))/float64(out), "ratio")
			})
		}
	}
}

// threadCPU is the processor time of this thread: the rest of the machine is not in it.
func threadCPU(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const rusageThread = 1

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// BenchmarkSmall is what a handler in front costs an answer that is too small to be encoded.
func BenchmarkSmall(b *testing.B) {
	for _, accept := range []string{"", "gzip, deflate, br, zstd"} {
		for name, h := range map[string]http.Handler{"without": sized(page(200)), "with": New(sized(page(200)), Options{Codings: Codings()})} {
			b.Run(name+"/"+accept, func(b *testing.B) {
				r := httptest.NewRequest("GET", "/", nil)
				if accept != "" {
					r.Header.Set("Accept-Encoding", accept)
				}
				b.ReportAllocs()
				for b.Loop() {
					h.ServeHTTP(discard{http.Header{}}, r)
				}
			})
		}
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(p []byte) (int, error) { return io.Discard.Write(p) }
