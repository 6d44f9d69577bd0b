package main

import (
	"net/http"
	"net/url"
)

// straight serves GraphQL's addresses without the mux, which takes every path apart and keeps its parts.
func straight(graphql http.Handler, mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		device, schema, ok := graphqlAt(r.URL)
		if !ok {
			mux.ServeHTTP(w, r)
			return
		}
		r.SetPathValue("device", device)
		r.SetPathValue("schema", schema)
		graphql.ServeHTTP(w, r)
	})
}

// graphqlAt takes the names out of /{device}/{schema}/graphql; false where the mux would write the path in another way first.
func graphqlAt(u *url.URL) (device, schema string, ok bool) {
	if u.RawPath != "" || u.Path == "" || u.Path[0] != '/' {
		return "", "", false
	}
	device, schema, protocol := routeOf(u.Path)
	return device, schema, protocol == "graphql" && named(device) && named(schema)
}

// named says whether a part of a path is a name.
func named(part string) bool { return part != "" && part != "." && part != ".." }
