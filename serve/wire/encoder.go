package wire

import (
	"io"
	"sync"

	"github.com/andybalholm/brotli"
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

// Sizes of answers, in bytes, by which the effort is chosen.
const (
	medium = 256 << 10 // from here on every coding takes its fastest level
	large  = 1 << 20   // from here on an answer is written while it is encoded
)

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

func newBrotli(level int) *bench {
	return newBench(func() encoder {
		return brotli.NewWriterOptions(io.Discard, brotli.WriterOptions{Quality: level, LGWin: 18})
	})
}

// encoders are the benches of every coding: for pages, and for what is large.
type encoders map[Coding][2]*bench

func newEncoders() encoders {
	return encoders{
		Zstd:   {newZstd(zstd.SpeedFastest), newZstd(zstd.SpeedFastest)},
		Brotli: {newBrotli(2), newBrotli(0)},
		Gzip:   {newGzip(2), newGzip(gzip.BestSpeed)},
	}
}

// of is the bench for an answer of a size; below 0: it is not known.
func (e encoders) of(c Coding, size int) *bench {
	b := e[c]
	if size < 0 || size >= medium {
		return b[1]
	}
	return b[0]
}
