package composer

// Size is about how many bytes the Engine's plans take, for whoever decides which Engines stay.
func (e *Engine) Size() int {
	e.plans.mu.Lock()
	defer e.plans.mu.Unlock()
	return e.plans.bytes
}
