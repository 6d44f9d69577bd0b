package catalog_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/catalog"
	"facet/fault"
	"facet/release"
	"facet/storage"
)

func in(dir, name string) func(*catalog.Config[*opened]) {
	return func(c *catalog.Config[*opened]) { c.Dir, c.Instance = dir, name }
}

// TestAnHourWithoutStorage: the store is down, then hangs, for an hour; instances serve on, one of them is restarted four times
// from its copy, and not one request finds nothing.
func TestAnHourWithoutStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		one, _ := r.make("home@1", "player@1")
		r.point(one, time.Time{})
		steady := r.start(in(t.TempDir(), "i1"))
		defer steady.stop()
		dir := t.TempDir()
		other := r.start(in(dir, "i2"))
		two, _ := r.make("home@2", "player@1")
		r.point(two, time.Time{})
		tick()
		began, asked := time.Now(), 0
		for second := range 3600 {
			switch second % 1200 {
			case 0:
				r.state.Store(down)
			case 600:
				r.state.Store(hung)
			case 300, 900: // a fleet sends a restarted instance requests once it is ready
				other.stop()
				other = r.start(in(dir, "i2"))
				for wait := 0; !other.Status().Ready(); wait++ {
					if wait > 50 {
						t.Fatalf("a restarted instance is not ready after 5 s: %+v", other.Status())
					}
					time.Sleep(100 * time.Millisecond)
				}
				if s := other.Status(); !s.Copy || s.Trouble == nil || s.Looked.After(began) || s.Looked.Before(began.Add(-20*time.Second)) {
					t.Errorf("a restarted instance says %+v; the store was last there about %v", s, began)
				}
			}
			for _, i := range []*instance{steady, other} {
				o, leave, ok := i.Acquire()
				if !ok || o.digest != two {
					t.Fatalf("after %v: %v", time.Since(began), o)
				}
				leave()
				asked++
			}
			time.Sleep(time.Second)
		}
		if s := steady.Status(); time.Since(s.Looked) < time.Hour || s.Trouble == nil || s.Copy {
			t.Errorf("after an hour it says %+v", s)
		}
		r.state.Store(up)
		three, _ := r.make("home@3", "player@1")
		r.point(three, time.Time{})
		time.Sleep(10 * time.Second) // a look that hangs ends by itself
		synctest.Wait()
		for _, i := range []*instance{steady, other} {
			i.serves(three)
			if s := i.Status(); s.Copy || s.Trouble != nil || time.Since(s.Looked) > time.Second {
				t.Errorf("with the store back: %+v", s)
			}
		}
		other.stop()
		t.Logf("%d requests in %v, none failed", asked, time.Since(began))
	})
}

