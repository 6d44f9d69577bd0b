package storagetest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/storage"
)

const writers = 16

// race runs the writers at once and returns who won; the others must have lost by a Conflict.
func race(t *testing.T, write func(i int) error) []int {
	t.Helper()
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, writers)
	for i := range writers {
		wg.Go(func() {
			<-start
			errs[i] = write(i)
		})
	}
	close(start)
	wg.Wait()
	var won []int
	for i, err := range errs {
		switch {
		case err == nil:
			won = append(won, i)
		case fault.KindOf(err) != fault.Conflict:
			t.Errorf("writer %d: %v, want a conflict", i, err)
		}
	}
	return won
}

func raceCreate(t *testing.T, s storage.Store) {
	for round := range 5 {
		key := fmt.Sprintf("race/create-%d", round)
		won := race(t, func(i int) error {
			_, err := s.Put(t.Context(), key, []byte(strconv.Itoa(i)), storage.PutOptions{IfAbsent: true})
			return err
		})
		winner(t, s, key, won)
	}
}

func raceReplace(t *testing.T, s storage.Store) {
	etag := must(t, s, "race/replace", []byte("start"), storage.PutOptions{}).ETag
	for round := range 5 {
		won := race(t, func(i int) error {
			_, err := s.Put(t.Context(), "race/replace", fmt.Appendf(nil, "%d round %d", i, round), storage.PutOptions{IfMatch: etag})
			return err
		})
		etag = winner(t, s, "race/replace", won)
	}
}

func winner(t *testing.T, s storage.Store, key string, won []int) string {
	t.Helper()
	obj, err := s.Get(t.Context(), key, storage.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(won) != 1 {
		t.Fatalf("writers %v won, want exactly one", won)
	}
	if first, _, _ := bytes.Cut(obj.Body, []byte(" ")); string(first) != strconv.Itoa(won[0]) {
		t.Errorf("writer %d won, but the object is %q", won[0], obj.Body)
	}
	return obj.ETag
}

func raceUpdate(t *testing.T, s storage.Store) {
	won := race(t, func(i int) error {
		_, err := storage.Update(t.Context(), s, "race/list", storage.UpdateOptions{Attempts: 100}, func(old []byte) ([]byte, error) {
			return append(bytes.Clone(old), byte('a'+i)), nil
		})
		return err
	})
	obj, err := s.Get(t.Context(), "race/list", storage.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(obj.Body)
	if string(obj.Body) != "abcdefghijklmnop" || len(won) != writers {
		t.Errorf("%d updates succeeded and left %q, want each once", len(won), obj.Body)
	}
}

// wholeObjects reads while two lengths of one object take turns: neither a
// mixture nor an ETag of the other one may be seen.
func wholeObjects(t *testing.T, s storage.Store) {
	bodies := [][]byte{bytes.Repeat([]byte("a"), 200_000), bytes.Repeat([]byte("b"), 3)}
	etags := map[string]int{}
	for i, body := range bodies {
		etags[must(t, s, "turns", body, storage.PutOptions{}).ETag] = i
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 30 {
			if _, err := s.Put(t.Context(), "turns", bodies[i%2], storage.PutOptions{}); err != nil {
				t.Errorf("put: %v", err)
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			for range 30 {
				obj, err := s.Get(t.Context(), "turns", storage.GetOptions{})
				if err != nil {
					t.Errorf("get: %v", err)
					continue
				}
				if i, known := etags[obj.ETag]; !known || !bytes.Equal(obj.Body, bodies[i]) {
					t.Errorf("got %d bytes under ETag %s, which no write left", len(obj.Body), obj.ETag)
				}
			}
		})
	}
	wg.Wait()
}

func list(t *testing.T, s storage.Store) {
	want := []string{"many-a", "many.b", "many/a-b", "many/a.b", "many/a/b", "many/a0", "many0"}
	for i := range 1100 {
		want = append(want, keyOf(i))
	}
	var wg sync.WaitGroup
	queue := make(chan string)
	for range 8 {
		wg.Go(func() {
			for key := range queue {
				if _, err := s.Put(t.Context(), key, []byte(key), storage.PutOptions{}); err != nil {
					t.Errorf("put %s: %v", key, err)
				}
			}
		})
	}
	for _, key := range want {
		queue <- key
	}
	close(queue)
	wg.Wait()
	slices.Sort(want)

	check := func(prefix string, want []string) {
		t.Helper()
		var got []string
		for info, err := range s.List(t.Context(), prefix) {
			if err != nil {
				t.Fatalf("list %q: %v", prefix, err)
			}
			if info.Size != int64(len(info.Key)) || info.ETag == "" || info.Modified.IsZero() {
				t.Errorf("list %q: %+v lacks what a list says", prefix, info)
			}
			got = append(got, info.Key)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("list %q (-want +got):\n%s", prefix, diff)
		}
	}
	check("", want)
	check("many/", want[slices.Index(want, "many/00/0000.json"):slices.Index(want, "many0")])
	check("many/a", []string{"many/a-b", "many/a.b", "many/a/b", "many/a0"})
	check("nothing/", nil)

	n := 0
	for _, err := range s.List(t.Context(), "many/") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 5 {
			break
		}
	}
	if n != 5 {
		t.Errorf("a list that is broken off gave %d keys, want 5", n)
	}
}
