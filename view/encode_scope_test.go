package view

import (
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// Values that are read over others are as those that are read into nothing.
func TestScopesAreReadApart(t *testing.T) {
	for _, text := range []string{
		`{"values":[{"op":"literal","name":"x","args":[{"name":"a","value":1}],"list":[1,2],"json":"1","type":{"Name":"Int","NonNull":true}},{"op":"arg","name":"y"}]}`,
		`{"values":[{"op":"query"}]}`,
		`{"values":[{"op":"list","list":[3]},{"op":"query"},{"op":"take","first":2}]}`,
		`{"values":[]}`, `{"values":null}`, `{}`, `{"values":[{"op":"query"}]}`,
	} {
		var got Scope
		var want struct {
			Values []Value `json:"values"`
		}
		if err := jsonv2.Unmarshal([]byte(text), &got, strictly); err != nil {
			t.Fatal(err)
		}
		if err := jsonv2.Unmarshal([]byte(text), &want, strictly); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want.Values, got.Values); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
}
