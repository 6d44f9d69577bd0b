package pack

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"facet/fault"
)

// versions stand at and beside every edge that the ranges below have.
var versions = strings.Fields(`0.0.0-0 0.0.0 0.0.1 0.0.2 0.0.3-beta 0.0.3 0.0.4 0.1.0-rc.1 0.1.0 0.1.9 0.2.0 0.2.3-beta.2 0.2.3 0.2.9 0.3.0
	1.0.0-alpha 1.0.0-alpha.1 1.0.0-rc.1 1.0.0-rc.2 1.0.0 1.0.1 1.1.0 1.2.0-0 1.2.0 1.2.3-alpha.3 1.2.3-alpha.7 1.2.3-beta 1.2.3 1.2.3+build.5 1.2.4-alpha 1.2.4 1.2.9
	1.3.0-0 1.3.0 1.9.9 2.0.0-0 2.0.0-rc.1 2.0.0 2.1.0 2.3.4 2.4.0 3.0.0-beta 3.0.0 4.0.0-rc.1 4.0.0 10.20.30 9007199254740991.0.0`)

// ranges is what people write, and then what they should not.
var ranges = []string{
	"", "*", "x", "X", " ", "||", "1", "1.2", "1.2.3", "=1.2.3", "v1.2.3", "= 1.2.3", "==1.2.3", "1.x", "1.X.x", "1.*", "1.2.x", "1.2.*", "x.2.3", "1.x.3",
	"^1.2.3", "^1.2", "^1", "^1.x", "^0", "^0.x", "^0.0", "^0.1", "^0.0.x", "^0.0.3", "^0.0.0", "^0.2.3", "^1.2.3-alpha.3", "^0.2.3-beta.2", "^0.0.3-beta", "^ 1.2.3", "^v1.2.3", "^*",
	"~1.2.3", "~1.2", "~1", "~0", "~0.2.3", "~1.2.3-beta", "~>1.2.3", "~> 1.2", "~*", "~1.x",
	">1", ">1.2", ">1.2.3", ">=1", ">=1.2", ">=1.2.3", "<1", "<1.2", "<1.2.3", "<=1", "<=1.2", "<=1.2.3", ">*", "<*", ">=*", "<=*", ">x", "<=x", ">1.x", "<1.x", ">=1.x", "<=1.x",
	"> 1.2.3", ">= 1.2", "<\t2", ">1.2.3-alpha.3", ">=1.0.0-rc.1", "<1.0.0-rc.2", "<=1.2.3-beta", ">=1.2.3-alpha.3 <1.2.4", "<2.0.0-0", ">=2.0.0-0",
	">=1.0.0 <2.0.0", ">=1.2 <1.3", ">1 <2", ">=1.2.3 ~1.2", "1.2 1.2.3", "^1 ^2",
	"1.2.3 - 2.3.4", "1.2 - 2.3.4", "1.2.3 - 2.3", "1.2.3 - 2", "1 - 2", "* - 2", "1.2.3 - *", "x - x", "1.2.3-alpha.3 - 1.2.4", " 1.0.0  -  2.0.0 ", "v1.0.0 - v2.0.0",
	"1 || 2", "^1.2 || ^3", "1.2.3||2.x", "1.0.0 - 1.2.0 || >2 <3", "<1 || >=3.0.0-beta", "||1", "1||", "2.0.0-rc.1 || 1",
	"1.2.3+build.5", ">=1.2.3+x", "^1.2.3+b", "1.2.3-beta+exp", "9007199254740991", "1.2.x-beta",
	// not ranges
	"latest", "1.2.3.4", "1,2", ">=1, <2", "!=1.2.3", "=>1", "1.2.", ".1", "1..2", "^", "01.2.3", "1.02.3", "1.2.3-01", "1.2.3-", "9007199254740992", "1.2 -", "- 1.2",
	"git+https://example.com/x.git", "file:../x", "workspace:^1", "npm:other@1", "1.2.3 beta", "a || 1", "^^1", "~~1", "^~1", "><1", "1.2.3-é", ">", "<", "<=", "\u00a01", "1.2-beta", "1.x.x.x",
}

// TestRange reads every range and asks it for every version, and asks npm's own semver the same.
func TestRange(t *testing.T) {
	in, err := json.Marshal(map[string]any{"ranges": ranges, "versions": versions})
	if err != nil {
		t.Fatal(err)
	}
	program := `const semver = require(process.argv[1] + "/semver"), {ranges, versions} = JSON.parse(require("fs").readFileSync(0, "utf8"));
	console.log(JSON.stringify(ranges.map(r => semver.validRange(r) === null ? ["invalid"] : versions.filter(v => semver.satisfies(v, r)))))`
	cmd := exec.Command("node", "-e", program, npmModules(t))
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want [][]string
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	for i, text := range ranges {
		var got []string
		if r, err := ParseRange(text); err != nil {
			got = []string{"invalid"}
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%q: kind %q", text, fault.KindOf(err))
			}
		} else {
			got = contained(t, r.Contains)
		}
		if d := cmp.Diff(want[i], got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%q: npm's semver -, ours +\n%s", text, d)
		}
	}
}

