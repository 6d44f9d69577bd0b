package serve

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/view"
)

func TestStatus(t *testing.T) {
	for _, k := range fault.Kinds() {
		s, ok := statuses[k]
		if !ok || s < 400 || s > 599 {
			t.Errorf("%s has the status %d", k, s)
		}
	}
	if len(statuses) != len(fault.Kinds()) {
		t.Errorf("the table has %d kinds, fault has %d", len(statuses), len(fault.Kinds()))
	}
	if got := Status("other"); got != 500 {
		t.Errorf("an unknown kind is %d", got)
	}
}

// TestEncodedBody: a compressed body is refused by its name, not as bad JSON.
func TestEncodedBody(t *testing.T) {
	for encoding, kind := range map[string]fault.Kind{"": "", "Identity": "", "gzip": fault.Invalid} {
		r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
		if encoding != "" {
			r.Header.Set("Content-Encoding", encoding)
		}
		_, err := Body(httptest.NewRecorder(), r, 5)
		if fault.KindOf(err) != kind || err != nil && !strings.Contains(fault.Public(err), `without a Content-Encoding, not as "gzip"`) {
			t.Errorf("%q: %v", encoding, err)
		}
	}
}

func TestCacheControl(t *testing.T) {
	for _, c := range []struct {
		in   composer.CacheState
		want string
	}{
		{composer.CacheState{MaxAge: time.Minute}, "no-store"},
		{composer.CacheState{Storable: true}, "private, no-cache"},
		{composer.CacheState{Storable: true, Public: true}, "public, no-cache"},
		{composer.CacheState{Storable: true, MaxAge: 30 * time.Second}, "private, max-age=30"},
		{composer.CacheState{Storable: true, MaxAge: 30 * time.Second, Public: true}, "public, max-age=30"},
		{composer.CacheState{Storable: true, MaxAge: 30 * time.Second, Public: true, Invalidatable: true}, "private, no-cache"},
		{composer.CacheState{Storable: true, MaxAge: time.Millisecond}, "private, no-cache"},
	} {
		if got := CacheControl(c.in); got != c.want {
			t.Errorf("%+v: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestVary(t *testing.T) {
	for _, c := range []struct {
		reads, also []string
		want        string
	}{
		{nil, nil, ""},
		{nil, []string{"Accept"}, "Accept"},
		{[]string{"device.type"}, nil, ""},
		{[]string{"cell:rows", "locale", "viewer.id", "viewer.profile.id"}, nil, "Accept-Language, Authorization, Facet-Cells, Facet-Profile, Facet-Profiles, Facet-Viewer"},
	} {
		if got := Vary(nil, c.reads, c.also...); got != c.want {
			t.Errorf("%v: %q, want %q", c.reads, got, c.want)
		}
	}
}

func TestContextHash(t *testing.T) {
	s := &view.Surface{Device: "tv", Schema: "v1", Builds: []*view.Build{{Cells: []string{"rows"}}}}
	one := func(a asker.Asker) string { return ContextHash(s, &a) }
	base := asker.Asker{Viewer: asker.Viewer{ID: "v", Profile: "p"}, Locale: "en-US"}
	seen := map[string]int{one(base): 0}
	for i, a := range []asker.Asker{
		{Viewer: asker.Viewer{ID: "v", Profile: "q"}, Locale: "en-US"},
		{Viewer: asker.Viewer{ID: "vp", Profile: ""}, Locale: "en-US"},
		{Viewer: asker.Viewer{ID: "v", Profile: "p"}, Locale: "de-DE"},
		{Viewer: asker.Viewer{ID: "v", Profile: "p"}, Locale: "en-US", Cells: map[string]string{"rows": "b"}},
	} {
		if j, ok := seen[one(a)]; ok {
			t.Errorf("contexts %d and %d have one hash", j, i+1)
		}
		seen[one(a)] = i + 1
	}
	other := base
	other.Cells = map[string]string{"unread": "b"}
	if one(other) != one(base) {
		t.Error("a cell that nobody reads changes the hash")
	}
}

// TestLargeTags: what is large has one tag however it comes in parts, and another for each change.
func TestLargeTags(t *testing.T) {
	for _, size := range []int{hashLarge - 1, hashLarge, hashLarge + 1, 3*hashBlock + 7} {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(i * i >> 3)
		}
		tag := ETag(b)
		for _, at := range []int{0, 1, hashBlock - 1, hashBlock, hashBlock + 1, size - 1} {
			if got := ETag(b[:at], b[at:at], b[at:]); got != tag {
				t.Errorf("%d bytes in parts at %d: %s, whole %s", size, at, got, tag)
			}
			b[at]++
			if ETag(b) == tag {
				t.Errorf("%d bytes, another at %d: the same tag", size, at)
			}
			b[at]--
		}
	}
}

func TestNotModified(t *testing.T) {
	tag := ETag([]byte("body"))
	if ETag([]byte("bodz")) == tag || !strings.HasPrefix(tag, `"`) {
		t.Errorf("tag %s", tag)
	}
	for value, want := range map[string]bool{"": false, tag: true, "W/" + tag: true, `"x", ` + tag: true, "*": true, `"x"`: false, strings.Trim(tag, `"`): false} {
		r := httptest.NewRequest("GET", "/", nil)
		if value != "" {
			r.Header.Set("If-None-Match", value)
		}
		if got := NotModified(r, tag); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}

func TestCORS(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	for _, c := range []struct {
		name    string
		origins []string
		method  string
		headers map[string]string
		status  int
		allow   string
	}{
		{"off", nil, "GET", map[string]string{"Origin": "https://a.example"}, 200, ""},
		{"listed", []string{"https://a.example"}, "GET", map[string]string{"Origin": "https://a.example"}, 200, "https://a.example"},
		{"not listed", []string{"https://a.example"}, "GET", map[string]string{"Origin": "https://b.example"}, 200, ""},
		{"any", []string{"*"}, "GET", map[string]string{"Origin": "https://b.example"}, 200, "*"},
		{"preflight", []string{"https://a.example"}, "OPTIONS", map[string]string{"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}, 204, "https://a.example"},
		{"options", []string{"https://a.example"}, "OPTIONS", map[string]string{"Origin": "https://a.example"}, 200, "https://a.example"},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		for k, v := range c.headers {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		CORS(c.origins, next).ServeHTTP(w, r)
		if d := cmp.Diff([]any{c.status, c.allow}, []any{w.Code, w.Header().Get("Access-Control-Allow-Origin")}); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestForgeable(t *testing.T) {
	for _, c := range []struct {
		method, typ, auth, with string
		want                    bool
	}{
		{"POST", "text/plain", "", "", true},
		{"POST", "", "", "", true},
		{"POST", "application/x-www-form-urlencoded; charset=utf-8", "", "", true},
		{"POST", "application/json", "", "", false},
		{"POST", "text/plain", "Bearer x", "", false},
		{"POST", "text/plain", "Bearer ", "", true},
		{"POST", "text/plain", "Basic x", "", true},
		{"POST", "text/plain", "", "falcor", false},
		{"GET", "", "", "", false},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		for k, v := range map[string]string{"Content-Type": c.typ, "Authorization": c.auth, "X-Requested-With": c.with} {
			if v != "" {
				r.Header.Set(k, v)
			}
		}
		if got := Forgeable(r); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestBody(t *testing.T) {
	for _, c := range []struct {
		max  int
		want fault.Kind
	}{{4, ""}, {3, fault.TooLarge}} {
		r := httptest.NewRequest("POST", "/", strings.NewReader("four"))
		got, err := Body(httptest.NewRecorder(), r, c.max)
		if fault.KindOf(err) != c.want || err == nil && string(got) != "four" {
			t.Errorf("max %d: %q %v", c.max, got, err)
		}
	}
}
