package composer

// PlanBytesOf is about what they take.
func PlanBytesOf(e *Engine) int { return e.plans.bytes }

// PlansOf counts the plans that an engine keeps, one by one.
func PlansOf(e *Engine) int {
	e.plans.mu.Lock()
	defer e.plans.mu.Unlock()
	n, size := 0, 0
	for _, el := range e.plans.byID {
		for _, p := range el.Value.(*planEntry).variants {
			n, size = n+1, size+p.size()
		}
	}
	if n != e.plans.plans || size != e.plans.bytes {
		panic("the plans are counted wrongly")
	}
	return n
}

// Blind makes keys lack a header: what would then be answered with another's data has to be seen.
func Blind(l *Loaders, header string) { l.blind = header }

// Deaf makes writes not be told to the cache: what was kept before them would then be answered.
func Deaf(l *Loaders) { l.cache = nil }
