package edgetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/composer"
	"facet/tiers"
	tierhttp "facet/tiers/http"
)

var wirePairs = flag.Int("wire.pairs", 0, "how many pairs of rounds TestLargeAnswers and TestSmallAnswers measure; 0: what proves the harness")

// A wireStore is a tier over HTTP with one film by any id, and two large answers.
type wireStore struct {
	url       string
	all, dump []byte
}

func newWireStore(t testing.TB, large int) *wireStore {
	s := &wireStore{}
	var rows bytes.Buffer
	rows.WriteString(`{"rows":[`)
	for i := 0; rows.Len() < large-250; i++ {
		if i > 0 {
			rows.WriteByte(',')
		}
		fmt.Fprintf(&rows, `{"id":"row-%d","name":"The row of number %d","text":"%s","number":%d,"flag":%v}`, i, i, strings.Repeat("Some words of a synopsis. ", 5), i*7, i%2 == 0)
	}
	rows.WriteString(`]}`)
	s.all = rows.Bytes()
	s.dump = slices.Concat([]byte(`{"raw":`), s.all, []byte(`}`))
	reply := func(w http.ResponseWriter, body []byte) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /all", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.all) })
	mux.HandleFunc("GET /dump", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.dump) })
	mux.HandleFunc("POST /films", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		reply(w, []byte(`{"films":[{"id":"jaws-1975","title":"Jaws","year":1975,"runtimeMinutes":124,"rating":"PG","synopsis":"A police chief, a scientist and a fisherman hunt a shark that hunts the guests of a summer resort."}]}`))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// open is an edge over the store, at a port of its own.
func (s *wireStore) open(t testing.TB) (*Edge, string) {
	dir := filepath.Join("testdata", "wire")
	g := Parse(t, dir)
	tier, err := tierhttp.New(g.Sources[0], g.Operations, tierhttp.Settings{MaxBody: 32 << 20, Env: func(string) (string, bool) { return s.url, true }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tier.Close)
	e := Open(t, World{Graph: g, Builds: Build(t, dir, g, "wire"), Tiers: map[string]tiers.Tier{g.Sources[0].Name: tier}, Asker: Demo(), Limits: composer.Limits{Time: time.Minute, CPU: time.Minute}})
	return e, e.Serve(t)
}

// A fetcher asks one address again and again.
type fetcher struct {
	t      testing.TB
	client *http.Client
}

func newFetcher(t testing.TB) fetcher {
	tr := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}
	t.Cleanup(tr.CloseIdleConnections)
	return fetcher{t, &http.Client{Transport: tr}}
}

// get reads an answer and says how many bytes it has.
func (f fetcher) get(at string) int64 {
	r, err := f.client.Get(at)
	if err != nil {
		f.t.Fatal(err)
	}
	defer r.Body.Close()
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		f.t.Fatalf("%s: %d, %v", at, r.StatusCode, err)
	}
	return n
}

// A timing is what two things took that were measured by turns: the medians and the least of both, and the median of what the first took of
// the second. The least tells most where other programs want the processors too.
type timing struct {
	ratio          float64
	a, b           time.Duration
	leastA, leastB time.Duration
}

// ratios measures two things by turns.
func ratios(pairs int, first, second func() time.Duration) timing {
	all := make([]float64, pairs)
	as, bs := make([]time.Duration, pairs), make([]time.Duration, pairs)
	for i := range pairs {
		if i%2 == 0 {
			as[i], bs[i] = first(), second()
		} else {
			bs[i], as[i] = second(), first()
		}
		all[i] = float64(as[i]) / float64(bs[i])
	}
	slices.Sort(all)
	slices.Sort(as)
	slices.Sort(bs)
	return timing{all[pairs/2], as[pairs/2], bs[pairs/2], as[0], bs[0]}
}

// TestLargeAnswers: an answer of 8 MiB beside a Go proxy that copies the same bytes, in time from the request to the last byte: one whose
// every value is read and written, and one whose values are a JSON scalar that nobody reads.
func TestLargeAnswers(t *testing.T) {
	pairs, size := *wirePairs, 8<<20
	if pairs == 0 {
		pairs, size = 3, 1<<20
	}
	store := newWireStore(t, size)
	_, edge := store.open(t)
	to, err := url.Parse(store.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }})
	t.Cleanup(proxy.Close)
	f := newFetcher(t)
	for _, c := range []struct {
		name, path, from string
		bar              float64
	}{
		{"every value", "/wire/v1/all?fields=rows(id,name,text,number,flag)", "/all", 2.2},
		{"a JSON scalar", "/wire/v1/dump", "/dump", 1.3},
	} {
		t.Run(c.name, func(t *testing.T) {
			const warm = 3
			var has, want int64
			for range warm {
				has, want = f.get(edge+c.path), f.get(proxy.URL+c.from)
			}
			if has < want || has > want+100 {
				t.Errorf("%d bytes of the tier's %d", has, want)
			}
			timed := func(at string) func() time.Duration {
				return func() time.Duration {
					began := time.Now()
					f.get(at)
					return time.Since(began)
				}
			}
			m := ratios(pairs, timed(edge+c.path), timed(proxy.URL+c.from))
			t.Logf("%d bytes: %v, a proxy %v; median of %d ratios %.2f; at best %v, a proxy %v: %.2f",
				has, m.a, m.b, pairs, m.ratio, m.leastA, m.leastB, float64(m.leastA)/float64(m.leastB))
			if *wirePairs > 0 && m.ratio > c.bar {
				t.Errorf("takes %.2f of the proxy's time, want at most %.1f", m.ratio, c.bar)
			}
		})
	}
}

