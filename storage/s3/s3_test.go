package s3_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"facet/fault"
	"facet/storage"
	"facet/storage/s3"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve answers every request with one status and S3 error code, and counts them.
func serve(t *testing.T, status int, code string) (*s3.Store, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		if code != "" && r.Method != http.MethodHead {
			fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>m</Message></Error>`, code)
		}
	}))
	t.Cleanup(srv.Close)
	store, err := s3.Open(s3.Config{Endpoint: srv.URL, Bucket: "facet", AccessKey: "a", SecretKey: "s", Attempts: 2, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store, &n
}

func TestAnswersOfAConditionalPut(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   fault.Kind
		retry  bool
	}{
		{412, "PreconditionFailed", fault.Conflict, false},
		{412, "", fault.Conflict, false},
		{409, "ConditionalRequestConflict", fault.Conflict, true},
		{409, "OperationAborted", fault.Conflict, true},
		{409, "", fault.Conflict, true},
		{409, "ExistingObjectIsDirectory", fault.Invalid, false},
		{404, "NoSuchKey", fault.Conflict, false},
		{404, "NoSuchBucket", fault.Unavailable, false},
		{403, "AccessDenied", fault.Forbidden, false},
		{403, "SignatureDoesNotMatch", fault.Unauthorized, false},
		{413, "EntityTooLarge", fault.TooLarge, false},
		{429, "TooManyRequests", fault.Unavailable, false},
		{500, "InternalError", fault.Unavailable, false},
		{503, "SlowDown", fault.Unavailable, false},
		{400, "Weird", fault.Internal, false},
	} {
		store, n := serve(t, c.status, c.code)
		_, err := store.Put(t.Context(), "k", []byte("b"), storage.PutOptions{IfMatch: "e"})
		if fault.KindOf(err) != c.want || errors.Is(err, storage.ErrRetry) != c.retry {
			t.Errorf("%d %s: %v, want %s, retry %v", c.status, c.code, err, c.want, c.retry)
		}
		if n.Load() != 1 {
			t.Errorf("%d %s: sent %d times; a conditional write may be sent once", c.status, c.code, n.Load())
		}
	}
}

func TestReadsAreRepeated(t *testing.T) {
	store, n := serve(t, 503, "SlowDown")
	if _, err := store.Get(t.Context(), "k", storage.GetOptions{}); fault.KindOf(err) != fault.Unavailable || n.Load() < 2 {
		t.Errorf("%v after %d requests; want unavailable after more than one", err, n.Load())
	}
	store, _ = serve(t, 404, "NoSuchKey")
	if _, err := store.Get(t.Context(), "k", storage.GetOptions{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v, want not_found", err)
	}
	store, _ = serve(t, 404, "NoSuchBucket")
	if _, err := store.Get(t.Context(), "k", storage.GetOptions{}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v: a missing bucket must not read like a missing object", err)
	}
}

func TestBodyThatEndsEarly(t *testing.T) {
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		if n.Add(1) == 1 {
			fmt.Fprint(w, "01234")
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, "0123456789")
	}))
	defer srv.Close()
	store, err := s3.Open(s3.Config{Endpoint: srv.URL, Bucket: "facet", AccessKey: "a", SecretKey: "s"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if obj, err := store.Get(t.Context(), "k", storage.GetOptions{}); err != nil || string(obj.Body) != "0123456789" {
		t.Errorf("got %q, %v; want the whole body at the second attempt", obj.Body, err)
	}
}

func TestTimeout(t *testing.T) {
	stuck := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stuck }))
	defer srv.Close()
	defer close(stuck)
	store, err := s3.Open(s3.Config{Endpoint: srv.URL, Bucket: "facet", AccessKey: "a", SecretKey: "s", Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Get(t.Context(), "k", storage.GetOptions{}); fault.KindOf(err) != fault.Timeout {
		t.Errorf("%v, want timeout", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	good := s3.Config{Endpoint: "http://127.0.0.1:9000", Bucket: "facet", AccessKey: "a", SecretKey: "hush"}
	for name, change := range map[string]func(*s3.Config){
		"no scheme": func(c *s3.Config) { c.Endpoint = "127.0.0.1:9000" },
		"a path":    func(c *s3.Config) { c.Endpoint += "/x" },
		"no bucket": func(c *s3.Config) { c.Bucket = "" },
		"no secret": func(c *s3.Config) { c.SecretKey = "" },
	} {
		cfg := good
		change(&cfg)
		if _, err := s3.Open(cfg); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	for _, printed := range []string{fmt.Sprint(good), fmt.Sprintf("%+v %#v", good, good)} {
		if strings.Contains(printed, "hush") {
			t.Errorf("the secret is printed: %s", printed)
		}
	}
}
