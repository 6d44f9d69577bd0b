package main

// leastCall is the memory of a call below which the engine's own work breaks the limit.
const leastCall = 64 << 10

// checkScripts says what is wrong with the bounds of scripts, and with when they quarantine.
func checkScripts(c *scriptsConfig, wrong complain) {
	if c.Memory > 0 && c.Memory < leastCall {
		wrong("scripts.memory", "", "a call needs %v", byteSize(leastCall))
	}
	if c.RequestCPU > 0 && c.RequestCPU < c.CPU {
		wrong("scripts.requestCPU", "", "%s is less than what one call may take: scripts.cpu is %s", c.RequestCPU, c.CPU)
	}
	q := &c.Quarantine
	if q.Breaks == 0 {
		wrong("scripts.quarantine.breaks", "write -1 for no quarantine", "no broken limit cannot bring about a quarantine")
	}
	if q.Within <= 0 {
		wrong("scripts.quarantine.within", "", "it must be above 0")
	}
	if q.For <= 0 {
		wrong("scripts.quarantine.for", "", "it must be above 0")
	}
	if q.Most < q.For {
		wrong("scripts.quarantine.most", "", "%s is less than the first quarantine: scripts.quarantine.for is %s", q.Most, q.For)
	}
}
