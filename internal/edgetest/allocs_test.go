package edgetest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"testing"

	"facet/asker"
	"facet/internal/edgetest"
	"facet/loadtest/contest"
	"facet/tiers"
	"facet/tiers/fake"
)

// The contest page's query, and the operations that it calls with their tiers.
const contestQuery = `{home{name recent rows{name items{id title year runtimeMinutes rating synopsis art at}}}}`

var contestCalls = map[string]struct{ env, method, path string }{
	"profiles.Profile":         {"PROFILES_URL", "GET", "/profiles/p1"},
	"rows.Profile.rows":        {"ROWS_URL", "GET", "/profiles/p1/rows"},
	"catalog.Title":            {"CATALOG_URL", "POST", "/titles:batchGet"},
	"artwork.Title.artwork":    {"ARTWORK_URL", "POST", "/artwork:batchGet"},
	"bookmarks.Title.bookmark": {"BOOKMARKS_URL", "POST", "/bookmarks:batchGet"},
}

// contestAnswers are what the tiers answer for the page, by operation.
func contestAnswers(t testing.TB) map[string][]byte {
	handlers := map[string]http.Handler{}
	for _, tier := range contest.Tiers(0) {
		handlers[tier.Env] = tier.Handler
	}
	answers := map[string][]byte{}
	ask := func(op string, body []byte) []byte {
		c := contestCalls[op]
		w := httptest.NewRecorder()
		handlers[c.env].ServeHTTP(w, httptest.NewRequest(c.method, c.path, bytes.NewReader(body)))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", op, w.Code, w.Body)
		}
		answers[op] = w.Body.Bytes()
		return answers[op]
	}
	ask("profiles.Profile", nil)
	var shelf struct {
		Rows []struct{ Items []struct{ ID string } }
	}
	if err := json.Unmarshal(ask("rows.Profile.rows", nil), &shelf); err != nil {
		t.Fatal(err)
	}
	var ids []string
	seen := map[string]bool{}
	for _, r := range shelf.Rows {
		for _, it := range r.Items[:contest.PerRow] {
			if !seen[it.ID] {
				seen[it.ID] = true
				ids = append(ids, it.ID)
			}
		}
	}
	batch, err := json.Marshal(map[string]any{"ids": ids})
	if err != nil {
		t.Fatal(err)
	}
	ask("catalog.Title", batch)
	ask("artwork.Title.artwork", batch)
	ask("bookmarks.Title.bookmark", batch)
	return answers
}

func contestWorld(t testing.TB, dial func(w *edgetest.World)) *edgetest.Edge {
	dir := filepath.Join(edgetest.Root(), "loadtest", "contest")
	g := edgetest.Parse(t, dir)
	w := edgetest.World{Graph: g, Builds: edgetest.Build(t, dir, g, "contest-home"),
		Asker: asker.Settings{TrustHeaders: true, Default: asker.Viewer{ID: "p1", Profile: "p1", Profiles: []string{"p1"}, SignedIn: true}}}
	dial(&w)
	return edgetest.Open(t, w)
}

