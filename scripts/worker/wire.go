package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A lane is a connection between a pool and one of its children on which one call is made at a time. Both sides speak in
// frames: four bytes of length, one of what it is, and a payload. Numbers in payloads are varints, texts have their length
// in front. A call is one frame there and one back; while a handler runs, frames with its loads come in between.

// What a frame is. Calls go down, the others up but for fLoaded.
const (
	fOpen   byte = iota + 1 // a build's functions: id, options, build
	fClose                  // id
	fBatch                  // rows of one function
	fRecord                 // a package to build
	fRun                    // a handler's call
	fOK                     // what was asked for
	fFailed                 // an error instead
	fLoad                   // a handler's loads
	fMutate                 // a handler's mutation
	fLoaded                 // the answers to them
)

// maxFrame bounds one frame.
const maxFrame = 128 << 20

// keptBuffer bounds the buffers that lanes keep between calls.
const keptBuffer = 1 << 20

const headerSize = 5

var errFrame = errors.New("a frame that is none")

// A conn reads and writes frames. One goroutine uses it.
type conn struct {
	rw   io.ReadWriter
	in   []byte
	n    int // bytes in in
	out  []byte
	most int // bytes of the next frame's payload; 0: maxFrame
}

// begin starts a frame, whose payload is appended to what it returns.
func (c *conn) begin(kind byte) []byte {
	if cap(c.out) > keptBuffer {
		c.out = nil
	}
	return append(c.out[:0], 0, 0, 0, 0, kind)
}

// send writes the frame that was begun.
func (c *conn) send(frame []byte) error {
	c.out = frame
	if len(frame) > maxFrame {
		return fmt.Errorf("a frame of %d bytes", len(frame))
	}
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-headerSize))
	_, err := c.rw.Write(frame)
	return err
}

// recv reads the next frame. Its payload is good until the next recv.
func (c *conn) recv() (kind byte, payload []byte, err error) {
	if c.n == 0 && cap(c.in) > keptBuffer {
		c.in = nil
	}
	if c.in == nil {
		c.in = make([]byte, 16<<10)
	}
	if err := c.fill(headerSize); err != nil {
		return 0, nil, err
	}
	size := int(binary.LittleEndian.Uint32(c.in))
	if most := c.most; size > maxFrame || most > 0 && size > most {
		return 0, nil, errFrame
	}
	if err := c.fill(headerSize + size); err != nil {
		return 0, nil, err
	}
	if c.n != headerSize+size { // one call at a time: nobody says two things in a row
		return 0, nil, errFrame
	}
	c.n = 0
	return c.in[4], c.in[headerSize : headerSize+size], nil
}

// fill reads until there are size bytes. Memory grows with what arrives, not with what a header promises.
func (c *conn) fill(size int) error {
	for c.n < size {
		if c.n == len(c.in) {
			c.in = append(c.in, make([]byte, min(len(c.in), size-c.n))...)
		}
		n, err := c.rw.Read(c.in[c.n:])
		c.n += n
		if err != nil && c.n < size {
			if errors.Is(err, io.EOF) && c.n > 0 {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

func putUint(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }

func putInt(b []byte, n int64) []byte { return binary.AppendVarint(b, n) }

func putText[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// putBytes keeps nil apart from empty.
func putBytes(b, s []byte) []byte {
	if s == nil {
		return append(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(s))+1), s...)
}

// A reader takes a payload apart. After the first thing that is not there it gives zeros, and says so in err.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	r.b = nil
	if r.err == nil {
		r.err = errFrame
	}
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count is a number of things that each take at least one byte of what is left.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) text() string { return string(r.span()) }

// span is a text that lies in the payload.
func (r *reader) span() []byte {
	n := r.count()
	s := r.b[:n:n]
	r.b = r.b[n:]
	return s
}

// bytes is what putBytes wrote, lying in the payload.
func (r *reader) bytes() []byte {
	n := r.uint()
	if n == 0 {
		return nil
	}
	if n--; n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	s := r.b[:n:n]
	r.b = r.b[n:]
	return s
}

// end is the error of a payload that was not read to its end.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = errFrame
	}
	return r.err
}
