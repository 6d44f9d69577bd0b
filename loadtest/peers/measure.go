package peers

import (
	"context"
	"fmt"
	"time"

	"facet/internal/child"
)

// warm asks until compilers, pools and caches have what they want.
func (r *running) warm(ctx context.Context) error {
	fmt.Fprintf(r.options.Log, "peers: warming, %v each\n", r.options.Warm)
	return r.each(ctx, 0, func(t *target, _ *Row) error {
		_, err := t.closed(ctx, 0, r.options.Abreast, r.options.Warm)
		return err
	})
}

// rounds measure processor time, by turns: each round begins with another server.
func (r *running) rounds(ctx context.Context) error {
	for round := range r.options.Rounds {
		if err := r.each(ctx, round, func(t *target, row *Row) error { return r.round(ctx, t, row) }); err != nil {
			return err
		}
		fmt.Fprintf(r.options.Log, "peers: round %d of %d:", round+1, r.options.Rounds)
		for _, row := range r.report.Rows {
			if row.Missing == "" {
				fmt.Fprintf(r.options.Log, " %s %.2f", row.Peer, row.CPU[len(row.CPU)-1])
			}
		}
		fmt.Fprintln(r.options.Log, " (CPU ms a page)")
	}
	return nil
}

func (r *running) round(ctx context.Context, t *target, row *Row) error {
	n := float64(r.options.Requests)
	called, err := r.called(ctx)
	if err != nil {
		return err
	}
	before, err := child.Used(t.process.cmd.Process.Pid)
	if err != nil {
		return err
	}
	if _, err := t.closed(ctx, r.options.Requests, r.options.Abreast, 0); err != nil {
		return err
	}
	after, err := child.Used(t.process.cmd.Process.Pid)
	if err != nil {
		return err
	}
	now, err := r.called(ctx)
	if err != nil {
		return err
	}
	row.CPU = append(row.CPU, (after.CPU-before.CPU).Seconds()*1000/n)
	row.busy = append(row.busy, float64(now-called)/n)
	row.MiB = max(row.MiB, float64(after.Resident)/(1<<20))
	return nil
}

// latency asks at a fixed rate while the tiers take their time.
func (r *running) latency(ctx context.Context) error {
	if r.options.Late == 0 {
		return nil
	}
	var ok bool
	if err := control(ctx, r.world.Control+"/delay?of="+r.options.Delay.String(), &ok); err != nil {
		return err
	}
	fmt.Fprintf(r.options.Log, "peers: %d requests each at %.0f a second, tiers held for %v\n", r.options.Late, r.options.Rate, r.options.Delay)
	err := r.each(ctx, 0, func(t *target, row *Row) error {
		if _, err := t.closed(ctx, 8, 2, 0); err != nil {
			return err
		}
		times, err := t.open(ctx, r.options.Late, r.options.Rate)
		row.P50, row.P99 = at(times, 0.50), at(times, 0.99)
		return err
	})
	if err != nil {
		return err
	}
	return control(ctx, r.world.Control+"/delay?of=0s", &ok)
}

// saturation asks each for all that it has.
func (r *running) saturation(ctx context.Context) error {
	if r.options.Saturate == 0 {
		return nil
	}
	fmt.Fprintf(r.options.Log, "peers: as fast as each answers, %v\n", r.options.Saturate)
	return r.each(ctx, 0, func(t *target, row *Row) error {
		began := time.Now()
		n, err := t.closed(ctx, 0, saturating, r.options.Saturate)
		row.PerSecond = float64(n) / time.Since(began).Seconds()
		if u, err := child.Used(t.process.cmd.Process.Pid); err == nil {
			row.MiB = max(row.MiB, float64(u.Resident)/(1<<20))
		}
		return err
	})
}
