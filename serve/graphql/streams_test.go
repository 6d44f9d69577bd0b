package graphql_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"facet/serve/graphql"
)

// A line is the client's end of a WebSocket.
type line struct {
	t  *testing.T
	ws *websocket.Conn
}

// streams serves next behind Streams.
func streams(t *testing.T, next http.Handler, o graphql.StreamOptions) (*graphql.Streams, string) {
	t.Helper()
	s := graphql.NewStreams(next, o)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, srv.URL
}

// dial opens a WebSocket; its error is that of the upgrade.
func dial(t *testing.T, url, protocol string, h http.Header) (*line, error) {
	t.Helper()
	ws, resp, err := websocket.Dial(t.Context(), url+"/tv/v3/graphql", &websocket.DialOptions{HTTPHeader: h, Subprotocols: []string{protocol}})
	if err != nil {
		if resp != nil {
			err = errors.New(resp.Status)
		}
		return nil, err
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &line{t, ws}, nil
}

// open opens a WebSocket and says hello.
func open(t *testing.T, url string) *line {
	t.Helper()
	l, err := dial(t, url, "graphql-transport-ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	l.say(`{"type":"connection_init"}`)
	l.hear(`{"type":"connection_ack"}`)
	return l
}

func (l *line) say(text string) {
	l.t.Helper()
	if err := l.ws.Write(l.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		l.t.Fatal(err)
	}
}

// read gives the next message, or "<code> <reason>" of the end.
func (l *line) read() string {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 10*time.Second)
	defer cancel()
	_, data, err := l.ws.Read(ctx)
	var end websocket.CloseError
	switch {
	case errors.As(err, &end):
		b, _ := json.Marshal(end.Code)
		return string(b) + " " + end.Reason
	case err != nil:
		return err.Error()
	}
	return string(data)
}

func (l *line) hear(want string) {
	l.t.Helper()
	if got := l.read(); got != want {
		l.t.Fatalf("got  %s\nwant %s", got, want)
	}
}

const (
	filmTitle = `{"id":"1","type":"subscribe","payload":{"query":"{ film(id: \"jaws-1975\") { title } }"}}`
	filmNext  = `{"id":"1","type":"next","payload":{"data":{"film":{"title":"Jaws"}}}}`
	done1     = `{"id":"1","type":"complete"}`
)

// TestSocket holds conversations: what a client says (>) and hears (<).
func TestSocket(t *testing.T) {
	for name, c := range map[string][]string{
		"a query":             {">" + filmTitle, "<" + filmNext, "<" + done1, ">" + filmTitle, "<" + filmNext, "<" + done1},
		"a mutation":          {`>{"id":"m","type":"subscribe","payload":{"query":"mutation($t: ID!) { setBookmark(title: $t, positionSeconds: 1) { title } }","variables":{"t":"jaws-1975"}}}`, `<{"id":"m","type":"next","payload":{"data":{"setBookmark":{"title":"Jaws"}}}}`, `<{"id":"m","type":"complete"}`},
		"not valid":           {`>{"id":"1","type":"subscribe","payload":{"query":"{ nothing }"}}`, `<{"id":"1","type":"error","payload":[{"message":"Cannot query field \"nothing\" on type \"Query\".","locations":[{"line":1,"column":3}],"extensions":{"code":"invalid"}}]}`, ">" + filmTitle, "<" + filmNext, "<" + done1},
		"a subscription":      {`>{"id":"1","type":"subscribe","payload":{"query":"subscription { x }"}}`, `<{"id":"1","type":"error"`},
		"no query":            {`>{"id":"1","type":"subscribe","payload":{}}`, `<{"id":"1","type":"error","payload":[{"message":"query: it must be given"`},
		"limits come first":   {`>{"id":"1","type":"subscribe","payload":{"query":"{` + strings.Repeat("a ", 30_000) + `}"}}`, `<{"id":"1","type":"error","payload":[{"message":"the document is past the limit of`},
		"ping":                {`>{"type":"ping"}`, `<{"type":"pong"}`, `>{"type":"ping","payload":{"a":1}}`, `<{"type":"pong","payload":{"a":1}}`, `>{"type":"pong"}`, ">" + filmTitle, "<" + filmNext},
		"complete of nothing": {`>{"type":"complete","id":"x"}`, ">" + filmTitle, "<" + filmNext},
		"hello twice":         {`>{"type":"connection_init"}`, "<4429 Too many initialisation requests"},
		"no JSON":             {">hello", "<4400 Invalid message received"},
		"no type":             {">{}", "<4400 Invalid message received"},
		"no id":               {`>{"type":"subscribe","payload":{"query":"{ __typename }"}}`, "<4400 Invalid message received"},
		"no payload":          {`>{"type":"subscribe","id":"1"}`, "<4400 Invalid message received"},
		"payload of a list":   {`>{"type":"subscribe","id":"1","payload":[]}`, "<4400 Invalid message received"},
		"of the server":       {`>{"type":"next","id":"1","payload":{}}`, "<4400 Invalid message received"},
		"too long":            {">" + strings.Repeat("x", 300<<10), "<1009 "},
	} {
		t.Run(name, func(t *testing.T) {
			_, url := streams(t, serveWorld(films(t), nil), graphql.StreamOptions{})
			l := open(t, url)
			for _, step := range c {
				if step[0] == '>' {
					l.say(step[1:])
				} else if got := l.read(); !strings.HasPrefix(got, step[1:]) {
					t.Fatalf("got  %s\nwant %s", got, step[1:])
				}
			}
		})
	}
}

func TestSocketIsRefused(t *testing.T) {
	cookie := http.Header{"Origin": {"https://evil.example"}, "Cookie": {"session=1"}}
	for name, c := range map[string]struct {
		o    graphql.StreamOptions
		h    http.Header
		want string // "" for none
	}{
		"no browser":             {graphql.StreamOptions{}, nil, ""},
		"another origin":         {graphql.StreamOptions{}, http.Header{"Origin": {"https://evil.example"}}, "403 Forbidden"},
		"an origin without host": {graphql.StreamOptions{}, http.Header{"Origin": {"null"}}, "403 Forbidden"},
		"a listed origin":        {graphql.StreamOptions{Origins: []string{"https://app.example"}}, http.Header{"Origin": {"https://app.example"}, "Cookie": {"a=b"}}, ""},
		"any origin":             {graphql.StreamOptions{Origins: []string{"*"}}, http.Header{"Origin": {"https://evil.example"}}, ""},
		"any origin with cookie": {graphql.StreamOptions{Origins: []string{"*"}}, cookie, "403 Forbidden"},
		"not served":             {graphql.StreamOptions{Known: func(d, s string) bool { return d == "phone" }}, nil, "404 Not Found"},
		"served":                 {graphql.StreamOptions{Known: func(d, s string) bool { return d == "tv" && s == "v3" }}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, url := streams(t, serveWorld(films(t), nil), c.o)
			_, err := dial(t, url, "graphql-transport-ws", c.h)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSocketsAreCounted(t *testing.T) {
	s, url := streams(t, serveWorld(films(t), nil), graphql.StreamOptions{Limits: graphql.StreamLimits{Connections: 2}})
	a, b := open(t, url), open(t, url)
	if _, err := dial(t, url, "graphql-transport-ws", nil); err == nil || err.Error() != "503 Service Unavailable" {
		t.Errorf("the third: %v", err)
	}
	_ = a.ws.Close(websocket.StatusNormalClosure, "")
	wait(t, func() bool { return s.Open() == 1 })
	c := open(t, url)
	for _, l := range []*line{b, c} {
		l.say(filmTitle)
		l.hear(filmNext)
	}
}

func wait(t *testing.T, until func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !until(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}

func TestSocketEnds(t *testing.T) {
	closed := make(chan graphql.Closing, 1)
	tell := func(_ *http.Request, c graphql.Closing) { closed <- c }
	for name, c := range map[string]struct {
		limits   graphql.StreamLimits
		protocol string
		say      string
		want     string
	}{
		"another subprotocol":    {graphql.StreamLimits{}, "graphql-ws", "", "4406 Subprotocol not acceptable"},
		"no hello":               {graphql.StreamLimits{Init: time.Millisecond}, "", "", "4408 Connection initialisation timeout"},
		"a question before it":   {graphql.StreamLimits{}, "", filmTitle, "4401 Unauthorized"},
		"idle":                   {graphql.StreamLimits{Idle: time.Millisecond, Ping: 5 * time.Millisecond}, "", `{"type":"connection_init"}`, `{"type":"connection_ack"}`},
		"no answer to a ping":    {graphql.StreamLimits{Ping: 20 * time.Millisecond}, "", `{"type":"connection_init"}`, `{"type":"connection_ack"}`},
		"an answer to each ping": {graphql.StreamLimits{Ping: 100 * time.Millisecond}, "", `{"type":"connection_init"}`, `{"type":"connection_ack"}`},
	} {
		t.Run(name, func(t *testing.T) {
			_, url := streams(t, serveWorld(films(t), nil), graphql.StreamOptions{Limits: c.limits, Closed: tell})
			protocol := c.protocol
			if protocol == "" {
				protocol = "graphql-transport-ws"
			}
			l, err := dial(t, url, protocol, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.say != "" {
				l.say(c.say)
			}
			l.hear(c.want)
			switch name {
			case "idle":
				l.hear("1001 Idle")
			case "an answer to each ping":
				time.AfterFunc(350*time.Millisecond, func() { _ = l.ws.Write(t.Context(), websocket.MessageText, []byte(filmTitle)) })
				l.hear(filmNext)
				_ = l.ws.CloseNow()
			}
			got := <-closed
			if name == "no answer to a ping" && got.Code != 1006 {
				t.Errorf("it ended by %d", got.Code)
			}
			if got.Device != "tv" || got.Schema != "v3" || got.Code == 0 {
				t.Errorf("the end is told as %+v", got)
			}
		})
	}
}

// A held handler answers when it is let go, and counts.
type held struct {
	began, release chan struct{}
	mu             sync.Mutex
	headers        []http.Header
	bodies         []string
}

func hold() *held { return &held{began: make(chan struct{}, 100), release: make(chan struct{})} }

func (h *held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	h.headers = append(h.headers, r.Header)
	h.bodies = append(h.bodies, r.Method+" "+r.URL.String()+" "+string(body))
	h.mu.Unlock()
	h.began <- struct{}{}
	select {
	case <-h.release:
		_, _ = io.WriteString(w, `{"data":{}}`)
	case <-r.Context().Done():
		w.WriteHeader(499)
	}
}

const anything = `{"id":"a","type":"subscribe","payload":{"query":"{ a }"}}`

func TestOperationsOfASocket(t *testing.T) {
	h := hold()
	_, url := streams(t, h, graphql.StreamOptions{Limits: graphql.StreamLimits{Operations: 2}})
	l := open(t, url)
	l.say(anything)
	l.say(strings.Replace(anything, `"a"`, `"b"`, 1))
	<-h.began
	<-h.began
	l.say(strings.Replace(anything, `"a"`, `"c"`, 1))
	l.hear(`{"id":"c","type":"error","payload":[{"message":"a connection has at most 2 operations at once","extensions":{"code":"limit"}}]}`)
	l.say(`{"id":"b","type":"complete"}`) // its place is free when its handler has ended
	wait(t, func() bool {
		l.say(strings.Replace(anything, `"a"`, `"d"`, 1))
		l.say(`{"type":"ping"}`)
		if l.read() == `{"type":"pong"}` {
			return true
		}
		l.hear(`{"type":"pong"}`)
		return false
	})
	<-h.began
	l.say(anything)
	l.hear("4409 Subscriber for a already exists")
}

func TestHeadersOfOperations(t *testing.T) {
	for name, trust := range map[string]bool{"trusted": true, "not trusted": false} {
		t.Run(name, func(t *testing.T) {
			h := hold()
			close(h.release)
			_, url := streams(t, h, graphql.StreamOptions{TrustInit: trust})
			l, err := dial(t, url, "graphql-transport-ws", http.Header{"Facet-Viewer": {"ann"}, "Accept-Language": {"fi"}, "Idempotency-Key": {"k"}, "Cookie": {"a=b"}})
			if err != nil {
				t.Fatal(err)
			}
			l.say(`{"type":"connection_init","payload":{"headers":{"facet-viewer":"bob","Facet-Profile":"kids","X-Other":"x","Facet-Form":7}}}`)
			l.hear(`{"type":"connection_ack"}`)
			for _, id := range []string{"1", "0f9d2c1e-54b8-4c2a-9a55-3a1d2f4b6c7d"} {
				l.say(strings.Replace(anything, `"a"`, `"`+id+`"`, 1))
				l.hear(`{"id":"` + id + `","type":"next","payload":{"data":{}}}`)
				l.hear(`{"id":"` + id + `","type":"complete"}`)
			}
			l.say(`{"id":"2","type":"subscribe","payload":{"query":"{ a }","extensions":{"idempotencyKey":"mine"}}}`)
			l.hear(`{"id":"2","type":"next","payload":{"data":{}}}`)
			viewer, profile := "ann", ""
			if trust {
				viewer, profile = "bob", "kids"
			}
			for i, key := range []string{"", "0f9d2c1e-54b8-4c2a-9a55-3a1d2f4b6c7d", "mine"} {
				got := h.headers[i]
				for header, want := range map[string]string{"Facet-Viewer": viewer, "Facet-Profile": profile, "Accept-Language": "fi", "Idempotency-Key": key, "X-Other": "", "Facet-Form": "", "Cookie": "a=b",
					"Upgrade": "", "Connection": "", "Sec-Websocket-Key": "", "Content-Type": "application/json", "Accept": "application/graphql-response+json"} {
					if got.Get(header) != want {
						t.Errorf("operation %d: %s is %q, want %q", i, header, got.Get(header), want)
					}
				}
			}
			if h.bodies[0] != `POST /tv/v3/graphql {"query":"{ a }"}` {
				t.Errorf("got %s", h.bodies[0])
			}
		})
	}
}

// TestDrainNothing: a time that is over cuts nothing where nothing is open, so it is no error.
func TestDrainNothing(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		if err := graphql.NewStreams(http.NotFoundHandler(), graphql.StreamOptions{}).Drain(over); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDrain stops an instance with a connection that is idle, one with an operation under way and one that hangs.
func TestDrain(t *testing.T) {
	h := hold()
	s, url := streams(t, h, graphql.StreamOptions{Limits: graphql.StreamLimits{Spread: time.Millisecond}})
	idle, busy := open(t, url), open(t, url)
	busy.say(anything)
	<-h.began
	drained := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go func() { drained <- s.Drain(ctx) }()
	idle.hear("1012 Service restart")
	if _, err := dial(t, url, "graphql-transport-ws", nil); err == nil || err.Error() != "503 Service Unavailable" {
		t.Errorf("while draining: %v", err)
	}
	time.Sleep(50 * time.Millisecond)                       // past the spread
	busy.say(strings.Replace(anything, `"a"`, `"late"`, 1)) // left out: it is asked again elsewhere
	busy.say(`{"type":"ping"}`)
	busy.hear(`{"type":"pong"}`)
	close(h.release)
	busy.hear(`{"id":"a","type":"next","payload":{"data":{}}}`)
	busy.hear(`{"id":"a","type":"complete"}`)
	busy.hear("1012 Service restart")
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if len(h.bodies) != 1 {
		t.Errorf("asked %v", h.bodies)
	}

	h = hold()
	s, url = streams(t, h, graphql.StreamOptions{})
	stuck := open(t, url)
	stuck.say(anything)
	<-h.began
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
	if got := stuck.read(); strings.HasPrefix(got, "{") {
		t.Errorf("got %s after the cut", got)
	}
	wait(t, func() bool { return s.Open() == 0 })
	if err := s.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPanicCostsOneOperation(t *testing.T) {
	told := make(chan error, 1)
	_, url := streams(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "bad") {
			panic("secret")
		}
		_, _ = io.WriteString(w, `{"data":{}}`)
	}), graphql.StreamOptions{Panicked: func(_ *http.Request, err error) { told <- err }})
	l := open(t, url)
	l.say(strings.Replace(anything, "{ a }", "{ bad }", 1))
	l.hear(`{"id":"a","type":"error","payload":[{"message":"internal error","extensions":{"code":"internal"}}]}`)
	l.say(anything)
	l.hear(`{"id":"a","type":"next","payload":{"data":{}}}`)
	if err := <-told; !strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

func TestEvents(t *testing.T) {
	real := serveWorld(films(t), nil)
	says := func(status int, kind, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	const complete = "event: complete\ndata:\n\n"
	for name, c := range map[string]struct {
		next   http.Handler
		method string
		ask    string // the body, or the query of a GET
		status int
		want   string
	}{
		"a query":         {real, "POST", `{"query":"{ film(id: 1) { title } }"}`, 200, "event: next\ndata: {\"data\":{\"film\":{\"title\":\"Jaws\"}}}\n\n" + complete},
		"by GET":          {real, "GET", `?query={film(id:1){title}}`, 200, "event: next\ndata: {\"data\":{\"film\":{\"title\":\"Jaws\"}}}\n\n" + complete},
		"a mutation":      {real, "POST", `{"query":"mutation { setBookmark(title: 1, positionSeconds: 1) { title } }"}`, 200, "event: next\ndata: {\"data\":{\"setBookmark\":{\"title\":\"Jaws\"}}}\n\n" + complete},
		"one by GET":      {real, "GET", `?query=mutation{setBookmark(title:1,positionSeconds:1){title}}`, 200, "event: next\ndata: {\"errors\":[{\"message\":\"a GET runs queries only; POST a mutation\",\"extensions\":{\"code\":\"invalid\"}}]}\n\n" + complete},
		"not valid":       {real, "POST", `{"query":"{ nothing }"}`, 200, "event: next\ndata: {\"errors\":[{\"message\":\"Cannot query field \\\"nothing\\\" on type \\\"Query\\\".\",\"locations\":[{\"line\":1,\"column\":3}],\"extensions\":{\"code\":\"invalid\"}}]}\n\n" + complete},
		"no JSON":         {real, "POST", `hello`, 200, "event: next\ndata: {\"errors\":[{\"message\":\"the body is no JSON\",\"extensions\":{\"code\":\"invalid\"}}]}\n\n" + complete},
		"shed":            {says(503, "application/problem+json", `{"detail":"busy","code":"unavailable"}`), "POST", `{}`, 503, `{"detail":"busy","code":"unavailable"}`},
		"a problem":       {says(403, "application/problem+json", `{"detail":"not you","code":"forbidden"}`), "POST", `{}`, 200, "event: next\ndata: {\"errors\":[{\"message\":\"not you\",\"extensions\":{\"code\":\"forbidden\"}}]}\n\n" + complete},
		"lines in JSON":   {says(200, "application/json", "{\n\"data\":null}"), "POST", `{}`, 200, "event: next\ndata: {\ndata: \"data\":null}\n\n" + complete},
		"another request": {says(418, "text/plain", "tea"), "PUT", `{}`, 418, "tea"},
	} {
		t.Run(name, func(t *testing.T) {
			_, url := streams(t, c.next, graphql.StreamOptions{})
			url += "/tv/v3/graphql"
			var body io.Reader
			if c.method == "GET" {
				url += strings.ReplaceAll(c.ask, " ", "%20")
			} else {
				body = strings.NewReader(c.ask)
			}
			r, err := http.NewRequestWithContext(t.Context(), c.method, url, body)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept", "text/event-stream")
			r.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != c.status || string(got) != c.want {
				t.Errorf("%v, %d\ngot  %q\nwant %q", err, resp.StatusCode, got, c.want)
			}
			if kind := resp.Header.Get("Content-Type"); strings.HasPrefix(c.want, "event:") && kind != "text/event-stream; charset=utf-8" {
				t.Errorf("it is %s", kind)
			}
			if c.status == 503 && resp.Header.Get("Retry-After") != "2" {
				t.Error("it does not say when to ask again")
			}
		})
	}
}

// TestEventsWhileWaiting keeps a slow answer's connection alive by comments, and ends the operation with the client.
func TestEventsWhileWaiting(t *testing.T) {
	h := hold()
	_, url := streams(t, h, graphql.StreamOptions{Limits: graphql.StreamLimits{Ping: time.Millisecond}, Origins: []string{"https://app.example"}})
	ask := func(ctx context.Context) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, "POST", url+"/tv/v3/graphql", strings.NewReader(`{"query":"{ a }"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Origin", "https://app.example")
		return http.DefaultClient.Do(r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone, err := ask(ctx)
	if err != nil {
		t.Fatal(err)
	}
	<-h.began
	cancel()
	_ = gone.Body.Close()
	resp, err := ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	if first, err := lines.ReadString('\n'); err != nil || first != ":\n" {
		t.Fatalf("%v, %q", err, first)
	}
	if resp.Header.Get("Access-Control-Allow-Origin") != "https://app.example" {
		t.Error("the page may not read it")
	}
	close(h.release)
	rest, err := io.ReadAll(lines)
	if err != nil || !strings.HasSuffix(string(rest), "event: next\ndata: {\"data\":{}}\n\nevent: complete\ndata:\n\n") {
		t.Errorf("%v, %q", err, rest)
	}
}
