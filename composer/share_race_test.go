//go:build race

package composer_test

const share = 4
