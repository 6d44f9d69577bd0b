package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"facet/loadtest/load"
	"facet/loadtest/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// line makes a line of 1,000 times around a mean, in microseconds.
func line(t *testing.T, device, row, status string, mean int64) load.Line {
	t.Helper()
	h := hdrhistogram.New(1, 600_000_000, 3)
	for i := range int64(1000) {
		if err := h.RecordValue(mean/2 + mean*i/1000 + max(0, i-989)*mean); err != nil {
			t.Fatal(err)
		}
	}
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	l, err := load.Merge(load.Line{Key: device + "/" + row, Device: device, Row: row, View: "home", Status: status, Count: 1000, Bytes: 94_000_000, Histogram: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// whole is a report with something of everything, in which names need escaping.
func whole(t *testing.T) *load.Report {
	t.Helper()
	r := synthetic(1, 1, 0.01)
	r.Scenario = "films & <b>friends</b>"
	home, film, late := line(t, "tv", "home", "200", 8000), line(t, "phone", "film <i>", "200", 4000), line(t, "phone", "film <i>", "504", 900_000)
	late.Failed, film.Partial, film.Dropped = 1000, 12, 3
	r.Lines = []load.Line{film, late, home}
	all, err := load.Merge(r.Lines...)
	if err != nil {
		t.Fatal(err)
	}
	r.Total, r.Dropped, r.Planned, r.Arrived = all, 3, 24_000, 24_003
	r.Errors = map[string]int64{"phone/film <i>: status 504": 1000, "phone/film <i>: an answer with errors: timeout": 12}
	r.Sessions = []load.Session{{Row: "evening", Device: "tv", Begun: 40, Finished: 36, Failed: 1, Cut: 3, Whole: home}}
	r.Faults = []load.Happened{{Note: "catalog is <slow>", At: 10, Until: 20, Status: 200}, {Note: "rows is gone", At: 40, Until: 45, Error: "it was not undone"}}
	r.Late = load.Late{P50: 0.05, P99: 0.4, Max: 2}
	r.Generator = load.Generator{CPU: 12, Cores: 2, Version: "go1.26.0", OS: "linux/amd64"}
	r.Instances = append(r.Instances, load.Instance{Name: "two", URL: "http://two/metrics", Trouble: "http://two/metrics answers 404 Not Found"})
	return r
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	at := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(at, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("want -, got + (-update rewrites it)\n%s", d)
	}
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	if err := report.Text(&b, whole(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.txt", b.Bytes())
}

func TestCompareText(t *testing.T) {
	c, err := report.Compare([]*load.Report{synthetic(1, 1, 0)}, []*load.Report{synthetic(2, 1.1, 0)}, report.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.txt", b.Bytes())
}

// TestPage: well formed, with all that the report has, and nothing that is fetched or runs.
func TestPage(t *testing.T) {
	var b bytes.Buffer
	if err := report.HTML(&b, whole(t), "dark"); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{"films &amp; &lt;b&gt;friends", "film &lt;i&gt;", `data-theme="dark"`, "1: catalog is &lt;slow&gt;", "rows is gone", "evening", "status 504", "it was not undone",
		"Latency by percentile", "Latency over time", "Requests a second", "Processor of the server", "Resident memory", "By status", "504", "CPU for 1,000 requests"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, never := range []string{"<script", "src=", "href=", "@import", "url(", "<b>friends", "NaN", "Inf"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %q", never)
		}
	}
	if n := strings.Count(page, "<svg"); n != 6 {
		t.Errorf("%d plots, want 6", n)
	}
	balanced(t, page)
}

// balanced checks that what is opened is closed, in order.
func balanced(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEmpty: a run without an answer has a page too.
func TestEmpty(t *testing.T) {
	r := &load.Report{Schema: load.Schema, Began: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Seconds: 0}
	var b bytes.Buffer
	if err := errors.Join(report.HTML(&b, r, ""), report.Text(&b, r)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "NaN") {
		t.Error("NaN")
	}
}

func TestFiles(t *testing.T) {
	at := filepath.Join(t.TempDir(), "run.json")
	r := whole(t)
	if err := report.Write(at, r); err != nil {
		t.Fatal(err)
	}
	got, err := report.Read(at)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, got); d != "" {
		t.Errorf("written -, read +\n%s", d)
	}
	for text, want := range map[string]string{`{"schema": 7}`: "schema 7; this program reads 1", `[`: "is no report"} {
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := report.Read(at); err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
