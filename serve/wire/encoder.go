package wire

import (
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/andybalholm/brotli/matchfinder"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// An encoder writes one answer in a coding. Reset begins the next one.
type encoder interface {
	io.Writer
	Reset(to io.Writer)
	Flush() error
	Close() error
}

// large is how many bytes an answer has that is written while it is encoded.
const large = 1 << 20

// A bench is the encoders of one coding and level that nobody uses. How many are used at once is bounded by Handler.
type bench struct{ idle sync.Pool }

func (b *bench) take(to io.Writer) encoder {
	e := b.idle.Get().(encoder)
	e.Reset(to)
	return e
}

func (b *bench) give(e encoder) {
	e.Reset(io.Discard) // it must not hold on to the answer
	b.idle.Put(e)
}

func newBench(make func() encoder) *bench {
	return &bench{idle: sync.Pool{New: func() any { return make() }}}
}

// window is how far back encoders look. A page repeats itself within it, and an encoder stays small.
const window = 256 << 10

func newZstd(level zstd.EncoderLevel) *bench {
	return newBench(func() encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window),
			zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
		if err != nil { // the options are fixed
			panic(err)
		}
		return e
	})
}

func newGzip(level int) *bench {
	return newBench(func() encoder {
		e, err := gzip.NewWriterLevel(io.Discard, level)
		if err != nil { // the level is fixed
			panic(err)
		}
		return e
	})
}

// newBrotli makes the newer of the library's two encoders: it does more for its time, and cannot be flushed.
func newBrotli(level int) *bench {
	return newBench(func() encoder { return unflushed{brotli.NewWriterV2(io.Discard, level)} })
}

type unflushed struct{ *matchfinder.Writer }

// Flush does nothing: what has a length is not flushed.
func (unflushed) Flush() error { return nil }

func newBrotliFlow(level int) *bench {
	return newBench(func() encoder {
		return brotli.NewWriterOptions(io.Discard, brotli.WriterOptions{Quality: level, LGWin: 18})
	})
}

// encoders are the benches of every coding, for answers whose length is known and for those whose is not.
type encoders map[Coding]struct{ sized, flow *bench }

func newEncoders() encoders {
	fast, quick := newZstd(zstd.SpeedFastest), newGzip(gzip.BestSpeed)
	return encoders{Zstd: {fast, fast}, Brotli: {newBrotli(1), newBrotliFlow(1)}, Gzip: {quick, quick}}
}

// of is the bench for an answer of a size; below 0: it is not known.
func (e encoders) of(c Coding, size int) *bench {
	if size < 0 {
		return e[c].flow
	}
	return e[c].sized
}
