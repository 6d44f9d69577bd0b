package guard

import "sync/atomic"

// A budget is a token bucket that calls fill and retries empty; it needs no clock.
type budget struct {
	tokens atomic.Int64 // thousandths of a retry
	add    int64
	burst  int64
}

func newBudget(s Settings) *budget {
	b := &budget{add: int64(s.BudgetRatio * 1000), burst: int64(s.BudgetBurst) * 1000}
	b.tokens.Store(b.burst)
	return b
}

// earn notes a first attempt. A full bucket costs one load.
func (b *budget) earn() {
	if t := b.tokens.Load(); t < b.burst {
		b.tokens.CompareAndSwap(t, min(t+b.add, b.burst)) // losing a race loses a tenth of a retry
	}
}

// take takes a retry, or says that there is none left.
func (b *budget) take() bool {
	for {
		t := b.tokens.Load()
		if t < 1000 {
			return false
		}
		if b.tokens.CompareAndSwap(t, t-1000) {
			return true
		}
	}
}
