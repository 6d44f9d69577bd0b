package asker

import (
	"net/http/httptest"
	"testing"
	"time"
)

func TestAllocatedArms(t *testing.T) {
	s := &Settings{TrustHeaders: true}
	s.Prepare()
	x := NewExperiments([]Experiment{{Name: "art", Field: "Viewer.cell", Arms: []string{"a", "b"}, Weights: []uint32{1, 1}}, {Name: "rows", Arms: []string{"a"}, Weights: []uint32{1}}})
	as := func(viewer, profile, cells string) *Asker {
		r := httptest.NewRequest("GET", "/", nil)
		for name, v := range map[string]string{HeaderViewer: viewer, HeaderProfile: profile, HeaderCells: cells} {
			if v != "" {
				r.Header.Set(name, v)
			}
		}
		a, err := s.FromRequest(r, "tv", x)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	as("ann", "kids", "").Allocated("art", "a")
	as("ann", "kids", "").Allocated("art", "b")
	as("ann", "kids", "").Allocated("rows", "b")
	as("ann", "kids", "").Allocated("none", "b")
	as("dan", "", "art=a").Allocated("art", "a") // somebody chose it: it is known with the request
	as("", "", "").Allocated("art", "b")
	for _, tt := range []struct {
		name string
		of   *Asker
		x    string
		want string
	}{
		{"the last that it was", as("ann", "kids", ""), "art", "b"},
		{"another profile's", as("ann", "ann", ""), "art", ""},
		{"another viewer's", as("bob", "kids", ""), "art", ""},
		{"a fixed one", as("ann", "kids", "art=z"), "art", "z"},
		{"not of a fixed one", as("dan", "", ""), "art", ""},
		{"a hashed one", as("ann", "kids", ""), "rows", "a"},
		{"of no experiment", as("ann", "kids", ""), "none", ""},
		{"nobody's", as("", "", ""), "art", ""},
		{"of no settings", &Asker{Viewer: Viewer{ID: "ann", Profile: "kids", SignedIn: true}, Experiments: x}, "art", ""},
	} {
		if got := tt.of.LastCell(tt.x); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestKnown(t *testing.T) {
	k := newES(t, "k")
	i := newIssuer(t)
	i.publish(k.jwk())
	now := time.Now()
	s := &Settings{Tokens: openTokens(t, TokenConfig{JWKS: i.URL, Now: func() time.Time { return now }})}
	token := k.token(t, claims())
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	if got := s.Known(r); got != "" {
		t.Errorf("%q before it was verified", got)
	}
	if _, err := ask(s, token); err != nil {
		t.Fatal(err)
	}
	if got := s.Known(r); got != "ann" {
		t.Errorf("%q of a verified token", got)
	}
	now = now.Add(24 * time.Hour)
	if got := s.Known(r); got != "" {
		t.Errorf("%q of an expired token", got)
	}
	if got := (&Settings{}).Known(r); got != "" {
		t.Errorf("%q without tokens", got)
	}
}
