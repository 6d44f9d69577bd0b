//go:build !race

package scripts

// slowdown is how much longer bars of time are here.
const slowdown = 1
