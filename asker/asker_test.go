package asker

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
)

func TestFromRequest(t *testing.T) {
	demo := Settings{TrustHeaders: true, Default: Viewer{ID: "demo", Profile: "demo", Profiles: []string{"demo"}, SignedIn: true}, Region: "eu-1"}
	tests := []struct {
		name     string
		settings Settings
		headers  [][2]string
		path     string
		want     string
	}{
		{"the default viewer", demo, nil, "viewer.profile.id", `"demo"`},
		{"nobody", Settings{}, nil, "viewer.id", `null`},
		{"nobody's profiles", Settings{}, nil, "viewer.profiles", `[]`},
		{"headers that are not trusted", Settings{}, [][2]string{{HeaderViewer, "eve"}}, "viewer.id", `null`},
		{"a trusted viewer", demo, [][2]string{{HeaderViewer, "ann"}}, "viewer.id", `"ann"`},
		{"a trusted viewer has no profile of the default's", demo, [][2]string{{HeaderViewer, "ann"}}, "viewer.profiles", `["ann"]`},
		{"a profile joins the profiles", demo, [][2]string{{HeaderViewer, "ann"}, {HeaderProfiles, "a, b"}, {HeaderProfile, "c"}}, "viewer.profiles", `["a","b","c"]`},
		{"a form", demo, [][2]string{{HeaderForm, "projector"}}, "device.form", `"projector"`},
		{"the form is the device", demo, nil, "device.form", `"tv"`},
		{"cells", demo, [][2]string{{HeaderCells, "dense=b, art=c"}}, "cell:art", `"c"`},
		{"a cell nobody set", demo, nil, "cell:art", `null`},
		{"a locale", demo, [][2]string{{"Accept-Language", "de-CH,de;q=0.8"}}, "locale", `"de-CH"`},
		{"the nearest locale", Settings{Locales: []string{"en-US", "de"}}, [][2]string{{"Accept-Language", "de-CH"}}, "locale", `"de"`},
		{"a locale that is nonsense", demo, [][2]string{{"Accept-Language", "§§"}}, "locale", `"en-US"`},
		{"signed in", demo, nil, "viewer.signedIn", `true`},
		{"a region", demo, nil, "region", `"eu-1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			for _, h := range tt.headers {
				r.Header.Set(h[0], h[1])
			}
			a, err := tt.settings.FromRequest(r, "tv", nil)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := a.Value(tt.path)
			if !ok {
				t.Fatalf("%s is not a context path", tt.path)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMalformedHeaders(t *testing.T) {
	s := Settings{TrustHeaders: true}
	for _, h := range [][2]string{{HeaderCells, "dense"}, {HeaderCells, "=b"}, {HeaderProfiles, " , "}, {HeaderViewer, "a\x01b"}} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[h[0]] = []string{h[1]}
		if _, err := s.FromRequest(r, "tv", nil); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %q: got %v, want an invalid error", h[0], h[1], err)
		}
	}
	a := &Asker{}
	if _, ok := a.Value("viewer.shoeSize"); ok {
		t.Error("a path that does not exist has a value")
	}
}

func TestArmsAreSharesAndStick(t *testing.T) {
	e := Experiment{Name: "dense", Salt: "s1", Arms: []string{"a", "b"}, Weights: []uint32{3, 1}}
	n := map[string]int{}
	for i := range 20_000 {
		unit := fmt.Sprint("viewer-", i)
		arm := e.Arm(unit)
		if again := e.Arm(unit); again != arm {
			t.Fatalf("%s moved from %s to %s", unit, arm, again)
		}
		n[arm]++
	}
	if share := float64(n["b"]) / 20_000; share < 0.24 || share > 0.26 {
		t.Errorf("b has a share of %.3f, want 0.25", share)
	}
	if got := e.Arm(""); got != "" {
		t.Errorf("nobody is in arm %q", got)
	}
	if got := (&Experiment{Name: "x", Arms: []string{"a"}, Weights: []uint32{0}}).Arm("u"); got != "" {
		t.Errorf("an experiment without weight gave arm %q", got)
	}
}
