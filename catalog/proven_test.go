package catalog_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"facet/catalog"
)

// TestProven: what a program opened it need not open again to know that it can, after a restart; another program does, and so does this one
// with another release.
func TestProven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		one, _ := r.make("a@1.0.0", "b@1.0.0")
		two, _ := r.make("a@1.0.0", "b@1.0.1")
		r.point(one, time.Time{})
		dir := t.TempDir()
		serve := func(program, want string) (proven bool) {
			i := r.start(func(c *catalog.Config[*opened]) {
				c.Dir, c.Program = dir, program
				open := c.Open
				c.Open = func(ctx context.Context, l *catalog.Loaded, now **opened) (*opened, error) {
					proven = l.Proven
					for d := range l.Release.Builds {
						if b, err := l.Build(d); err != nil || b.Digest() != d {
							t.Errorf("%s: %v", d, err)
						}
					}
					return open(ctx, l, now)
				}
			})
			time.Sleep(2 * time.Second)
			if s := i.Status(); s.Release != want {
				t.Fatalf("%+v", s)
			}
			i.stop()
			<-i.done
			return proven
		}
		for _, step := range []struct {
			program, release string
			proven           bool
		}{{"p1", one, false}, {"p1", one, true}, {"p2", one, false}, {"p2", one, true}, {"", one, false}, {"p2", two, false}, {"p2", two, true}} {
			if step.release == two && r.last.Release != two {
				r.point(two, time.Time{})
			}
			if got := serve(step.program, step.release); got != step.proven {
				t.Errorf("%q with %.12s: proven is %v, want %v", step.program, step.release, got, step.proven)
			}
		}
	})
}
