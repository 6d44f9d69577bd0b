package contest

import (
	"bytes"
	"errors"
)

var errScan = errors.New("the tier's answer is not of the known form")

// A scan goes through JSON of a known form once, and says where values stand. It checks what it needs to find its way.
type scan struct {
	b []byte
	i int
}

func (s *scan) space() {
	for s.i < len(s.b) && s.b[s.i] <= ' ' {
		s.i++
	}
}

// is takes a byte if it comes next.
func (s *scan) is(c byte) bool {
	s.space()
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// text passes a string and gives it with its quotes; nil if there is none.
func (s *scan) text() []byte {
	if !s.is('"') {
		return nil
	}
	from := s.i - 1
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			return nil
		}
		s.i += n + 1
		slashes := 0
		for s.b[s.i-2-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return s.b[from:s.i]
		}
	}
}

// value passes any value and gives its bytes; nil if there is none.
func (s *scan) value() []byte {
	s.space()
	if s.i >= len(s.b) {
		return nil
	}
	from, depth := s.i, 0
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			if s.text() == nil {
				return nil
			}
			if depth == 0 {
				return s.b[from:s.i]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return s.b[from:s.i]
			}
			if depth--; depth == 0 {
				s.i++
				return s.b[from:s.i]
			}
		case ',', ' ', '\n':
			if depth == 0 {
				return s.b[from:s.i]
			}
		}
		s.i++
	}
	if depth > 0 {
		return nil
	}
	return s.b[from:s.i]
}

// object calls member for each key, without quotes, of an object; member passes the value.
func (s *scan) object(member func(key []byte) error) error {
	if !s.is('{') {
		return errScan
	}
	if s.is('}') {
		return nil
	}
	for {
		k := s.text()
		if k == nil || !s.is(':') {
			return errScan
		}
		if err := member(k[1 : len(k)-1]); err != nil {
			return err
		}
		if s.is(',') {
			continue
		}
		if s.is('}') {
			return nil
		}
		return errScan
	}
}

// list calls item for each item of a list; item passes it.
func (s *scan) list(item func() error) error {
	if !s.is('[') {
		return errScan
	}
	if s.is(']') {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if s.is(',') {
			continue
		}
		if s.is(']') {
			return nil
		}
		return errScan
	}
}

// skip passes a value that nobody wants.
func (s *scan) skip() error {
	if s.value() == nil {
		return errScan
	}
	return nil
}
