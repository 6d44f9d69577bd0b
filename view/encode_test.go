package view_test

import (
	"strings"
	"testing"

	"facet/fault"
	"facet/view"
	"facet/view/viewtest"

	"github.com/google/go-cmp/cmp"
)

func TestEncodeIsStable(t *testing.T) {
	first, err := viewtest.Home().Encode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := view.Decode(first)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(first), string(again)); d != "" {
		t.Errorf("decoded and encoded again, -first +again:\n%s", d)
	}
	if d := cmp.Diff(viewtest.Home().String(), b.String()); d != "" {
		t.Errorf("print after decoding:\n%s", d)
	}
	if got, want := b.Digest(), viewtest.Home().Digest(); got != want || !strings.HasPrefix(got, "sha256:") {
		t.Errorf("digest %q, want %q", got, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, edit := range map[string]func(b *view.Build){
		"format":             func(b *view.Build) { b.Format = 99 },
		"later value":        func(b *view.Build) { b.Views[0].Scope.Values[1].Of = 30 },
		"value out of range": func(b *view.Build) { b.Views[0].Output.Fields[0].Output.Value = 999 },
		"negative value":     func(b *view.Build) { b.Views[0].Output.Fields[0].Output.Value = -7 },
		"function":           func(b *view.Build) { b.Funcs = nil },
		"unknown op":         func(b *view.Build) { b.Views[0].Scope.Values[0].Op = "eval" },
		"unknown kind":       func(b *view.Build) { b.Views[0].Output.Kind = "blob" },
		"name":               func(b *view.Build) { b.Views[0].Name = "a b" },
		"introspection name": func(b *view.Build) { b.Shapes[0].Name = "__Card" },
		"field twice":        func(b *view.Build) { f := b.Views[0].Output.Fields; f[1] = f[0] },
		"shape":              func(b *view.Build) { b.Shapes = b.Shapes[1:] },
		"argument":           func(b *view.Build) { b.Views[1].Args[0].Name = "other" },
		"argument twice":     func(b *view.Build) { a := b.Mutations[0].Args; a[1] = a[0] },
		"effect in a view":   func(b *view.Build) { b.Views[0].Scope = b.Mutations[0].Scope },
		"each":               func(b *view.Build) { b.Views[0].Output.Fields[2].Output.Each = 1 },
		"subject":            func(b *view.Build) { b.Shapes[0].Subject = view.None },
		"warm-up":            func(b *view.Build) { b.Warmups[0].View = "gone" },
		"no output":          func(b *view.Build) { b.Views[0].Output = nil },
		"nil shape":          func(b *view.Build) { b.Shapes[0] = nil },
		"default":            func(b *view.Build) { b.Views[3].Args[1].Default = []byte("{") },
	} {
		t.Run(name, func(t *testing.T) {
			b := viewtest.Home()
			edit(b)
			if _, err := b.Encode(); fault.KindOf(err) != fault.Internal {
				t.Errorf("Encode: %v, want an internal error", err)
			}
		})
	}
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "{", "another value": "[]", "unknown field": `{"format":1,"colour":1}`, "two": `{"format":1}{}`,
		"deep": strings.Repeat(`{"views":[`, 20_000), "deep type": `{"format":1,"objects":[{"name":"A","fields":[{"name":"a","type":` + strings.Repeat(`{"Elem":`, 200) + `{}` + strings.Repeat("}", 200) + `}]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := view.Decode([]byte(text)); fault.KindOf(err) != fault.Invalid {
				t.Errorf("got %v, want an invalid error", err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	good, err := viewtest.Home().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":1,"views":[{"name":"a","scope":{"values":[{"op":"query","of":-1}]},"output":{"kind":"leaf","value":0,"type":{"Name":"Int"}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := view.Decode(data)
		if err != nil {
			return
		}
		first, err := b.Encode()
		if err != nil {
			t.Fatalf("decoded but not encoded: %v", err)
		}
		again, err := view.Decode(first)
		if err != nil {
			t.Fatalf("encoded but not decoded: %v", err)
		}
		if second, err := again.Encode(); err != nil || string(second) != string(first) {
			t.Fatalf("encoding is not stable: %v", err)
		}
		_ = b.String()
		if s, diags := view.NewSurface("tv", "v1", b); !diags.Failed() {
			loadSDL(t, s.SDL())
			loadSDL(t, s.InputSDL())
			if _, err := s.OpenAPI(view.API{Title: "t"}); err != nil {
				t.Fatal(err)
			}
			_ = s.Paths().String()
			if c := view.Diff(s, s); len(c) > 0 {
				t.Fatalf("a surface differs from itself: %v", c)
			}
		}
	})
}
