package trouble

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		text, want, wrong string
	}{
		{``, `{}`, ""},
		{`{}`, `{}`, ""},
		{`{"lag":"200ms","jitter":"1s","for":"5m"}`, `{"lag":"200ms","jitter":"1s","for":"5m0s"}`, ""},
		{`{"fail":503,"rate":0.5}`, `{"fail":"503","rate":0.5}`, ""},
		{`{"fail":"hang"}`, `{"fail":"hang"}`, ""},
		{`{"lie":"missing-rows"}`, `{"lie":"missing-rows"}`, ""},
		{`{"fail":200}`, "", "a status from 400 to 599"},
		{`{"fail":"sulk"}`, "", "one of reset, hang, truncate"},
		{`{"fail":true}`, "", "fail is a status"},
		{`{"lie":"white"}`, "", "one of wrong-type"},
		{`{"lag":"soon"}`, "", "is no time"},
		{`{"lag":"-1s"}`, "", "is no time"},
		{`{"lag":"2h"}`, "", "is no time"},
		{`{"rate":2}`, "", "share from 0 to 1"},
		{`{"lagg":"1s"}`, "", "lag, jitter, fail, lie, rate and for"},
		{`{`, "", "lag, jitter"},
		{`"` + strings.Repeat(" ", 5<<10) + `"`, "", "4 KB"},
	} {
		got, err := Read(strings.NewReader(c.text))
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%.40s: %v, want %q", c.text, err, c.wrong)
			}
			continue
		}
		b, _ := json.Marshal(got)
		if err != nil || string(b) != c.want {
			t.Errorf("%s: %s %v, want %s", c.text, b, err, c.want)
		}
	}
}

const answer = `{"total":2,"titles":[{"id":"a","title":"A","year":1},{"id":"b","title":"B","year":2}]}`

// meet asks a tier in trouble: its status and body, and what went wrong with the connection.
func meet(t *testing.T, tr Trouble) (status int, body string, effects int, err error) {
	t.Helper()
	var d Door
	d.Set(tr)
	var did atomic.Int32
	srv := httptest.NewServer(d.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		did.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(answer))
	})))
	defer srv.Close()
	client := http.Client{Timeout: 300 * time.Millisecond}
	resp, err := client.Post(srv.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		return 0, "", int(did.Load()), err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), int(did.Load()), err
}

func TestTroubles(t *testing.T) {
	for _, c := range []struct {
		tell   string
		status int
		body   string
		did    int
		broken bool
	}{
		{`{}`, 200, answer, 1, false},
		{`{"fail":503}`, 503, `{"error":"in trouble, as told: 503"}`, 0, false},
		{`{"fail":"reset"}`, 0, ``, 0, true},
		{`{"fail":"hang"}`, 0, ``, 0, true},
		{`{"fail":"truncate"}`, 200, answer[:len(answer)/2], 1, true},
		{`{"lag":"1s"}`, 0, ``, 0, true},
		{`{"lag":"10ms","jitter":"10ms"}`, 200, answer, 1, false},
		{`{"lie":"wrong-type"}`, 200, `{"titles":[{"id":"a","title":[7],"year":"seven"},{"id":"b","title":[7],"year":"seven"}],"total":"seven"}`, 1, false},
		{`{"lie":"missing-rows"}`, 200, `{"titles":[{"id":"b","title":"B","year":2}],"total":2}`, 1, false},
		{`{"lie":"extra-rows"}`, 200, `{"titles":[{"id":"a","title":"A","year":1},{"id":"b","title":"B","year":2},{"id":"nobody-1900","title":"nobody-1900","year":1}],"total":2}`, 1, false},
		{`{"lie":"duplicate-rows"}`, 200, `{"titles":[{"id":"a","title":"A","year":1},{"id":"a","title":"A","year":1},{"id":"b","title":"B","year":2},{"id":"b","title":"B","year":2}],"total":2}`, 1, false},
		{`{"lie":"html"}`, 200, `<!doctype html><title>Sign in</title><h1>Sign in to the network</h1>`, 0, false},
		{`{"lie":"lost-answer"}`, 0, ``, 1, true},
	} {
		tr, err := Read(strings.NewReader(c.tell))
		if err != nil {
			t.Fatal(err)
		}
		status, body, did, err := meet(t, tr)
		if diff := cmp.Diff([]any{c.status, c.body, c.did, c.broken}, []any{status, body, did, err != nil}); diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.tell, err, diff)
		}
	}
	// On a busy machine the answer may be past the time-out before it is all there: that is huge, too.
	if status, body, _, err := meet(t, Trouble{Lie: Huge}); err == nil && (status != 200 || len(body) < huge) {
		t.Errorf("huge: %d, %d bytes, %v", status, len(body), err)
	}
}

func TestItIsOver(t *testing.T) {
	var d Door
	d.Set(Trouble{Fail: "500", For: Span(time.Millisecond)})
	time.Sleep(2 * time.Millisecond)
	if got := d.Get(); got != (Trouble{}) {
		t.Errorf("it is %+v", got)
	}
	d.Set(Trouble{Fail: "500", Rate: 0.5})
	well := 0
	h := d.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { well++ }))
	for range 200 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	if well < 50 || well > 150 {
		t.Errorf("of 200 calls at a rate of a half, %d were well", well)
	}
	w := httptest.NewRecorder()
	d.Set(Trouble{Fail: "500"})
	h.ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
	if w.Code != 200 {
		t.Errorf("health is %d", w.Code)
	}
}

func TestLieInProto(t *testing.T) {
	row := func(id string) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), id))
	}
	join := func(ids ...string) (out []byte) {
		for _, id := range ids {
			out = append(out, row(id)...)
		}
		return out
	}
	frame := func(m []byte) []byte { return append([]byte{0, 0, 0, 0, byte(len(m))}, m...) }
	for lie, want := range map[string][]byte{
		"":            join("a", "b"),
		MissingRows:   join("b"),
		DuplicateRows: join("a", "a", "b", "b"),
		ExtraRows:     join("a", "a", "b", nobody),
		WrongType:     {1 << 3, 7},
	} {
		if diff := cmp.Diff(frame(want), lieInProto(lie, frame(join("a", "b")))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lie, diff)
		}
	}
	begun := hugeProto(frame(join("a")))
	whole := append(begun[:len(begun):len(begun)], make([]byte, huge)...)
	if rows := fields(whole[5:]); len(rows) != 2 || len(whole)-5 != int(binary.BigEndian.Uint32(whole[1:5])) {
		t.Errorf("a huge answer has %d fields, and says %x", len(rows), whole[:5])
	}
}

func FuzzLie(f *testing.F) {
	for _, s := range []string{answer, `[]`, `"a"`, ``, `{`, "\x00\x00\x00\x00\x02\x0a\x00", "\x00\x00\x00\x00\x01\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, lie := range Lies() {
			lieInJSON(lie, body)
			if out := lieInProto(lie, body); len(body) >= 5 && len(out) < 5 {
				t.Errorf("%s: a frame of %d bytes", lie, len(out))
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(`{"lag":"200ms","fail":503,"lie":"html","rate":0.1,"for":"1m"}`)
	f.Fuzz(func(t *testing.T, s string) {
		tr, err := Read(strings.NewReader(s))
		if err == nil && tr.check() != nil {
			t.Errorf("%q is read as %+v", s, tr)
		}
	})
}
