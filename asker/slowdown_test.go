//go:build !race

package asker

// raced says that the race detector is on, under which counting takes ten times as long.
const raced = false
