package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/rs/zerolog"
)

// longItem asks for an answer that is worth compressing.
func longItem(n int) string {
	var q strings.Builder
	for i := range n {
		fmt.Fprintf(&q, `a%d: item(id: "ordinary-product-%d") { id key name } `, i, i)
	}
	return "/tv/v1/graphql?" + url.Values{"query": {"{" + q.String() + "}"}}.Encode()
}

// TestCompression: answers of the whole edge, as clients ask for them; what is counted is what is sent.
func TestCompression(t *testing.T) {
	w := watchEdge(t, func(f *front) { f.compression = defaultCompression() })
	w.log.lines(t)
	plain := w.do("GET", longItem(40), "")
	if plain.Code != 200 || plain.Header().Get("Content-Encoding") != "" || !strings.Contains(strings.Join(plain.Header().Values("Vary"), ", "), "Accept-Encoding") {
		t.Fatalf("%d %v", plain.Code, plain.Header())
	}
	small := w.do("GET", "/tv/v1/item?id=one", "", "Accept-Encoding", "gzip")
	if small.Code != 200 || small.Header().Get("Content-Encoding") != "" {
		t.Errorf("a small answer: %d %v", small.Code, small.Header())
	}
	w.log.lines(t)
	zipped := w.do("GET", longItem(40), "", "Accept-Encoding", "gzip")
	length := zipped.Body.Len()
	if z, err := gzip.NewReader(zipped.Body); err != nil {
		t.Errorf("%v: %v", zipped.Header(), err)
	} else if text, err := io.ReadAll(z); err != nil || !bytes.Equal(text, plain.Body.Bytes()) {
		t.Errorf("another answer: %v", err)
	}
	if lines := w.log.lines(t); len(lines) != 1 || lines[0]["bytes"] != float64(length) {
		t.Errorf("%d bytes were sent; logged: %v", length, lines)
	}
	explained := w.do("GET", longItem(40)+"&explain=1", "", "Accept-Encoding", "gzip")
	if explained.Code != http.StatusForbidden {
		t.Errorf("explained: %d", explained.Code)
	}
}

// TestNeverCompressed: a view, a schema and a device that are switched off, in each protocol.
func TestNeverCompressed(t *testing.T) {
	for never, want := range map[string]string{"": "gzip", "tv": "", "tv/v1": "", "tv/v1/item": "", "tv/v1/cart": "gzip", "tv/v2": "gzip", "phone": "gzip"} {
		w := watchEdge(t, func(f *front) {
			f.compression = defaultCompression()
			f.compression.Min = 50
			if never != "" {
				f.compression.Never = []string{never}
			}
		})
		for _, target := range []string{longItem(40), "/tv/v1/item?id=one-and-only-product-of-this-shop", `/tv/v1/model.json?method=get&paths=[["item","one-and-only-product","name"]]`} {
			if got := w.do("GET", target, "", "Accept-Encoding", "gzip"); got.Code != 200 || got.Header().Get("Content-Encoding") != want {
				t.Errorf("never %q, %.40s: %d %q, want %q", never, target, got.Code, got.Header().Get("Content-Encoding"), want)
			}
		}
		srv := httptest.NewServer(w.front.devices())
		r, err := http.NewRequest(http.MethodGet, srv.URL+longItem(40), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Accept-Encoding", "gzip")
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if never == "tv/v1/cart" {
			want = "" // of a stream it is not known which views it will answer
		}
		if got := res.Header.Get("Content-Encoding"); got != want || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
			t.Errorf("never %q, a stream: %q, want %q", never, got, want)
		}
		_ = res.Body.Close()
		srv.Close()
	}
}

// TestDocuments: a folder of trusted documents, and devices that are answered nothing else.
func TestDocuments(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sum := func(text string) string { s := sha256.Sum256([]byte(text)); return hex.EncodeToString(s[:]) }
	first, second, third := `{ item(id: "1") { name } }`, `query Two { item(id: "2") { name } }`, `{ item(id: "3") { name } }`
	put("tv/v1/First.graphql", first)
	put("tv/v1/flat.json", `{"two": "query Two { item(id: \"2\") { name } }"}`)
	put("tv/v1/wrong.json", `{"`+sum("another text")+`": "{ __typename }"}`)
	put("tv/v1/broken.json", `[`)
	log := &lockedBuffer{}
	docs := newDocuments(documentsConfig{Dir: dir, Only: []string{"tv"}}, zerolog.New(log))
	now := time.Now()
	docs.now = func() time.Time { return now }
	if text := log.text(); !strings.Contains(text, "wrong.json") || !strings.Contains(text, "is not the SHA-256") || !strings.Contains(text, "broken.json") {
		t.Errorf("logged: %s", text)
	}
	w := watchEdge(t, func(f *front) { f.documents = docs })
	ask := func(params ...string) (int, string) {
		q := url.Values{}
		for i := 0; i < len(params); i += 2 {
			q.Set(params[i], params[i+1])
		}
		r := w.do("GET", "/tv/v1/graphql?"+q.Encode(), "")
		return r.Code, r.Body.String()
	}
	hashed := func(text string) string {
		return `{"persistedQuery":{"version":1,"sha256Hash":"` + sum(text) + `"}}`
	}
	for range 2 { // unknown to the engine, then known
		for _, c := range []struct {
			params []string
			want   int
			text   string
		}{
			{[]string{"documentId", sum(first)}, 200, "Name of 1"},
			{[]string{"documentId", "two"}, 200, "Name of 2"},
			{[]string{"documentId", sum(second)}, 200, "Name of 2"},
			{[]string{"extensions", hashed(first)}, 200, "Name of 1"},
			{[]string{"query", first}, 200, "Name of 1"},
			{[]string{"query", first, "extensions", hashed(first)}, 200, "Name of 1"},
			{[]string{"query", `{ item(id: "9") { name } }`}, 403, "only trusted documents"},
			{[]string{"query", third, "extensions", hashed(third)}, 403, "only trusted documents"},
			{[]string{"extensions", hashed(third)}, 403, "only trusted documents"},
			{[]string{"documentId", sum(third)}, 404, "there is no document"},
			{[]string{"documentId", sum("another text")}, 404, "there is no document"},
		} {
			if code, body := ask(c.params...); code != c.want || !strings.Contains(body, c.text) {
				t.Errorf("%v: %d %s, want %d %s", c.params, code, body, c.want, c.text)
			}
		}
	}
	put("tv/v1/Third.graphql", third)
	if code, _ := ask("documentId", sum(third)); code != 404 {
		t.Errorf("a new document is there at once: %d", code) // the folder is not read for each request
	}
	now = now.Add(time.Minute)
	if code, body := ask("documentId", sum(third)); code != 200 || !strings.Contains(body, "Name of 3") {
		t.Errorf("a new document: %d %s", code, body)
	}
}
