package graphql

import (
	"bytes"
	"errors"
)

var errNoObject = errors.New("the answer is no object of JSON")

// split finds the values of "data" and "errors" in an answer without reading what they hold: nil where one is missing; errors
// is nil where it is null. The values may yet be no JSON.
func split(b []byte) (data, errs []byte, err error) {
	s := scan{b: b}
	if !s.take('{') {
		return nil, nil, errNoObject
	}
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') {
			return nil, nil, errNoObject
		}
		s.space()
		from := s.i
		if !s.value() || s.b[from] != '"' || s.i-from < 2 {
			return nil, nil, errNoObject
		}
		key := s.b[from+1 : s.i-1]
		if !s.take(':') {
			return nil, nil, errNoObject
		}
		s.space()
		from = s.i
		if !s.value() {
			return nil, nil, errNoObject
		}
		switch val := s.b[from:s.i]; string(key) {
		case "data":
			data = val
		case "errors":
			if errs = val; string(val) == "null" {
				errs = nil
			}
		}
	}
	if s.space(); s.i < len(s.b) {
		return nil, nil, errNoObject
	}
	return data, errs, nil
}

// A scan passes values of JSON.
type scan struct {
	b []byte
	i int
}

func (s *scan) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

func (s *scan) take(c byte) bool {
	s.space()
	if s.i >= len(s.b) || s.b[s.i] != c {
		return false
	}
	s.i++
	return true
}

// value passes one value: to the end of a string, the bracket that closes an object or a list, or what ends a word.
func (s *scan) value() bool {
	depth := 0
	from := s.i
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			if !s.text() {
				return false
			}
			if depth == 0 {
				return true
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return s.i > from
			}
			if depth--; depth == 0 {
				s.i++
				return true
			}
		case ',', ' ', '\n', '\t', '\r', ':':
			if depth == 0 {
				return s.i > from
			}
		}
		s.i++
	}
	return false
}

// text passes a string.
func (s *scan) text() bool {
	s.i++
	for s.i < len(s.b) {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			return false
		}
		s.i += n + 1
		slashes := 0
		for k := s.i - 2; s.b[k] == '\\'; k-- {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
	}
	return false
}
