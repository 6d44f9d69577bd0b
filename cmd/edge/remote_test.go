package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"facet/fault"
	"facet/pack"
	"facet/schema"
)

// TestOperations holds every operation of the client against the API's schema.
func TestOperations(t *testing.T) {
	names, err := fs.Glob(schema.Files, "*.graphqls")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var sources []*ast.Source
	for _, name := range names {
		b, err := schema.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(b)})
	}
	s := gqlparser.MustLoadSchema(sources...)
	for _, op := range []string{
		publishMutation, publishGraphMutation, releaseMutation, rollbackMutation, setTagMutation, removeTagMutation, deprecateMutation,
		statusQuery, logQuery, diffQuery, packagesQuery, packageQuery, resolveQuery, graphsQuery, ancestorsQuery,
	} {
		if _, err := gqlparser.LoadQueryWithRules(s, op, rules.NewDefaultRules()); err != nil {
			t.Errorf("%s\n%v", op, err)
		}
	}
}

// client is a remote to a handler, with what it prints.
func client(t *testing.T, h http.HandlerFunc) (*remote, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	t.Setenv("FACET_TOKEN", "secret")
	var out, err bytes.Buffer
	r := newRemote(Streams{Out: &out, Err: &err}, &cobra.Command{})
	r.at = server.URL
	return r, &out, &err
}

// TestAnswers reads what a control API, or something else, may answer.
func TestAnswers(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		text   string
		kind   fault.Kind
		want   string // in the error
	}{
		"data":          {200, `{"data": {"graphs": []}}`, "", ""},
		"an error":      {200, `{"errors": [{"message": "no", "extensions": {"code": "conflict", "hint": "again"}}], "data": null}`, fault.Conflict, "no"},
		"two errors":    {403, `{"errors": [{"message": "one", "extensions": {"code": "forbidden"}}, {"message": "two"}]}`, fault.Forbidden, "one\ntwo"},
		"internal":      {200, `{"errors": [{"message": "internal error", "extensions": {"code": "internal", "request": "r-1"}}]}`, fault.Internal, "internal error"},
		"a page":        {502, `<html>Bad gateway</html>`, fault.BadAnswer, "502"},
		"nothing":       {200, ``, fault.BadAnswer, "no control API"},
		"another JSON":  {200, `{"hello": 1}`, fault.BadAnswer, "no control API"},
		"a redirect":    {307, ``, fault.BadAnswer, "307"},
		"another shape": {200, `{"data": {"graphs": {"version": 1}}}`, fault.BadAnswer, ""},
	} {
		r, _, _ := client(t, func(w http.ResponseWriter, req *http.Request) {
			if req.Header.Get("Authorization") != "Bearer secret" || req.URL.Path != "/graphql" {
				t.Errorf("%s: %s %v", name, req.URL, req.Header)
			}
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(row.status)
			_, _ = w.Write([]byte(row.text))
		})
		err := r.graphs(t.Context())
		if fault.KindOf(err) != row.kind || (err != nil && !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v, want %s %s", name, err, row.kind, row.want)
		}
	}
}

// TestUnanswered tells an API that nobody reached from one that went away with a request in its hands.
func TestUnanswered(t *testing.T) {
	r, _, _ := client(t, func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = c.Close()
	})
	err := r.graphs(t.Context())
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "went away") || !strings.Contains(fault.HintOf(err), "ask the same again") {
		t.Errorf("%v -> %s", err, fault.HintOf(err))
	}
	r.at = "http://127.0.0.1:1"
	if err := r.graphs(t.Context()); !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("%v", err)
	}
}

