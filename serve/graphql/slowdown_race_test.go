//go:build race

package graphql_test

const slowdown = 15
