package main

import (
	"net/http"

	"facet/serve/explain"
)

// explained answers ?explain=1 where the environment allows it.
func (f *front) explained(h http.Handler) http.Handler { return explain.Handler(f.explain, h) }
