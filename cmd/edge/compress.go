package main

import (
	"net/http"
	"slices"
	"strings"

	codings "facet/serve/wire"
)

// defaultCompression is what holds where nothing is said.
func defaultCompression() compressionConfig {
	c := compressionConfig{Min: codings.Min}
	for _, coding := range codings.Codings() {
		c.Codings = append(c.Codings, string(coding))
	}
	return c
}

// compressed encodes what h answers, as requests ask for.
func (f *front) compressed(h http.Handler) http.Handler { return f.compression.handler(h, false) }

// handler puts the encoder in front of h. Of streams it is not known which views they answer when they begin.
func (c *compressionConfig) handler(h http.Handler, streams bool) http.Handler {
	if c.Off {
		return h
	}
	o := codings.Options{Min: int(c.Min)}
	for _, coding := range c.Codings {
		o.Codings = append(o.Codings, codings.Coding(coding))
	}
	if len(c.Never) > 0 {
		o.Plain = func(r *http.Request) bool { return c.plain(r, streams) }
	}
	return codings.New(h, o)
}

// plain says whether an answer is one of those that are never compressed. The protocols have said by then what it answers.
func (c *compressionConfig) plain(r *http.Request, stream bool) bool {
	device, schema, _ := routeOf(r.URL.Path)
	route := device + "/" + schema
	if slices.Contains(c.Never, device) || slices.Contains(c.Never, route) {
		return true
	}
	if stream {
		return slices.ContainsFunc(c.Never, func(never string) bool { return strings.HasPrefix(never, route+"/") })
	}
	x := exchangeOf(r.Context())
	if x == nil {
		return false
	}
	for _, root := range x.outcome.Roots {
		if slices.Contains(c.Never, route+"/"+rootName(root)) {
			return true
		}
	}
	return false
}

// checkCompression says what is wrong with a compression.
func checkCompression(c *compressionConfig, wrong complain) {
	var known []string
	for _, coding := range codings.Codings() {
		known = append(known, string(coding))
	}
	for i, coding := range c.Codings {
		if !slices.Contains(known, coding) {
			wrong("serve.compression.codings", didYouMean(coding, known), "it has some of %s, not %q", strings.Join(known, ", "), coding)
		} else if slices.Contains(c.Codings[:i], coding) {
			wrong("serve.compression.codings", "", "%s stands in it twice", coding)
		}
	}
	if c.Min <= 0 {
		wrong("serve.compression.min", "", "it must be above 0")
	}
	for _, never := range c.Never {
		if parts := strings.Split(never, "/"); len(parts) > 3 || slices.Contains(parts, "") {
			wrong("serve.compression.never", "write tv, tv/v3 or tv/v3/account", "%q is no device, schema or view", never)
		}
	}
}
