package graphql

import (
	"net/http"
	"strings"

	"facet/composer"
	"facet/serve"
)

// cached sets what caches may do with an answer; it is true if the device has the same bytes already and has been told so.
// Only a GET's answer can be kept: caches do not know a POST's body.
func (re *reply) cached(p *composer.Part, data []byte) bool {
	h := re.w.Header()
	h[serve.ContextHeader] = re.value(&re.context, serve.ContextHash(re.c.answerer.Surface(), re.c.ask.Asker))
	if !safe(re.r.Method) || !p.Cache.Storable || len(p.Errors) > 0 || len(p.Degraded) > 0 {
		serve.NoStore(h)
		return false
	}
	if v := serve.Vary(re.c.ask.Asker, p.Cache.Reads); v != "" {
		h.Add("Vary", v)
	}
	serve.Cached(h, p.Cache)
	etag := serve.ETag(serve.Representation(data, p.Shortened))
	if re.media == mediaGraphQL { // the same bytes, another representation
		etag = strings.TrimSuffix(etag, `"`) + `g"`
	}
	h.Set("ETag", etag)
	if !serve.NotModified(re.r, etag) {
		return false
	}
	re.sent = true
	re.w.WriteHeader(http.StatusNotModified)
	re.done(http.StatusNotModified)
	return true
}
