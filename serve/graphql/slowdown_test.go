//go:build !race

package graphql_test

// slowdown is how much longer CPU bars are here.
const slowdown = 1
