package control_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
)

// A module's version that users of an earlier one get by their ranges may not break what it exports.
func TestCompatibleExports(t *testing.T) {
	const before = "export const badge = (t: { source: string }) => t;\nexport const row = () => 1;\n"
	for version, c := range map[string]struct{ text, want string }{
		"2.1.1":        {before + "export const more = 1;\n", ""},
		"2.2.0":        {"export const badge = (t: { source: string; year: number }) => t;\n", "index.ts:1:14 C017 breaks the export badge under a compatible version: the parameter t needs year, which it did not\nindex.ts:1:1 C017 breaks the export row under a compatible version: is not exported any more\n"},
		"3.0.0":        {"", ""},
		"2.0.9":        {"", ""}, // before it: nobody moves from 2.1.0 to this
		"2.2.0-beta.1": {"", ""},
	} {
		t.Run(version, func(t *testing.T) {
			w := films(t)
			w.publish("@originals/badges@2.1.0", ``, ``, before)
			p, err := w.try("@originals/badges@"+version, ``, ``, c.text, "")
			if (fault.KindOf(err) == fault.Invalid) != (c.want != "") {
				t.Fatalf("%v", err)
			}
			got := ""
			for _, d := range p.Diagnostics {
				if d.Severity == fault.Err {
					got += d.Pos.String() + " " + d.Code + " " + d.Text + "\n"
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if _, err := w.try("@originals/badges@"+version, ``, ``, c.text, "dev.1"); err != nil {
				t.Errorf("work in progress: %v", err)
			}
		})
	}
}
