package catalog_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"facet/catalog"
)

// TestEnd: what the end cancels is no trouble; what a store that hangs costs is.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		one, _ := r.make("home@1")
		r.point(one, time.Time{})
		i := r.start(nil)
		tick()
		i.events()
		r.state.Store(hung)
		time.Sleep(time.Second) // into a look
		i.stop()
		if told := i.events(); len(told) > 0 {
			t.Errorf("told at the end: %q", told)
		}
		if s := i.Status(); s.Trouble != nil {
			t.Errorf("trouble: %v", s.Trouble)
		}

		r.state.Store(up)
		i = r.start(nil)
		tick()
		i.events()
		r.state.Store(hung)
		time.Sleep(30 * time.Second)
		if told := i.events(); len(told) != 1 || !strings.HasPrefix(told[0], "trouble") {
			t.Errorf("told of a store that hangs: %q", told)
		}
		i.stop()

		r.state.Store(up)
		two, _ := r.make("home@2")
		warming := make(chan struct{})
		i = r.start(func(c *catalog.Config[*opened]) {
			c.Warm = func(ctx context.Context, o *opened) error {
				if o.digest == two {
					close(warming)
					<-ctx.Done()
				}
				return ctx.Err()
			}
		})
		tick()
		r.point(two, time.Time{})
		<-warming
		i.events()
		i.stop()
		if told := i.events(); len(told) > 0 {
			t.Errorf("told at the end of a warm-up: %q", told)
		}
	})
}
