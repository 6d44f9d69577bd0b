// Package storagetest is the acceptance test that every store passes, and the broken network that tests put before one.
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/storage"
)

// Run tests one kind of store. open gives an empty one for each test, and
// arranges with t.Cleanup for its end.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, storage.Store)
	}{
		{"what is put is got", putGet},
		{"unchanged", unchanged},
		{"conditions", conditions},
		{"16 writers create, one wins", raceCreate},
		{"16 writers replace, one wins", raceReplace},
		{"16 writers update, none is lost", raceUpdate},
		{"a reader sees whole objects while they change", wholeObjects},
		{"lists past 1,000 keys in order", list},
		{"ended contexts", ended},
		{"keys that no store takes", badKeys},
		{"a key below another", below},
		{"refused writes leave nothing behind", refused},
		{"bounded reads", bounded},
		{"immutable", immutable},
		{"digests are verified on read", verified},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func putGet(t *testing.T, s storage.Store) {
	ctx := t.Context()
	for _, c := range []struct {
		key  string
		body string
		opts storage.PutOptions
	}{
		{"plain", "hello", storage.PutOptions{}},
		{"empty", "", storage.PutOptions{ContentType: "text/plain"}},
		{"packages/@tv/home/3.4.1.tgz", "\x1f\x8b\x00\xff", storage.PutOptions{ContentType: "application/gzip", Metadata: map[string]string{"digest": "sha256:00", "by": "a person"}}},
		{"builds/sha256:0af", strings.Repeat("x", 300_000), storage.PutOptions{ContentType: "application/json"}},
		{"späce and ünicode/+ =&?#%41.json", "{}", storage.PutOptions{}},
	} {
		put, err := s.Put(ctx, c.key, []byte(c.body), c.opts)
		if err != nil {
			t.Fatalf("put %q: %v", c.key, err)
		}
		obj, err := s.Get(ctx, c.key, storage.GetOptions{})
		if err != nil {
			t.Fatalf("get %q: %v", c.key, err)
		}
		want := storage.Info{Key: c.key, ETag: put.ETag, Size: int64(len(c.body)), Modified: obj.Modified, ContentType: c.opts.ContentType, Metadata: c.opts.Metadata}
		if want.ContentType == "" {
			want.ContentType = "application/octet-stream"
		}
		if diff := cmp.Diff(want, obj.Info); diff != "" {
			t.Errorf("get %q (-want +got):\n%s", c.key, diff)
		}
		if string(obj.Body) != c.body || obj.Unchanged {
			t.Errorf("get %q: got %d bytes, unchanged %v, want %d", c.key, len(obj.Body), obj.Unchanged, len(c.body))
		}
		head, err := s.Head(ctx, c.key)
		want.Modified = head.Modified
		if diff := cmp.Diff(want, head); err != nil || diff != "" {
			t.Errorf("head %q: %v (-want +got):\n%s", c.key, err, diff)
		}
		if err := s.Delete(ctx, c.key); err != nil {
			t.Errorf("delete %q: %v", c.key, err)
		}
		if err := s.Delete(ctx, c.key); err != nil {
			t.Errorf("delete %q again: %v", c.key, err)
		}
		if _, err := s.Get(ctx, c.key, storage.GetOptions{}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("get %q after delete: %v, want not_found", c.key, err)
		}
		if _, err := s.Head(ctx, c.key); fault.KindOf(err) != fault.NotFound {
			t.Errorf("head %q after delete: %v, want not_found", c.key, err)
		}
	}
	// Neither side keeps the other's bytes.
	body := []byte("mine")
	must(t, s, "own", body, storage.PutOptions{})
	body[0] = 'X'
	first, err := s.Get(ctx, "own", storage.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	first.Body[1] = 'X'
	if again, err := s.Get(ctx, "own", storage.GetOptions{}); err != nil || string(again.Body) != "mine" {
		t.Errorf("got %q, %v; want the bytes as they were put", again.Body, err)
	}
}

func unchanged(t *testing.T, s storage.Store) {
	ctx := t.Context()
	one := must(t, s, "p", []byte("one"), storage.PutOptions{})
	obj, err := s.Get(ctx, "p", storage.GetOptions{IfNoneMatch: one.ETag})
	if diff := cmp.Diff(storage.Object{Info: storage.Info{Key: "p", ETag: one.ETag}, Unchanged: true}, obj); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	two := must(t, s, "p", []byte("two"), storage.PutOptions{})
	if one.ETag == two.ETag || one.ETag == "" {
		t.Errorf("ETags %q and %q of different bytes", one.ETag, two.ETag)
	}
	obj, err = s.Get(ctx, "p", storage.GetOptions{IfNoneMatch: one.ETag})
	if err != nil || obj.Unchanged || string(obj.Body) != "two" || obj.ETag != two.ETag {
		t.Errorf("got %+v, %v; want the new object", obj, err)
	}
}

func conditions(t *testing.T, s storage.Store) {
	ctx := t.Context()
	now := must(t, s, "there", []byte("a"), storage.PutOptions{}).ETag
	for _, c := range []struct {
		name string
		key  string
		opts storage.PutOptions
		want fault.Kind
	}{
		{"create what is there", "there", storage.PutOptions{IfAbsent: true}, fault.Conflict},
		{"replace another version", "there", storage.PutOptions{IfMatch: "0123456789abcdef0123456789abcdef"}, fault.Conflict},
		{"replace what is gone", "gone", storage.PutOptions{IfMatch: now}, fault.Conflict},
		{"both conditions", "there", storage.PutOptions{IfAbsent: true, IfMatch: now}, fault.Invalid},
		{"create", "new", storage.PutOptions{IfAbsent: true}, ""},
		{"replace", "there", storage.PutOptions{IfMatch: now}, ""},
		{"replace the same version again", "there", storage.PutOptions{IfMatch: now}, fault.Conflict},
	} {
		_, err := s.Put(ctx, c.key, []byte("b"), c.opts)
		if got := fault.KindOf(err); got != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if errors.Is(err, storage.ErrRetry) {
			t.Errorf("%s: says retry, but nobody else was writing", c.name)
		}
	}
	for key, want := range map[string]string{"there": "b", "new": "b"} {
		if obj, err := s.Get(ctx, key, storage.GetOptions{}); err != nil || string(obj.Body) != want {
			t.Errorf("%s is %q, %v; want %q", key, obj.Body, err, want)
		}
	}
}

func ended(t *testing.T, s storage.Store) {
	must(t, s, "k", []byte("v"), storage.PutOptions{})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, c := range []struct {
		ctx  context.Context
		want fault.Kind
	}{{canceled, fault.Canceled}, {late, fault.Timeout}} {
		_, getErr := s.Get(c.ctx, "k", storage.GetOptions{})
		_, headErr := s.Head(c.ctx, "k")
		_, putErr := s.Put(c.ctx, "k", []byte("w"), storage.PutOptions{})
		_, condErr := s.Put(c.ctx, "k", []byte("w"), storage.PutOptions{IfAbsent: true})
		delErr := s.Delete(c.ctx, "k")
		var listErr error
		for _, err := range s.List(c.ctx, "") {
			listErr = err
		}
		_, immErr := storage.PutImmutable(c.ctx, s, "i", nil, storage.PutOptions{})
		_, updErr := storage.Update(c.ctx, s, "k", storage.UpdateOptions{}, func([]byte) ([]byte, error) { return []byte("w"), nil })
		for name, err := range map[string]error{"get": getErr, "head": headErr, "put": putErr, "conditional put": condErr, "delete": delErr, "list": listErr, "immutable": immErr, "update": updErr} {
			if got := fault.KindOf(err); got != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
	}
	if obj, err := s.Get(t.Context(), "k", storage.GetOptions{}); err != nil || string(obj.Body) != "v" {
		t.Errorf("the object is %q, %v; want it untouched", obj.Body, err)
	}
}

func badKeys(t *testing.T, s storage.Store) {
	for _, key := range []string{"", "/a", "a/", "a//b", ".", "a/../b", "a/.", "a\x00b", "a\nb", `a\b`, "\xff", strings.Repeat("a/", 600) + "a", strings.Repeat("n", 256)} {
		_, getErr := s.Get(t.Context(), key, storage.GetOptions{})
		_, headErr := s.Head(t.Context(), key)
		_, putErr := s.Put(t.Context(), key, nil, storage.PutOptions{})
		delErr := s.Delete(t.Context(), key)
		for name, err := range map[string]error{"get": getErr, "head": headErr, "put": putErr, "delete": delErr} {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s %.20q: %v, want invalid", name, key, err)
			}
		}
	}
	for name, opts := range map[string]storage.PutOptions{
		"upper case name":  {Metadata: map[string]string{"Digest": "x"}},
		"line in a value":  {Metadata: map[string]string{"digest": "a\nb"}},
		"too much":         {Metadata: map[string]string{"digest": strings.Repeat("d", 1100)}},
		"line in the type": {ContentType: "text/plain\r\nX: y"},
		"quoted ETag":      {IfMatch: `"abc"`},
	} {
		if _, err := s.Put(t.Context(), "k", nil, opts); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

func below(t *testing.T, s storage.Store) {
	must(t, s, "a/b", nil, storage.PutOptions{})
	for _, key := range []string{"a", "a/b/c", "a/b/c/d"} {
		if _, err := s.Put(t.Context(), key, []byte("x"), storage.PutOptions{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("put %s beside a/b: %v, want invalid", key, err)
		}
		if _, err := s.Get(t.Context(), key, storage.GetOptions{}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("get %s beside a/b: %v, want not_found", key, err)
		}
	}
	if err := s.Delete(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	must(t, s, "a", nil, storage.PutOptions{})
}

// refused writes come before the server has read their bodies; what is left of
// them may not reach the requests that follow on the same connection.
func refused(t *testing.T, s storage.Store) {
	must(t, s, "k", []byte("v"), storage.PutOptions{})
	for _, size := range []int{0, 1, 5_000, 300_000, 2 << 20} {
		for i := range 5 {
			_, err := s.Put(t.Context(), "k", bytes.Repeat([]byte("x"), size), storage.PutOptions{IfAbsent: true})
			if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%d bytes, write %d: %v, want conflict", size, i, err)
			}
			if obj, err := s.Get(t.Context(), "k", storage.GetOptions{}); err != nil || string(obj.Body) != "v" {
				t.Errorf("%d bytes, read %d: %q, %v", size, i, obj.Body, err)
			}
		}
	}
}

func bounded(t *testing.T, s storage.Store) {
	must(t, s, "k", bytes.Repeat([]byte("x"), 1000), storage.PutOptions{})
	if _, err := s.Get(t.Context(), "k", storage.GetOptions{MaxBytes: 999}); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("got %v, want too_large", err)
	}
	if obj, err := s.Get(t.Context(), "k", storage.GetOptions{MaxBytes: 1000}); err != nil || len(obj.Body) != 1000 {
		t.Errorf("got %d bytes, %v; want 1000", len(obj.Body), err)
	}
}

func immutable(t *testing.T, s storage.Store) {
	ctx := t.Context()
	one, err := storage.PutImmutable(ctx, s, "k", []byte("one"), storage.PutOptions{ContentType: "text/plain", Metadata: map[string]string{"by": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	again, err := storage.PutImmutable(ctx, s, "k", []byte("one"), storage.PutOptions{})
	if err != nil || again.ETag != one.ETag {
		t.Errorf("the same bytes again: %+v, %v; want no error and ETag %s", again, err, one.ETag)
	}
	for _, other := range []string{"two", "longer than one", ""} {
		if _, err := storage.PutImmutable(ctx, s, "k", []byte(other), storage.PutOptions{}); fault.KindOf(err) != fault.Conflict || errors.Is(err, storage.ErrRetry) {
			t.Errorf("other bytes %q: %v, want a plain conflict", other, err)
		}
	}
	head, err := s.Head(ctx, "k")
	if diff := cmp.Diff(map[string]string{"by": "x", "digest": storage.Digest([]byte("one"))}, head.Metadata); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func verified(t *testing.T, s storage.Store) {
	ctx := t.Context()
	body := []byte("a build")
	key, digest := "builds/x", storage.Digest(body)
	if _, err := storage.PutImmutable(ctx, s, key, body, storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if obj, err := storage.GetVerified(ctx, s, key, digest, 0); err != nil || !bytes.Equal(obj.Body, body) {
		t.Errorf("got %q, %v", obj.Body, err)
	}
	must(t, s, key, []byte("a bvild"), storage.PutOptions{Metadata: map[string]string{"digest": digest}})
	_, err := storage.GetVerified(ctx, s, key, digest, 0)
	if !errors.Is(err, storage.ErrDigest) || fault.KindOf(err) != fault.BadAnswer || fault.HintOf(err) == "" {
		t.Errorf("changed bytes: %v, want bad_answer with a hint", err)
	}
	if _, err := storage.GetVerified(ctx, s, "builds/y", digest, 0); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no object: %v, want not_found", err)
	}
}

func must(t *testing.T, s storage.Store, key string, body []byte, opts storage.PutOptions) storage.Info {
	t.Helper()
	info, err := s.Put(t.Context(), key, body, opts)
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	if info.Key != key || info.Size != int64(len(body)) || info.ETag == "" {
		t.Fatalf("put %s: got %+v", key, info)
	}
	return info
}

func keyOf(i int) string { return fmt.Sprintf("many/%02d/%04d.json", i%7, i) }