// TestSpoiltCopy: each file of the copy is cut short or changed by a bit, the store gone or not. What is served is a release
// that was served before, whole, or nothing.
func TestSpoiltCopy(t *testing.T) {
	for _, gone := range []bool{true, false} {
		for _, how := range []string{"cut", "flipped", "emptied", "deleted"} {
			t.Run(fmt.Sprintf("%s, store gone %v", how, gone), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRegion(t)
					first := t.TempDir()
					one, _ := r.make("home@1", "player@1")
					two, _ := r.make("home@2", "player@1")
					r.point(one, time.Time{})
					i := r.start(in(first, "i1"))
					r.point(two, time.Time{})
					tick()
					i.stop()
					files, err := filepath.Glob(filepath.Join(first, "*"))
					if err != nil {
						t.Fatal(err)
					}
					objects, _ := filepath.Glob(filepath.Join(first, "objects", "*"))
					served := map[string]int{}
					for _, file := range append(files, objects...) {
						if info, err := os.Stat(file); err != nil || info.IsDir() || filepath.Base(file) == "lock" {
							continue
						}
						dir := t.TempDir()
						if err := os.CopyFS(dir, os.DirFS(first)); err != nil {
							t.Fatal(err)
						}
						spoil(t, filepath.Join(dir, strings.TrimPrefix(file, first)), how)
						r.state.Store(up)
						if gone {
							r.state.Store(down)
						}
						again := r.start(in(dir, "i1"))
						got := again.Status().Release
						served[got]++
						switch {
						case !gone && got != two:
							t.Errorf("%s: serves %q with the store there", file, got)
						case gone && got == "" && again.Status().Trouble == nil:
							t.Errorf("%s: serves nothing and does not say why", file)
						}
						again.serves(got)
						again.stop()
					}
					// Of the ten files, the graph and one build belong to both releases: without them there is nothing to fall back to.
					want := map[string]int{two: 10}
					if gone {
						want = map[string]int{two: 10 - served[one] - 2, one: served[one], "": 2}
					}
					if diff := cmp.Diff(want, served); diff != "" || gone && served[one] < 3 {
						t.Errorf("served by how many spoilt copies (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

func spoil(t *testing.T, file, how string) {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	switch how {
	case "deleted":
		err = os.Remove(file)
	case "emptied":
		err = os.WriteFile(file, nil, 0o600)
	case "cut":
		err = os.WriteFile(file, body[:len(body)/2], 0o600)
	case "flipped":
		body[len(body)/2] ^= 4
		err = os.WriteFile(file, body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDiskThatTakesNothing: an instance whose copy cannot be written serves on, says so, and completes the copy when it can.
func TestDiskThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		dir := t.TempDir()
		one, _ := r.make("home@1")
		two, _ := r.make("home@2")
		r.point(one, time.Time{})
		i := r.start(in(dir, "i1"))
		i.serves(one)
		// The folder is another kind of thing than it should be: no file can be made in it, as on a disk that is full.
		objects := filepath.Join(dir, "objects")
		if err := os.Rename(objects, objects+"-away"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(objects, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		i.events()
		r.point(two, time.Time{})
		tick()
		i.serves(two)
		if s := i.Status(); s.Uncopied == nil || s.Trouble != nil {
			t.Errorf("with a disk that takes nothing: %+v", s)
		}
		if n := strings.Count(fmt.Sprint(i.events()), "trouble "+release.Short(two)+" unavailable"); n != 1 {
			t.Errorf("told %d times, want once", n)
		}
		if ack := r.ack(); ack.Release != two || !strings.Contains(ack.Trouble, "catalog.disk") {
			t.Errorf("acknowledged %+v", ack)
		}
		if err := os.Remove(objects); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(objects+"-away", objects); err != nil {
			t.Fatal(err)
		}
		// A restart before the copy is complete comes up with what is complete: the release before.
		r.state.Store(down)
		i.stop()
		again := r.start(in(dir, "i1"))
		again.serves(one)
		r.state.Store(up)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		again.serves(two)
		if s := again.Status(); s.Uncopied != nil {
			t.Errorf("with a disk that takes objects: %+v", s)
		}
		again.stop()
		r.state.Store(down)
		last := r.start(in(dir, "i1"))
		last.serves(two)
		last.stop()
	})
}

// TestTheCopyIsCompletedLater: what could not be noted when the release became active is, without a restart or a release.
func TestTheCopyIsCompletedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		dir := t.TempDir()
		one, _ := r.make("home@1")
		r.point(one, time.Time{})
		objects := filepath.Join(dir, "objects")
		i := r.start(func(c *catalog.Config[*opened]) {
			c.Dir = dir
			open := c.Open
			c.Open = func(ctx context.Context, l *catalog.Loaded, current **opened) (*opened, error) {
				if err := os.RemoveAll(objects); err != nil { // somebody tidies up
					t.Error(err)
				}
				return open(ctx, l, current)
			}
		})
		i.serves(one)
		if s := i.Status(); s.Uncopied == nil {
			t.Error("it does not say that the copy is not complete")
		}
		if err := os.Mkdir(objects, 0o755); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if s := i.Status(); s.Uncopied != nil {
			t.Errorf("later: %+v", s)
		}
		i.stop()
		r.state.Store(down)
		again := r.start(in(dir, "i1"))
		again.serves(one)
		again.stop()
	})
}

// TestTwoInstancesInOneFolder: the second is refused, until the first ends.
func TestTwoInstancesInOneFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		dir := t.TempDir()
		i := r.start(in(dir, "i1"))
		_, err := catalog.New(catalog.Config[*opened]{Store: r.store, Env: "prod", Region: "eu", Instance: "i2", Dir: dir,
			Open: func(context.Context, *catalog.Loaded, **opened) (*opened, error) { return nil, nil }})
		if fault.KindOf(err) != fault.Conflict || fault.HintOf(err) == "" || !strings.Contains(err.Error(), "another instance") {
			t.Errorf("the second instance: %v", err)
		}
		i.stop()
		r.start(in(dir, "i2")).stop()
	})
}

// TestHeartbeat: an acknowledgement is rewritten all the time, survives a store that fails, and goes when the instance does.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		i := r.start(func(c *catalog.Config[*opened]) { c.Version = "1.2.3" })
		if ack := r.ack(); ack.Release != "" || ack.Version != "1.2.3" || ack.Started.IsZero() || ack.Trouble == "" {
			t.Errorf("before the first release: %+v", ack)
		}
		one, _ := r.make("home@1")
		r.point(one, time.Time{})
		tick()
		was := r.ack()
		if was.Release != one || was.Trouble != "" || was.Looked.IsZero() {
			t.Errorf("acknowledged %+v", was)
		}
		for range 10 {
			time.Sleep(12 * time.Second) // a tenth more than ten seconds, at most
			synctest.Wait()
			ack := r.ack()
			if gap := ack.Seen.Sub(was.Seen); gap < 9*time.Second || gap > 22*time.Second || time.Since(ack.Seen) > 11*time.Second {
				t.Errorf("a heartbeat %v after the one before, %v ago", gap, time.Since(ack.Seen))
			}
			was = ack
		}
		r.state.Store(hung)
		time.Sleep(time.Minute)
		r.state.Store(up)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if ack := r.ack(); time.Since(ack.Seen) > 11*time.Second {
			t.Errorf("after a store that hung, the last heartbeat is %v old", time.Since(ack.Seen))
		}
		i.stop()
		if _, err := r.store.Get(t.Context(), release.InstanceKey("prod", "eu", "i1"), storage.GetOptions{}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("after the end: %v, want no acknowledgement", err)
		}
	})
}
