package http_test

import (
	nethttp "net/http"
	"strings"
	"testing"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/http"
)

// TestUsedKey: what a tier refuses as it refuses a used Idempotency-Key says so; without a key it does not.
func TestUsedKey(t *testing.T) {
	for _, c := range []struct {
		header, key string
		status      int
		says        bool
	}{
		{"Idempotency-Key", "k", 422, true},
		{"Idempotency-Key", "", 422, false},
		{"", "k", 422, false}, // it is not sent
		{"Idempotency-Key", "k", 400, false},
	} {
		op := &graph.Operation{ID: "films.m", HTTP: &graph.HTTP{Method: "PUT", Path: path("/x"), IdempotencyHeader: c.header}}
		tier := one(t, op, http.Settings{}, func(w nethttp.ResponseWriter, _ *nethttp.Request) { w.WriteHeader(c.status) })
		_, err := tier.Call(t.Context(), &tiers.Call{Operation: op, Idempotency: c.key})
		if fault.KindOf(err) != fault.Invalid || strings.Contains(fault.Public(err), "its Idempotency-Key was used for another one") != c.says {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
