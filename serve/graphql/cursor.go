package graphql

import "strconv"

// openCursor gives the index that a cursor stands for.
func openCursor(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0
}
