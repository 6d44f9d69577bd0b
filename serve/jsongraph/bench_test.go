package jsongraph_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"facet/serve/jsongraph"
)

// The typical screen of the falcor-router measurement: 4 rows of 4 items with two fields each.
const screen = `[["home","rows",{"from":0,"to":3},"name"],["home","rows",{"from":0,"to":3},"items",{"from":0,"to":3},["title","key"]]]`

type sink struct{ h http.Header }

func (s sink) Header() http.Header         { return s.h }
func (s sink) Write(b []byte) (int, error) { return io.Discard.Write(b) }
func (s sink) WriteHeader(int)             {}

// BenchmarkScreen is the protocol with the composer over tiers in memory.
func BenchmarkScreen(b *testing.B) { bench(b, newLive(b).handler, screen) }

// BenchmarkGarbage is what requests cost that are refused or know nothing.
func BenchmarkGarbage(b *testing.B) {
	h := handler(newWorld(b), jsongraph.Options{})
	for name, paths := range map[string]string{
		"unknown names":   `[["nope",{"to":8999},"a"]]`,
		"unknown fields":  `[["home",[` + strings.TrimSuffix(strings.Repeat(`"x1","x2","x3",`, 2000), ",") + `]]]`,
		"long paths":      `[["nope",{"to":44}` + strings.Repeat(`,"a"`, 198) + `]]`,
		"many keys":       `[["home",[` + strings.Repeat("1,", 80_000) + `1]]]`,
		"many sets":       `[` + strings.Repeat(`["a"],`, 10_000) + `["a"]]`,
		"brackets":        strings.Repeat("[", 80_000),
		"a long string":   `[["` + strings.Repeat("x", 80_000) + `"]]`,
		"ranges":          `[["home",[` + strings.Repeat(`{"to":1},`, 10_000) + `1]]]`,
		"empty ranges":    `[["home",[` + strings.Repeat(`{"to":-1},`, 10_000) + `{"to":-1}]]]`,
		"beyond counting": `[["a",{"to":9007199254740991},{"to":9007199254740991},{"to":9007199254740991}]]`,
	} {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) { bench(b, h, paths) })
	}
}

func bench(b *testing.B, h http.Handler, paths string) {
	body := url.Values{"method": {"get"}, "paths": {paths}}.Encode()
	r := httptest.NewRequest("POST", "/tv/v3/model.json", nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	r.SetPathValue("device", "tv")
	r.SetPathValue("schema", "v3")
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(body))
		h.ServeHTTP(sink{http.Header{}}, r)
	}
}