// handmade answers the film as one would write it by hand with encoding/json.
func (s *wireStore) handmade(t testing.TB) http.Handler {
	tr := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}
	t.Cleanup(tr.CloseIdleConnections)
	client := &http.Client{Transport: tr}
	type film struct {
		ID             string `json:"id"`
		Title          string `json:"title"`
		Year           *int   `json:"year"`
		RuntimeMinutes *int   `json:"runtimeMinutes"`
		Rating         string `json:"rating"`
		Synopsis       string `json:"synopsis"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ask, err := json.Marshal(map[string]any{"ids": []string{r.URL.Query().Get("id")}})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		q, err := http.NewRequestWithContext(r.Context(), http.MethodPost, s.url+"/films", bytes.NewReader(ask))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		q.Header.Set("Content-Type", "application/json")
		res, err := client.Do(q)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		var in struct {
			Films []film `json:"films"`
		}
		if err := json.NewDecoder(res.Body).Decode(&in); err != nil || len(in.Films) == 0 {
			http.Error(w, "no film", http.StatusBadGateway)
			return
		}
		var out struct {
			Data struct {
				Film film `json:"film"`
			} `json:"data"`
		}
		out.Data.Film = in.Films[0]
		body, err := json.Marshal(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
	})
}

// hexSum is the sha256 of a text in hex.
func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

const wireFilm = `query Film($id: ID!) { film(id: $id) { id title year runtimeMinutes rating synopsis } }`

// smallRequests ask for one film, in each way that a device may.
var smallRequests = []struct {
	name, target, body string
}{
	{"graphql POST", "/wire/v1/graphql", `{"operationName":"Film","query":"` + wireFilm + `","variables":{"id":"jaws-1975"}}`},
	{"graphql APQ", "/wire/v1/graphql?" + url.Values{"operationName": {"Film"}, "variables": {`{"id":"jaws-1975"}`},
		"extensions": {`{"persistedQuery":{"version":1,"sha256Hash":"` + hexSum(wireFilm) + `"}}`}}.Encode(), ""},
	{"rest", "/wire/v1/film?id=jaws-1975&fields=id,title,year,runtimeMinutes,rating,synopsis", ""},
	{"jsongraph", "/wire/v1/model.json?" + url.Values{"method": {"get"},
		"paths": {`[["Card","jaws-1975",["id","title","year","runtimeMinutes","rating","synopsis"]]]`}}.Encode(), ""},
}

// newRequest is a request as a server has read it.
func newRequest(target, body string) *http.Request {
	if body == "" {
		return httptest.NewRequest(http.MethodGet, target, nil)
	}
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// TestSmallAnswers: what one film costs in processor time, in each protocol, beside the same by hand with encoding/json: both as handlers
// over one HTTP tier in this process, whose part is in both.
func TestSmallAnswers(t *testing.T) {
	pairs, requests := *wirePairs, 400
	if pairs == 0 {
		pairs, requests = 1, 5
	}
	store := newWireStore(t, 1<<10)
	e, _ := store.open(t)
	hand := store.handmade(t)
	register := httptest.NewRequest(http.MethodGet, "/wire/v1/graphql?"+url.Values{"query": {wireFilm}, "variables": {`{"id":"jaws-1975"}`},
		"extensions": {`{"persistedQuery":{"version":1,"sha256Hash":"` + hexSum(wireFilm) + `"}}`}}.Encode(), nil)
	e.ServeHTTP(httptest.NewRecorder(), register)
	round := func(h http.Handler, target, body string) func() time.Duration {
		return func() time.Duration {
			before := processCPU(t)
			for range requests {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, newRequest(target, body))
				if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"Jaws"`) || strings.Contains(w.Body.String(), "error") {
					t.Fatalf("%d: %.300s", w.Code, w.Body)
				}
			}
			return processCPU(t) - before
		}
	}
	byHand := round(hand, "/film?id=jaws-1975", "")
	for _, c := range smallRequests {
		ours := round(e, c.target, c.body)
		ours()
		byHand()
		m := ratios(pairs, ours, byHand)
		t.Logf("%s: %v of CPU each, by hand %v; median of %d ratios %.2f", c.name, m.a/time.Duration(requests), m.b/time.Duration(requests), pairs, m.ratio)
		if *wirePairs > 0 && m.ratio > 1.3 {
			t.Errorf("%s takes %.2f of the CPU by hand, want at most 1.3", c.name, m.ratio)
		}
	}
}

// BenchmarkSmall is one film in each protocol, and by hand.
func BenchmarkSmall(b *testing.B) {
	store := newWireStore(b, 1<<10)
	e, _ := store.open(b)
	run := func(name string, h http.Handler, target, body string) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, newRequest(target, body))
				if w.Code != http.StatusOK {
					b.Fatalf("%d: %s", w.Code, w.Body)
				}
			}
		})
	}
	register := "/wire/v1/graphql?" + url.Values{"query": {wireFilm}, "variables": {`{"id":"jaws-1975"}`},
		"extensions": {`{"persistedQuery":{"version":1,"sha256Hash":"` + hexSum(wireFilm) + `"}}`}}.Encode()
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, register, nil))
	for _, c := range smallRequests {
		run(c.name, e, c.target, c.body)
	}
	run("by hand", store.handmade(b), "/film?id=jaws-1975", "")
}
