package graphql

import (
	"net/http"
	"slices"
	"testing"
)

// FuzzPayload reads what clients say in connection_init and subscribe: it sets no header but those that may be said, to no value that
// is none.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{``, `null`, `[]`, `{"headers":{"Facet-Viewer":"ann"}}`, `{"facet-profile":"kids","x":1}`, `{"headers":7}`,
		`{"authorization":"a\nb"}`, `{"extensions":{"idempotencyKey":"k"}}`, `{"extensions":{"idempotencyKey":"k\r\n"}}`, `{"extensions":[]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		h := http.Header{}
		initHeaders(h, payload)
		for name, values := range h {
			if !slices.Contains(saying, name) || len(values) != 1 || !printable(values[0]) {
				t.Errorf("%q says %s: %q", payload, name, values)
			}
		}
		if key := idempotency("1", payload); !printable(key) {
			t.Errorf("%q has the key %q", payload, key)
		}
	})
}
