package wire

import "testing"

func TestWanted(t *testing.T) {
	all := Codings()
	for _, c := range []struct {
		header  []string
		offered []Coding
		want    Coding
		must    bool
	}{
		{[]string{"gzip, deflate, br, zstd"}, all, Zstd, false}, // Chrome
		{[]string{"gzip, deflate, br"}, all, Brotli, false},     // Safari
		{[]string{"gzip"}, all, Gzip, false},
		{[]string{"x-gzip"}, all, Gzip, false},
		{[]string{"GZIP"}, all, Gzip, false},
		{[]string{""}, all, "", false},
		{[]string{"deflate"}, all, "", false},
		{[]string{"identity"}, all, "", false},
		{[]string{"gzip;q=0"}, all, "", false},
		{[]string{"gzip;q=0.0, br;q=0.000"}, all, "", false},
		{[]string{"br;q=0.5, gzip;q=0.9"}, all, Gzip, false},
		{[]string{"br;q=0.9, gzip;q=0.9"}, all, Brotli, false},
		{[]string{"gzip;q=0.001"}, all, Gzip, false},
		{[]string{"identity;q=0.5, gzip;q=0.2"}, all, "", false},
		{[]string{"identity;q=0.5, gzip;q=0.5"}, all, Gzip, false},
		{[]string{"identity;q=0, gzip;q=0.5"}, all, Gzip, true},
		{[]string{"gzip, *;q=0"}, all, Gzip, true},
		{[]string{"*;q=0"}, all, "", false},
		{[]string{"*"}, all, Zstd, false},
		{[]string{"*, zstd;q=0"}, all, Brotli, false},
		{[]string{"*;q=0.3, gzip;q=0.4"}, all, Gzip, false},
		{[]string{"gzip", "br"}, all, Brotli, false}, // two lines are one list
		{[]string{"gzip;q=2, br;q=x, zstd;q=-1"}, all, "", false},
		{[]string{"br;q=NaN"}, all, "", false},
		{[]string{" , ,gzip ; Q=0.7,"}, all, Gzip, false},
		{[]string{"gzip, br, zstd"}, []Coding{Gzip}, Gzip, false},
		{[]string{"gzip, br, zstd"}, []Coding{Gzip, Brotli}, Gzip, false},
		{[]string{"zstd"}, []Coding{Gzip}, "", false},
	} {
		got := wanted(c.header, c.offered)
		if got.best != c.want || got.must != c.must {
			t.Errorf("%q of %v: %q %v, want %q %v", c.header, c.offered, got.best, got.must, c.want, c.must)
		}
	}
}

func FuzzWanted(f *testing.F) {
	for _, s := range []string{"gzip, deflate, br, zstd", "gzip;q=0.5,*;q=0", ";;,=q", "identity;q=0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w := wanted([]string{s}, Codings())
		if w.best != "" && !w.accepts(w.best) {
			t.Errorf("%q: %q is best and not accepted", s, w.best)
		}
	})
}

func TestTags(t *testing.T) {
	for _, c := range Codings() {
		tag := coded(`"ab12"`, c)
		if want := `W/"ab12-` + string(c) + `"`; tag != want {
			t.Errorf("%s: %s", c, tag)
		}
		if base, of := uncoded(tag); base != `"ab12"` || of != c {
			t.Errorf("%s: %s %s", tag, base, of)
		}
	}
	for _, tag := range []string{`"ab12"`, `"ab-12"`, `*`, ``, `"`, `"x-gzip`, `W/"ab12"`} {
		if base, of := uncoded(tag); base != tag || of != "" {
			t.Errorf("%q: %q %q", tag, base, of)
		}
	}
}