// TestBusy uploads to an API that tells to come back.
func TestBusy(t *testing.T) {
	asked := 0
	r, _, _ := client(t, func(w http.ResponseWriter, req *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"errors": [{"message": "8 uploads are being worked on", "extensions": {"code": "limit"}}]}`))
			return
		}
		if err := req.ParseMultipartForm(1 << 20); err != nil || req.FormValue("map") != `{"0":["variables.file"]}` {
			t.Errorf("the form: %v %v", err, req.Form)
		}
		_, _ = w.Write([]byte(`{"data": {"done": true}}`))
	})
	var out struct{ Done bool }
	if err := r.upload(t.Context(), "mutation", map[string]any{"file": nil}, []attached{{"file", "a.tgz", []byte("x")}}, &out); err != nil || !out.Done || asked != 3 {
		t.Errorf("%v %v after %d", out, err, asked)
	}
}

// TestReached decides when waiting is over.
func TestReached(t *testing.T) {
	goals := map[string]goal{"eu": {release: "new", seq: 7}, "us": {release: "new", seq: 3}}
	in := func(id, serves string, seq int64) remoteInstance {
		return remoteInstance{ID: id, Release: serves, Seq: seq}
	}
	silent, refuses, refused := in("c", "old", 6), in("c", "old", 6), in("c", "new", 7)
	silent.Stale = true
	refuses.Refused = &remoteRefusal{Release: "new", Build: "sha256:0123456789abcdef", Reason: "a plan error"}
	refused.Refused = &remoteRefusal{Release: "older", Reason: "long ago"}
	for name, row := range map[string]struct {
		regions []remoteRegion
		live    int
		missing []string
		err     string
	}{
		"nobody":            {regions: []remoteRegion{{Region: "eu"}, {Region: "us"}}},
		"all":               {regions: []remoteRegion{{Region: "eu", Instances: []remoteInstance{in("a", "new", 7), in("b", "new", 7)}}, {Region: "us", Instances: []remoteInstance{in("a", "new", 3)}}}, live: 3},
		"one is behind":     {regions: []remoteRegion{{Region: "eu", Instances: []remoteInstance{in("a", "new", 7), in("b", "old", 6)}}}, live: 1, missing: []string{"eu/b"}},
		"one is silent":     {regions: []remoteRegion{{Region: "eu", Instances: []remoteInstance{in("a", "new", 7), silent}}}, live: 1},
		"one is further on": {regions: []remoteRegion{{Region: "eu", Instances: []remoteInstance{in("a", "newer", 8)}}}, live: 1},
		"it waits still":    {regions: []remoteRegion{{Region: "eu", Instances: []remoteInstance{in("a", "old", 7)}}}, missing: []string{"eu/a"}},
		"another region":    {regions: []remoteRegion{{Region: "ap", Instances: []remoteInstance{in("a", "old", 1)}}}},
		"one refuses":       {regions: []remoteRegion{{Region: "eu", Instances: []remoteInstance{in("a", "new", 7), refuses}}}, err: "c refuses build 0123456789ab: a plan error"},
		"refused before":    {regions: []remoteRegion{{Region: "eu", Instances: []remoteInstance{refused}}}, live: 1},
		"it was kept": {regions: []remoteRegion{{Region: "eu", Kept: []remoteKept{{Device: "tv", Schema: "v1", Package: "@tv/home", Version: "2.0.0", Release: "new", Reason: "a plan error"}},
			Instances: []remoteInstance{in("a", "kept", 8)}}}, err: "eu refuses @tv/home@2.0.0 of tv/v1: a plan error"},
	} {
		live, missing, err := reached(&remoteStatus{Regions: row.regions}, goals)
		if row.err != "" {
			if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), row.err) {
				t.Errorf("%s: %v, want %s", name, err, row.err)
			}
			continue
		}
		if live != row.live || !cmp.Equal(missing, row.missing) || err != nil {
			t.Errorf("%s: %d %v %v, want %d %v", name, live, missing, err, row.live, row.missing)
		}
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]string{"+10m": "2026-11-22T12:10:00Z", "+0s": "2026-11-22T12:00:00Z", "2026-12-01T08:00:00+01:00": "2026-12-01T07:00:00Z", "10m": "", "+": "", "+-5m": "", "tomorrow": "", "2026-12-01": ""} {
		got, err := moment(s, now)
		if (err != nil) != (want == "") || err == nil && got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q: %v %v, want %s", s, got, err, want)
		}
	}
}

// TestRank brings modules before those that link them, also modules of modules, and ends for circles.
func TestRank(t *testing.T) {
	list := func(deps ...string) []packed {
		var out []packed
		for _, d := range deps {
			name, links, _ := strings.Cut(d, " ")
			m := pack.Manifest{Name: name, Dependencies: map[string]string{}}
			for _, l := range strings.Fields(links) {
				m.Dependencies[l] = "*"
			}
			out = append(out, packed{pkg: &pack.Package{Manifest: m}})
		}
		rank(out)
		return out
	}
	for want, deps := range map[string][]string{
		"a b c":   {"c b", "b a", "a"},
		"m n a b": {"b m", "a n", "n", "m"},
		"x":       {"x other"},
	} {
		var got []string
		for _, p := range list(deps...) {
			got = append(got, p.pkg.Manifest.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v: %v, want %s", deps, got, want)
		}
	}
	if got := list("a b", "b a"); len(got) != 2 {
		t.Errorf("a circle: %v", got)
	}
}

// TestStatusText draws every state that an instance and a mount may have.
func TestStatusText(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	before := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	made := remoteEntry{Graph: "1.4.0", Made: now.Add(-3 * time.Minute), Author: "ana (ci)", Why: "new rows for the weekend"}
	st := &remoteStatus{Env: "prod", Regions: []remoteRegion{{
		Region: "eu", Release: &made,
		Instances: []remoteInstance{
			{ID: "edge-1", Release: "sha256:0123456789abcdef", At: before(3 * time.Minute), Seen: before(2 * time.Second), Version: "0.3.0"},
			{ID: "edge-2", Behind: true, Release: "sha256:fedcba9876543210", At: before(50 * time.Hour), Seen: before(0), Trouble: "storage is slow"},
			{ID: "edge-3", Behind: true, Refused: &remoteRefusal{Release: "sha256:0123456789abcdef", Build: "sha256:aaaaaaaaaaaaaaaa", Reason: "a plan error"}},
			{ID: "edge-4", Copy: true}, {ID: "edge-5", Stale: true}, {ID: "edge-6"},
		},
		Routes: []remoteRoute{
			{Route: "tv/v3", Mounts: []remoteMount{{Package: "@tv/home", Version: "3.4.1", Track: "stable", Weight: 100, Graph: "1.4.0", State: "current"}, {Package: "@tv/home", Version: "3.5.0", Track: "canary", Weight: 5, Graph: "1.4.0", State: "current"}}},
			{Route: "phone/v1", Mounts: []remoteMount{{Package: "@phone/a-package-with-a-rather-long-name-that-no-terminal-shows-in-one-column", Version: "1.0.0", Track: "stable", Weight: 100, Graph: "1.3.0", State: "older graph"}}},
		},
		Kept: []remoteKept{{Device: "tv", Schema: "v3", Package: "@tv/home", Version: "3.4.2", Reason: "a plan error"}},
	}, {Region: "us", Trouble: "its shard is gone"}}}
	var b bytes.Buffer
	printStatus(&b, st, now)
	want := `prod/eu  release -  seq 0  graph 1.4.0  3m ago by ana (ci): "new rows for the weekend"
  INSTANCE  STATE    SERVES        SINCE   HEARD   VERSION
  edge-1    live     0123456789ab  3m ago  2s ago  0.3.0
  edge-2    behind   fedcba987654  2d ago  now
  edge-3    refused  -             -       -
  edge-4    copy     -             -       -
  edge-5    silent   -             -       -
  edge-6    waiting  -             -       -
  edge-2: storage is slow
  edge-3 refuses build aaaaaaaaaaaa of release 0123456789ab: a plan error
  edge-4 serves from its copy on disk
  ROUTE     PACKAGE                                                                        VERSION  TRACK     GRAPH  STATE
  tv/v3     @tv/home                                                                       3.4.1    stable    1.4.0  current
            @tv/home                                                                       3.5.0    canary 5  1.4.0  current
  phone/v1  @phone/a-package-with-a-rather-long-name-that-no-terminal-shows-in-one-column  1.0.0    stable    1.3.0  older graph
  kept tv/v3 @tv/home as it was: instances refused 3.4.2: a plan error

prod/us  release -  seq 0
  the release cannot be read: its shard is gone
  no instance has been heard of
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestTable: a table is whole, but for a terminal.
func TestTable(t *testing.T) {
	long := strings.Repeat("word ", 40) + "end"
	name := "@tv/" + strings.Repeat("n", 50)
	for _, c := range []struct {
		most widths
		want string
	}{
		{widths{}, "  " + name + "  " + long + "\n  b" + strings.Repeat(" ", 55) + "c\n"},
		{page, "  " + name[:33] + "…  " + long[:61] + "…\n  b" + strings.Repeat(" ", 35) + "c\n"},
	} {
		tab := table{indent: "  "}
		tab.add(name, long)
		tab.add("b", "c")
		var b bytes.Buffer
		tab.within(&b, c.most)
		if d := cmp.Diff(c.want, b.String()); d != "" {
			t.Errorf("%v (-want +got):\n%s", c.most, d)
		}
	}
	if w := widthsOf(&bytes.Buffer{}); w != (widths{}) {
		t.Errorf("a pipe has %v", w)
	}
}

// TestWatch prints a status when it is another, not when only ages are.
func TestWatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := 0
	r, out, _ := client(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 4 {
			cancel()
		}
		seq := strconv.Itoa(1 + asked/3)
		_, _ = w.Write([]byte(`{"data": {"status": {"env": "dev", "regions": [{"region": "eu", "pointer": {"seq": ` + seq + `, "release": "sha256:0123456789abcdef"},
			"instances": [{"id": "a", "release": "", "seen": "2026-11-22T12:00:0` + strconv.Itoa(asked) + `Z"}]}]}}}`))
	})
	r.env = "dev"
	if err := r.watchStatus(ctx); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "dev/eu  release"); got != 2 || !strings.Contains(out.String(), "seq 2") {
		t.Errorf("printed %d times:\n%s", got, out)
	}
}

