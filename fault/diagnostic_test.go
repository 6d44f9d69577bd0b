package fault_test

import (
	"testing"

	"facet/fault"
)

func TestDiagnosticLine(t *testing.T) {
	at := fault.Pos{File: "src/a.ts", Line: 3, Col: 7}
	for want, d := range map[string]fault.Diagnostic{
		"src/a.ts:3:7: error F111: no such field. Did you mean b?":           {Pos: at, Severity: fault.Err, Code: "F111", Text: "no such field", Fix: "Did you mean b?"},
		"package.json: warning P001: odd":                                    {Pos: fault.Pos{File: "package.json"}, Severity: fault.Warn, Code: "P001", Text: "odd"},
		"warning C004: it stays":                                             {Severity: fault.Warn, Code: "C004", Text: "it stays"},
		"src/a.ts:3:7: error F112: twice [src/b.ts:1:1: it is here as well]": {Pos: at, Severity: fault.Err, Code: "F112", Text: "twice", Notes: []fault.Note{{Pos: fault.Pos{File: "src/b.ts", Line: 1, Col: 1}, Text: "it is here as well"}}},
	} {
		if got := d.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