// TestContestAllocations holds what one page of the contest may allocate: in the composer over tiers/fake, and in the whole path - server,
// protocol, composer, guards, client - over HTTP. The tiers and the client of the test allocate nothing.
func TestContestAllocations(t *testing.T) {
	answers := contestAnswers(t)
	t.Run("fake", func(t *testing.T) {
		e := contestWorld(t, func(w *edgetest.World) {
			f := fake.New()
			for op, body := range answers {
				f.Static(op, string(body))
			}
			w.Tiers = f.For(w.Graph)
		})
		body, err := json.Marshal(map[string]string{"query": contestQuery})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		n := testing.AllocsPerRun(50, func() {
			r := httptest.NewRequest("POST", "/tv/v1/graphql", bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := &counting{h: http.Header{}}
			e.ServeHTTP(w, r)
			if want == 0 {
				want = w.n
			}
			if w.status != http.StatusOK || w.n != want || w.n < 80_000 {
				t.Fatalf("status %d, %d bytes", w.status, w.n)
			}
		})
		t.Logf("%.0f allocations a page over tiers/fake", n)
		if n > 400 {
			t.Errorf("%.0f allocations a page over tiers/fake, want 400 at most", n)
		}
	})
	t.Run("http", func(t *testing.T) {
		e := contestWorld(t, func(w *edgetest.World) {
			env := map[string]string{}
			for op, c := range contestCalls {
				env[c.env] = "http://" + silent(t, answers[op])
			}
			w.Tiers = edgetest.Dial(t, w.Graph, env)
		})
		address := e.Serve(t)[len("http://"):]
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		body, err := json.Marshal(map[string]string{"query": contestQuery})
		if err != nil {
			t.Fatal(err)
		}
		request := []byte("POST /tv/v1/graphql HTTP/1.1\r\nHost: edge\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + string(body))
		in := bufio.NewReaderSize(c, 64<<10)
		buf := make([]byte, 64<<10)
		n := testing.AllocsPerRun(50, func() {
			if _, err := c.Write(request); err != nil {
				t.Fatal(err)
			}
			if length := passHead(t, in, "HTTP/1.1 200 OK\r\n"); length < 80_000 {
				t.Fatalf("%d bytes", length)
			} else {
				for length > 0 {
					k, err := in.Read(buf[:min(length, len(buf))])
					if err != nil {
						t.Fatal(err)
					}
					length -= k
				}
			}
		})
		t.Logf("%.0f allocations a page over HTTP", n)
		if n > 1200 {
			t.Errorf("%.0f allocations a page over HTTP, want 1,200 at most", n)
		}
	})
}

// A counting writer keeps nothing but how much was written.
type counting struct {
	h         http.Header
	status, n int
}

func (c *counting) Header() http.Header    { return c.h }
func (c *counting) WriteHeader(status int) { c.status = status }
func (c *counting) Write(b []byte) (int, error) {
	c.n += len(b)
	return len(b), nil
}

// passHead reads a header whose first line begins as said, and gives its Content-Length. It allocates nothing.
func passHead(t testing.TB, in *bufio.Reader, first string) (length int) {
	for i := 0; ; i++ {
		line, err := in.ReadSlice('\n')
		switch {
		case err != nil:
			t.Fatal(err)
		case i == 0 && !bytes.HasPrefix(line, []byte(first)):
			t.Fatalf("%s", line)
		case len(line) <= 2:
			return length
		}
		if name := []byte("Content-Length: "); bytes.HasPrefix(line, name) {
			length = 0
			for _, d := range bytes.TrimSpace(line[len(name):]) {
				length = 10*length + int(d-'0')
			}
		}
	}
}

// silent is the address of a tier that answers each request with the same bytes, and allocates nothing for it.
func silent(t testing.TB, body []byte) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	answer := append([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"), body...)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for {
					length := 0
					for {
						line, err := in.ReadSlice('\n')
						if err != nil {
							return
						}
						if len(line) <= 2 {
							break
						}
						if name := []byte("Content-Length: "); bytes.HasPrefix(line, name) {
							for _, d := range bytes.TrimSpace(line[len(name):]) {
								length = 10*length + int(d-'0')
							}
						}
					}
					for length > 0 {
						n, err := in.Discard(min(length, in.Size()))
						if err != nil {
							return
						}
						length -= n
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// A canned tier answers each operation with the same bytes.
type canned map[string][]byte

func (c canned) Call(_ context.Context, k *tiers.Call) (*tiers.Answer, error) {
	return &tiers.Answer{Body: c[k.Operation.ID]}, nil
}

// BenchmarkContest is the page, and one film, from the protocol to canned tiers: without HTTP and guards.
func BenchmarkContest(b *testing.B) {
	page := contestAnswers(b)
	for _, c := range []struct {
		name    string
		answers canned
		body    any
		least   int
	}{
		{"page", page, map[string]any{"query": contestQuery}, 80_000},
		{"film", canned{"catalog.Title": []byte(`{"titles":[{"id":"title-0007","title":"The Long Way Home, Part 7","year":1957,"runtimeMinutes":87,"rating":"R","synopsis":"In film 7 an old friend returns."}]}`)},
			map[string]any{"query": `query($id: ID!){film(id: $id){id title year runtimeMinutes rating synopsis}}`, "variables": map[string]any{"id": "title-0007"}}, 100},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := contestWorld(b, func(w *edgetest.World) {
				w.Tiers = map[string]tiers.Tier{}
				for _, s := range w.Graph.Sources {
					w.Tiers[s.Name] = c.answers
				}
			})
			body, err := json.Marshal(c.body)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", "/tv/v1/graphql", bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				w := &counting{h: http.Header{}}
				e.ServeHTTP(w, r)
				if w.status != http.StatusOK || w.n < c.least {
					b.Fatal(w.status, w.n)
				}
			}
		})
	}
}
