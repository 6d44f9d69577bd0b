//go:build race

package asker

const raced = true