func TestReadable(t *testing.T) {
	for in, want := range map[string]string{`"a -\u003e b"`: `"a -> b"`, `"\\u003e"`: `"\\u003e"`, `"\\\u0026"`: `"\\&"`, `"\u00e9\n\""`: `"\u00e9\n\""`, `"\`: `"\`} {
		if got := string(readable([]byte(in))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestGuideCommands parses every command line of the guides against the program's commands and flags.
func TestGuideCommands(t *testing.T) {
	page, err := os.ReadFile("../../docs/guides/control-api.md")
	if err != nil {
		t.Fatal(err)
	}
	parsed := 0
	for line := range strings.Lines(string(page)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "   #")
		if !strings.HasPrefix(line, "edge ") {
			continue
		}
		args := words(line)[1:]
		root := &cobra.Command{Use: "edge"}
		root.AddCommand(commands(Streams{Out: io.Discard, Err: io.Discard})...)
		c, rest, err := root.Find(args)
		if err == nil {
			err = c.ParseFlags(rest)
		}
		if err == nil {
			err = c.ValidateArgs(c.Flags().Args())
		}
		if err != nil || c == root {
			t.Errorf("%s: %v", line, err)
		}
		parsed++
	}
	if parsed < 10 {
		t.Errorf("the guide has %d command lines", parsed)
	}
}

// words splits a command line at blanks outside of double quotes.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}
