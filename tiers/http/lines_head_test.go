package http

import (
	"bufio"
	"bytes"
	"io"
	nethttp "net/http"
	"testing"
)

// FuzzSimple: what is taken here is what net/http reads, and leaves the line where net/http leaves it.
func FuzzSimple(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nDate: Sun, 22 Nov 2026 17:00:00 GMT\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\ncontent-type:application/json; charset=utf-8\r\ncontent-length: 2\r\nConnection: keep-alive\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length : 2\r\n\r\n{}",
		"HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 2\n\n{}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l := &line{in: bufio.NewReaderSize(bytes.NewReader(b), lineBuffer)}
		_, _ = l.in.Peek(1)
		length, ok := l.simple()
		if !ok {
			if l.in.Buffered() != min(len(b), lineBuffer) {
				t.Fatal("a header that was not taken is read in part")
			}
			return
		}
		in := bufio.NewReaderSize(bytes.NewReader(b), lineBuffer)
		res, err := nethttp.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("net/http does not take it: %v", err)
		}
		if res.StatusCode != 200 || res.ContentLength != length || res.Close || !isJSON(res.Header.Get("Content-Type")) || res.Header.Get("Content-Encoding") != "" || len(res.TransferEncoding) > 0 || len(res.Trailer) > 0 {
			t.Fatalf("got %d bytes, net/http reads %+v", length, res)
		}
		if length > 1<<20 {
			return
		}
		want, wantErr := io.ReadAll(res.Body)
		got, gotErr := io.ReadAll(&simpleBody{in: l.in, left: length})
		if !bytes.Equal(got, want) || (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("got %q, %v; net/http reads %q, %v", got, gotErr, want, wantErr)
		}
	})
}
