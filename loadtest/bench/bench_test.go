package bench_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"facet/loadtest/bench"
)

// Every row has a source and another name, and every source a row.
func TestTable(t *testing.T) {
	asked := map[string]bool{}
	o := bench.Options{Log: io.Discard, Run: func(_ context.Context, args []string, _ io.Writer) ([]byte, error) {
		if at := fmt.Sprint(args); asked[at] {
			t.Errorf("%s ran twice", at)
		} else {
			asked[at] = true
		}
		return nil, errors.New("not here")
	}}
	got, err := bench.Measure(t.Context(), bench.Rows(), bench.Sources(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(bench.Rows()) || len(asked) != len(bench.Sources()) || bench.Missed(got) != len(got) {
		t.Errorf("%d rows of %d, %d sources of %d, %d missed", len(got), len(bench.Rows()), len(asked), len(bench.Sources()), bench.Missed(got))
	}
	names := map[string]bool{}
	for _, g := range got {
		if names[g.Name] || g.Command == "" || strings.Contains(g.Command, "{") || g.Error != "not here" {
			t.Errorf("%+v", g)
		}
		names[g.Name] = true
	}
}

func TestReaders(t *testing.T) {
	const lines = `goos: linux
BenchmarkPage-2   	     100	    700 ns/op	      1.5 cpu-ns/op	  12 B/op	 83 allocs/op
BenchmarkPage-2   	     100	    900 ns/op	      2.5 cpu-ns/op	  12 B/op	 85 allocs/op
BenchmarkPage-2   	     100	    800 ns/op	      9.5 cpu-ns/op	  12 B/op	 84 allocs/op
BenchmarkPage/film-16 	     100	    5 ns/op
    x_test.go:1: 1,204 allocations a page
`
	const doc = `{"page": [{"ratio": 1}, {"ratio": 0.25}], "name": "x"}`
	for _, tt := range []struct {
		read bench.Reader
		in   string
		want string
	}{
		{bench.Benchmark("BenchmarkPage", "cpu-ns/op"), lines, "2.5"},
		{bench.Benchmark("BenchmarkPage", "allocs/op"), lines, "84"},
		{bench.Benchmark("BenchmarkPage/film", "ns/op"), lines, "5"},
		{bench.Benchmark("BenchmarkPage/film", "allocs/op"), lines, "it printed no allocs/op of BenchmarkPage/film"},
		{bench.Line(`([\d,]+) allocations`), lines, "1204"},
		{bench.Line(`(\d+) apples`), lines, `it printed nothing like (\d+) apples`},
		{bench.JSON("page.1.ratio"), doc, "0.25"},
		{bench.Minus(bench.JSON("page.0.ratio"), bench.JSON("page.1.ratio")), doc, "0.75"},
		{bench.Over(bench.JSON("page.0.ratio"), bench.JSON("page.1.ratio")), doc, "4"},
		{bench.JSON("page.2.ratio"), doc, `its document has no "2" of page.2.ratio`},
		{bench.JSON("name"), doc, "its document has no number at name"},
		{bench.JSON("name.x"), doc, "its document has no name.x"},
		{bench.JSON("name"), "bang", "it printed no JSON document: invalid character 'b' looking for beginning of value"},
	} {
		v, err := tt.read([]byte(tt.in))
		got := fmt.Sprint(v)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestPrint(t *testing.T) {
	rows := []bench.Row{
		{Name: "a ratio", Bar: 0.3, From: "s", Read: bench.JSON("a")},
		{Name: "a count", Bar: 5, Exact: true, From: "s", Read: bench.JSON("b"), Long: "at length"},
		{Name: "a time", Bar: 10, Unit: "us", Scaled: 1e-3, From: "s", Read: bench.JSON("c")},
		{Name: "a share", Bar: 0.9, Least: true, From: "s", Read: bench.JSON("a")},
		{Name: "nothing", Bar: 1, From: "s", Read: bench.JSON("d")},
	}
	o := bench.Options{Log: io.Discard, Only: regexp.MustCompile("^a |nothing"), Run: func(context.Context, []string, io.Writer) ([]byte, error) {
		return []byte(`{"a": 0.311, "b": 5, "c": 12345}`), errors.New("a bar was missed")
	}}
	got, err := bench.Measure(t.Context(), rows, []bench.Source{{Name: "s", Args: []string{"{edge}", "a b"}}}, o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := bench.Print(&b, got); err != nil {
		t.Fatal(err)
	}
	const want = `figure        bar   measured             command of the long form
a ratio    <= 0.3      0.311  missed     bin/edge 'a b'
a count       = 5          5  ok         at length
a time   <= 10 us  12.345 us  missed     bin/edge 'a b'
a share    >= 0.9      0.311  missed     bin/edge 'a b'
nothing      <= 1          -  no figure  bin/edge 'a b'

nothing: a bar was missed
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", &b, want)
	}
}
