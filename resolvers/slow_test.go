package resolvers

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"facet/control"
	"facet/storage/memory"
)

// A JSON body that does not arrive is refused in its time, not in that of uploads; a form has all of that.
func TestSlowBody(t *testing.T) {
	tokens, err := NewTokens([]Token{{Name: "root", SHA256: HashToken("root-secret"), Scopes: []string{"admin"}}})
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(Options{Control: &control.Control{Store: memory.New()}, Tokens: tokens, Log: zerolog.Nop()})
	s.bodyWait = 200 * time.Millisecond
	server := httptest.NewServer(http.HandlerFunc(s.graphql))
	t.Cleanup(server.Close)
	const query = `{"query": "{ packages { name } }"}`
	for _, c := range []struct {
		name, media, accept, first, rest string
		after                            time.Duration
		want                             int
	}{
		{"whole", "application/json", "*/*", query, "", 0, 200},
		{"never", "application/json", "*/*", query[:5], "", 0, 408},
		{"a stream's, never", "application/json", "text/event-stream", query[:5], "", 0, 408},
		{"in time", "application/json", "*/*", query[:5], query[5:], 20 * time.Millisecond, 200},
		{"a form, later", "multipart/form-data; boundary=x", "*/*", "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n",
			query + "\r\n--x\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{}\r\n--x--\r\n", 500 * time.Millisecond, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			length := len(c.first) + len(c.rest)
			if c.want == 408 {
				length = len(query)
			}
			if _, err := fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer root-secret\r\nContent-Type: %s\r\nAccept: %s\r\nContent-Length: %d\r\n\r\n%s", c.media, c.accept, length, c.first); err != nil {
				t.Fatal(err)
			}
			time.Sleep(c.after)
			if _, err := fmt.Fprint(conn, c.rest); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			a := parsed(t, res)
			if a.status != c.want || c.want == 408 && a.code() != "timeout" || c.want == 200 && !strings.Contains(a.text, "packages") {
				t.Errorf("got %s %s", res.Status, a.text)
			}
		})
	}
}
