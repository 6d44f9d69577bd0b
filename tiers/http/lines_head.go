package http

import (
	"bufio"
	"bytes"
	"io"
	nethttp "net/http"
	"strings"
)

// simpleHeader is all that is read of the header of an answer that simple takes.
var simpleHeader = nethttp.Header{"Content-Type": {"application/json"}}

// simple takes the header of an answer that is as most are, 200 OK with JSON of a known length, if all of it is here already. Of any other
// form it takes nothing: net/http reads those.
func (l *line) simple() (length int64, ok bool) {
	head, _ := l.in.Peek(l.in.Buffered())
	n := bytes.Index(head, []byte("\r\n\r\n"))
	if n < 0 || !bytes.HasPrefix(head, []byte("HTTP/1.1 200 OK\r\n")) {
		return 0, false
	}
	isJSON := false
	length = -1
	for lines := head[len("HTTP/1.1 200 OK\r\n") : n+2]; len(lines) > 0; {
		end := bytes.IndexByte(lines, '\n')
		if end < 1 || lines[end-1] != '\r' {
			return 0, false
		}
		line := lines[:end-1]
		lines = lines[end+1:]
		colon := bytes.IndexByte(line, ':')
		if colon < 1 || !token(line[:colon]) || !visible(line[colon+1:]) {
			return 0, false
		}
		value := bytes.Trim(line[colon+1:], " \t")
		switch name := line[:colon]; {
		case is(name, "content-type"):
			if isJSON || !is(value, "application/json") && !is(value, "application/json; charset=utf-8") {
				return 0, false
			}
			isJSON = true
		case is(name, "content-length"):
			if length >= 0 {
				return 0, false
			}
			if length, ok = decimal(value); !ok {
				return 0, false
			}
		case is(name, "transfer-encoding"), is(name, "content-encoding"), is(name, "connection") && !is(value, "keep-alive"), is(name, "trailer"), is(name, "upgrade"):
			return 0, false
		}
	}
	if !isJSON || length < 0 {
		return 0, false
	}
	_, err := l.in.Discard(n + 4)
	return length, err == nil
}

// is compares without regard to case; lower is in lower case.
func is(b []byte, lower string) bool {
	return len(b) == len(lower) && strings.EqualFold(string(b), lower)
}

// token says whether a header's name is one as RFC 9110 wants it.
func token(name []byte) bool {
	for _, c := range name {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return true
}

// visible says whether a header's value has no control characters.
func visible(value []byte) bool {
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// decimal reads a length; false if it is none, or one that nobody reads.
func decimal(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 12 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

// A simpleBody is the body of an answer that simple took.
type simpleBody struct {
	in   *bufio.Reader
	left int64
}

func (b *simpleBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case b.left == 0:
		return n, io.EOF
	case err == io.EOF:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

func (b *simpleBody) Close() error { return nil }
