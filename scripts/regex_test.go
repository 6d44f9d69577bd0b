package scripts

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"
)

var updateRegex = flag.Int("update-regex", 0, "ask Node about so many random patterns, and write the first 600 to testdata/regex.json")

// A matched is what Node said of a pattern and a text.
type matched struct {
	Pattern string          `json:"pattern"`
	Flags   string          `json:"flags"`
	Text    string          `json:"text"`
	Want    json.RawMessage `json:"want"`
}

// everyUse is a function that uses a pattern in all ways. A group without a part is undefined in a replacing function; V8 gives "" there
// after an empty match, so the two are taken for the same.
func everyUse(pattern, flags string) string {
	re := "/" + pattern + "/"
	return strings.NewReplacer("R", re+flags, "G", re+"g"+strings.ReplaceAll(flags, "g", "")).Replace(`({ a }) => {
  const one = (m) => m && [...m, m.index, m.groups === undefined ? "none" : Object.entries(m.groups)];
  const out = [one(R.exec(a)), R.test(a), a.search(R), one((a.match(R) || [null]).index === undefined ? null : a.match(R)), a.match(G)];
  out.push(Array.from(a.matchAll(G), one));
  out.push(a.replace(R, "<$&|$1|$2>"), a.replace(G, (...m) => "{" + m[0] + (m[1] || "") + "}"), a.replaceAll(G, "[$$$` + "`" + `$']"), a.split(R), a.split(R, 2));
  const r = G; let n = 0;
  for (let m; n < 20 && (m = r.exec(a)); n++) { out.push([m[0], m.index, r.lastIndex]); if (m[0] === "") r.lastIndex++; }
  const s = R; s.lastIndex = 1; out.push(one(s.exec(a)), s.lastIndex, s.test(a), s.lastIndex);
  return out;
}`)
}

func randomPattern(r *rand.Rand, depth int) string {
	atoms := []string{"a", "b", "B", "c", "0", " ", ".", `\d`, `\w`, `\s`, `\S`, `\W`, `[a-c]`, `[^a]`, `[\w-]`, `[^\d\s]`, "é", "ß", "K", "s", `\u00e9`, `\x61`, `\n`, "-", ",", `\.`, "😀", "[😀a]", `\b`, `\B`, "^", "$", "Σ", "ς", "[à-ý]", "[]", "[^]", `\t`, `[\]b]`, `\/`, "{", "x{,2}", "ﬀ", "İ", "ı", "[k-s]"}
	var b strings.Builder
	for range 1 + r.IntN(3) {
		atom := atoms[r.IntN(len(atoms))]
		if depth > 0 && r.IntN(3) == 0 {
			atom = []string{"(", "(?:", "(", "(?<n" + fmt.Sprint(r.IntN(1e6)) + ">"}[r.IntN(4)] + randomPattern(r, depth-1) + ")"
		}
		b.WriteString(atom)
		if r.IntN(3) == 0 {
			b.WriteString([]string{"*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,}", "{2,}?"}[r.IntN(10)])
		}
	}
	if r.IntN(5) == 0 {
		b.WriteString("|" + randomPattern(r, depth-1))
	}
	return b.String()
}

func randomText(r *rand.Rand) string {
	units := []string{"a", "b", "c", "a", "b", "B", "A", "K", "k", "K", "ſ", "s", "S", "0", "9", " ", "-", ",", ".", "é", "É", "ß", "ẞ", "😀", "\n", "σ", "ς", "Σ", "x", "{", "µ", "ﬀ", "i", "İ", "ı", "\u2028", "/", "]"}
	var b strings.Builder
	for range r.IntN(9) {
		b.WriteString(units[r.IntN(len(units))])
	}
	return b.String()
}

// TestRegexAsNode says that every pattern that is not refused gives what Node gives, in every use. What Node gave is in testdata.
func TestRegexAsNode(t *testing.T) {
	const file = "testdata/regex.json"
	if *updateRegex > 0 {
		askNode(t, file, *updateRegex)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []matched
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, m := range all {
		if !sameAsNode(t, m) {
			refused++
		}
	}
	if refused > len(all)/10 {
		t.Errorf("%d of %d were refused", refused, len(all))
	}
}

// sameAsNode is false where a limit refused to answer, which is no wrong answer.
func sameAsNode(t *testing.T, m matched) bool {
	t.Helper()
	f, err := Open(build(fn("JSON", everyUse(m.Pattern, m.Flags), "a")), RunOptions{CPU: time.Second})
	if err != nil {
		t.Errorf("/%s/%s: %v", m.Pattern, m.Flags, err)
		return true
	}
	defer f.Close()
	a, err := json.Marshal(m.Text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Computes()[0](nil, [][]byte{a}, nil)
	if err != nil {
		if f.Stats().Breaks[LimitRegex] == 0 {
			t.Errorf("/%s/%s on %q: %v", m.Pattern, m.Flags, m.Text, err)
		}
		return false
	}
	var x, y any
	if json.Unmarshal(got, &x) != nil || json.Unmarshal(m.Want, &y) != nil || !reflect.DeepEqual(x, y) {
		t.Errorf("/%s/%s on %q:\n got %s\nnode %s", m.Pattern, m.Flags, m.Text, got, m.Want)
	}
	return true
}

func askNode(t *testing.T, file string, n int) {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 42))
	var all []matched
	for len(all) < n {
		var flags string
		for _, f := range "imsuy" {
			if r.IntN(4) == 0 {
				flags += string(f)
			}
		}
		p := randomPattern(r, 2)
		if _, err := parsePattern(p, flags); err != nil {
			continue
		}
		all = append(all, matched{Pattern: p, Flags: flags, Text: randomText(r)})
	}
	script := bytes.NewBufferString("const out = [];\n")
	for _, m := range all {
		a, err := json.Marshal(m.Text)
		if err != nil {
			t.Fatal(err)
		}
		source, err := json.Marshal("(" + everyUse(m.Pattern, m.Flags) + ")")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(script, "try { out.push(eval(%s)({ a: %s })); } catch (e) { out.push(String(e)); }\n", source, a)
	}
	script.WriteString("console.log(JSON.stringify(out, (k, v) => typeof v === 'string' ? v.toWellFormed() : v));")
	cmd := exec.Command("node", "-")
	cmd.Stdin = script
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []json.RawMessage
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].Want = want[i]
		if i >= 600 {
			sameAsNode(t, all[i])
		}
	}
	text, err = json.MarshalIndent(all[:min(600, len(all))], "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
