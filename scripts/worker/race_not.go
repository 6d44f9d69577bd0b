//go:build !race

package worker

// instrumented is false: see race.go.
const instrumented = false
