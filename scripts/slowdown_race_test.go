//go:build race

package scripts

const slowdown = 15