// npmModules is the folder of npm's own dependencies.
func npmModules(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("npm", "root", "-g").Output()
	if err != nil {
		t.Fatalf("npm, which this test compares with: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "npm", "node_modules")
}

func contained(t *testing.T, contains func(Version) bool) []string {
	var got []string
	for _, text := range versions {
		v, err := ParseVersion(text)
		if err != nil {
			t.Fatal(err)
		}
		if contains(v) {
			got = append(got, text)
		}
	}
	return got
}

// TestLibraryDiffers keeps the reasons why ranges are read here and not by the semver library:
// if a row stops holding, the library may do.
func TestLibraryDiffers(t *testing.T) {
	for _, c := range []struct {
		text, version string
		npm, library  bool
	}{
		{">=1.0.0-rc.1", "2.0.0-rc.1", false, true}, // a pre-release of other numbers
		{">=1, <2", "1.5.0", false, true},           // a comma is no npm
		{"!=1.2.3", "1.5.0", false, true},           // nor is "not"
		{"=>1.2.3", "1.5.0", false, true},           // nor is "=>"
		{"01.2.3", "1.2.3", false, true},            // a leading zero
		{"1.2-beta", "1.2.0-beta", false, true},     // a pre-release of an open version
	} {
		lib, err := semver.NewConstraint(c.text)
		library := err == nil && lib.Check(semver.MustParse(c.version))
		r, err := ParseRange(c.text)
		v, verr := ParseVersion(c.version)
		if verr != nil {
			t.Fatal(verr)
		}
		ours := err == nil && r.Contains(v)
		if ours != c.npm || library != c.library {
			t.Errorf("%q contains %s: ours %v, want %v; library %v, want %v", c.text, c.version, ours, c.npm, library, c.library)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"1.2.3", "1.2.3"}, {" v1.2.3 ", "1.2.3"}, {"1.2.3-rc.1+b.2", "1.2.3-rc.1+b.2"}, {"9007199254740991.0.0", "9007199254740991.0.0"},
		{"1.2", ""}, {"1", ""}, {"", ""}, {"1.2.3.4", ""}, {"01.2.3", ""}, {"1.2.3-01", ""}, {"1.2.x", ""}, {"9007199254740992.0.0", ""}, {"1.2.3-" + strings.Repeat("a", 256), ""}, {"vv1.2.3", ""},
	} {
		v, err := ParseVersion(c.in)
		got := ""
		if err == nil {
			got = v.String()
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q (%v)", c.in, got, c.want, err)
		}
	}
}

func TestResolve(t *testing.T) {
	in := Index{Name: "@originals/rows", Tags: map[string]string{"latest": "2.1.0", "next": "3.0.0-rc.1"}, Versions: map[string]Published{
		"1.9.0": {}, "2.0.0": {}, "2.1.0": {}, "2.2.0": {Deprecated: "shows no badges"}, "3.0.0-rc.1": {}, "0.1.0": {Deprecated: "too old"}}}
	for _, c := range []struct{ want, got string }{
		{"^2.0.0", "2.1.0"}, {"*", "2.1.0"}, {"", "2.1.0"}, {"latest", "2.1.0"}, {"next", "3.0.0-rc.1"}, {"1", "1.9.0"}, {"2.2.0", "2.2.0"}, {"0.x", "0.1.0"},
		{">=3.0.0-rc.0", "3.0.0-rc.1"}, {"^4", "not_found"}, {"canary", "invalid"},
	} {
		v, err := Resolve(c.want, in)
		got := v.String()
		if err != nil {
			got = string(fault.KindOf(err))
		}
		if got != c.got {
			t.Errorf("Resolve(%q) = %s, want %s (%v)", c.want, got, c.got, err)
		}
	}
	_, err := Resolve("^4", in)
	if got, want := fault.HintOf(err), "there are: 3.0.0-rc.1, 2.2.0, 2.1.0, 2.0.0, 1.9.0, 0.1.0"; got != want {
		t.Errorf("hint %q, want %q", got, want)
	}
}

// FuzzRange holds that reading never panics, that what was read prints as something that reads the
// same, and that no pre-release gets in by accident.
func FuzzRange(f *testing.F) {
	for _, s := range ranges {
		f.Add(s, "1.2.3-beta")
	}
	f.Fuzz(func(t *testing.T, text, version string) {
		r, err := ParseRange(text)
		if err != nil {
			return
		}
		again, err := ParseRange(r.String())
		if err != nil {
			t.Fatalf("%q prints as %q, which is no range: %v", text, r, err)
		}
		v, err := ParseVersion(version)
		if err != nil {
			return
		}
		if r.Contains(v) != again.Contains(v) {
			t.Fatalf("%q and %q differ on %s", text, r, v)
		}
		if v.Pre() != "" && r.Contains(v) && !strings.Contains(text, "-") {
			t.Fatalf("%q admits the pre-release %s", text, v)
		}
	})
}
