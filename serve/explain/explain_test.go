package explain

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTake(t *testing.T) {
	for _, c := range []struct {
		query, value, rest string
		ok                 bool
	}{
		{"", "", "", false},
		{"explain=1", "1", "", true},
		{"explain", "", "", true},
		{"a=1&explain=text&b=%26", "text", "a=1&b=%26", true},
		{"explainer=1&a=explain", "", "explainer=1&a=explain", false},
		{"explain=1&explain=2", "1", "explain=2", true}, // the second is the protocol's to refuse
	} {
		value, rest, ok := take(c.query)
		if value != c.value || rest != c.rest || ok != c.ok {
			t.Errorf("%q: %q %q %v", c.query, value, rest, ok)
		}
	}
}

func TestFormOf(t *testing.T) {
	for _, c := range []struct {
		value, accept string
		want          form
		ok            bool
	}{
		{"1", "", asJSON, true}, {"true", "*/*", asJSON, true}, {"", "application/json", asJSON, true},
		{"1", "text/html,*/*", asHTML, true}, {"1", "text/plain", asText, true},
		{"text", "text/html", asText, true}, {"html", "", asHTML, true}, {"json", "text/html", asJSON, true},
		{"0", "", "", false}, {"yes", "", "", false},
	} {
		if got, ok := formOf(c.value, c.accept); got != c.want || ok != c.ok {
			t.Errorf("%q %q: %q %v", c.value, c.accept, got, ok)
		}
	}
}

func TestBeside(t *testing.T) {
	d := &document{Request: "GET /x", Operations: []operation{}}
	own, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"errors":[1],"data":null}`:                        `{"errors":[1],"data":null,"extensions":{"explain":X}}`,
		`{"data":1,"extensions":{"degraded":[2]},"last":3}`: `{"data":1,"extensions":{"degraded":[2],"explain":X},"last":3}`,
		`{}`:               `{"extensions":{"explain":X}}`,
		`no JSON`:          `{"answer":"no JSON","extensions":{"explain":X}}`,
		`[1]`:              `{"answer":"[1]","extensions":{"explain":X}}`,
		`{"extensions":1}`: `{"extensions":{"explain":X}}`,
	} {
		if got := string(beside([]byte(body), d)); got != strings.ReplaceAll(want, "X", string(own)) {
			t.Errorf("%s became %s", body, got)
		}
	}
}

// TestText: whatever the times, 100 columns.
func TestText(t *testing.T) {
	for _, whole := range []millis{0, 0.001, 0.3, 7, 12, 99, 101, 1999, 60_000} {
		end := whole * 2
		d := &document{Request: "GET /" + strings.Repeat("x", 200), Ms: whole, Operations: []operation{
			{Operation: strings.Repeat("op", 40), Level: 3, Keys: 12345, Batch: true, StartMs: whole / 3, LeftMs: whole / 2, EndMs: &end, WithinMs: whole / 10, Bytes: 123456789,
				After: []string{strings.Repeat("a", 90), strings.Repeat("b", 90)}, Late: true, Requests: 3, Attempts: 4, Retries: 2, Hedges: 1, QueuedMs: 1, Error: "timeout", Message: strings.Repeat("m", 300)},
			{Operation: "running", StartMs: whole, LeftMs: whole},
		}}
		for line := range strings.Lines(string(d.text())) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > textWidth {
				t.Errorf("%v ms: %d columns: %s", whole, n, line)
			}
		}
		if !strings.Contains(string(d.page()), "</html>") {
			t.Error("no page")
		}
	}
}

// FuzzTake: what is left is what was there without the parameter, and any other answer stays JSON.
func FuzzTake(f *testing.F) {
	for _, q := range []string{"", "explain=1", "a=1&explain=text&b=2", "explain&explain", "%65xplain=1", "a=&&explain=;"} {
		f.Add(q, `{"data":1}`)
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		value, rest, ok := take(query)
		if !ok && rest != query || ok && len(rest)+len(value) > len(query) {
			t.Errorf("%q: %q %q %v", query, value, rest, ok)
		}
		if before, err := url.ParseQuery(query); err == nil {
			after, err := url.ParseQuery(rest)
			if err != nil || len(after) > len(before) {
				t.Errorf("%q: %q %v", query, rest, err)
			}
		}
		if out := beside([]byte(body), &document{}); !json.Valid(out) {
			t.Errorf("%q became %q", body, out)
		}
	})
}
