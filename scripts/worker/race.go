//go:build race

package worker

// instrumented says that the race detector's own memory would be counted: it is past any limit from the start.
const instrumented = true
