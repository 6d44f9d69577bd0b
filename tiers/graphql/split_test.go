package graphql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// FuzzSplit holds split against encoding/json: what is JSON is split as it says, and nothing else panics.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{`{"data":{"a":[1,{"b":"}\\\""}]},"errors":null}`, ` { "errors" : [ ] , "data" : "x" } `, `{}`, `{"data":1,"data":2}`, `{"data":}`, `{"data":tru`, `[]`, `{"a":"\\"}`, `{"data":[}]`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		data, errs, err := split(b)
		var want map[string]json.RawMessage
		if json.Unmarshal(b, &want) != nil || want == nil {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		for name, pair := range map[string][2][]byte{"data": {data, want["data"]}, "errors": {errs, want["errors"]}} {
			if got, want := string(pair[0]), string(pair[1]); got != want && (name != "errors" || want != "null") && !bytes.Contains(b, []byte(`\`)) {
				t.Errorf("%s: %s is %q, want %q", b, name, got, want)
			}
		}
	})
}

func TestQueriesAreBounded(t *testing.T) {
	made := 0
	s := queries{of: func([]string) *query { made++; return &query{} }}
	for range 2 {
		for i := range maxQueries + 10 {
			s.get([]string{fmt.Sprint(i)})
		}
	}
	if len(s.kept) != maxQueries || made != maxQueries+20 {
		t.Errorf("kept %d, made %d", len(s.kept), made)
	}
}
