package tiertest

import (
	"encoding/json"
	"time"

	"facet/fault"
	"facet/tiers/fake"
)

// Fake is a Subject in memory.
func Fake() *Subject {
	w, f, ops := &World{}, fake.New(), Operations(Source())
	for id := range ops {
		f.Func(id, func(r *fake.Request) (any, error) {
			if v := w.Answer(seen(id, r)); v != nil {
				return v, nil
			}
			return nil, fault.New(fault.NotFound, "no such thing")
		})
	}
	return &Subject{Tier: f, Operations: ops, Slow: func(op string, d time.Duration) { f.Delay(op, d) },
		Break: func(op string, k fault.Kind) {
			f.Heal(op)
			if k != "" {
				f.Fail(op, Reported(k))
			}
		}}
}

func seen(id string, r *fake.Request) Input {
	in := Input{Operation: id, Keys: r.Keys(), Args: map[string]any{}, Offset: r.Page.Offset, Limit: r.Page.Limit,
		After: fake.Text(r.Page.After), Headers: map[string]string{}, Idempotency: r.Idempotency}
	for n, raw := range r.Args {
		var v any
		if len(raw) > 0 && json.Unmarshal(raw, &v) == nil {
			in.Args[n] = v
		}
	}
	for n := range r.Headers {
		in.Headers[n] = r.Headers.Get(n)
	}
	return in
}
