//go:build !race

package composer_test

// share is by how much less is asked where the race detector makes everything ten times as slow.
const share = 1
