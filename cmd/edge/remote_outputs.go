package main

import (
	"fmt"
	"io"
)

// A remoteOutput is the API's type OutputDifference.
type remoteOutput struct {
	Package string `json:"package"`
	View    string `json:"view"`
	Fixture string `json:"fixture"`
	Path    string `json:"path"`
	From    string `json:"from"`
	To      string `json:"to"`
	Breaks  bool   `json:"breaks"`
}

// mostOutputs is how many differences of outputs are printed; JSON has all.
const mostOutputs = 20

// printOutputs prints what consumers of a module show or cost otherwise. What breaks is told by their diagnostics.
func printOutputs(out io.Writer, list []remoteOutput) {
	n := 0
	for _, d := range list {
		if d.Breaks {
			continue
		}
		if n++; n > mostOutputs {
			continue
		}
		at := d.View
		if d.Path != "" {
			at += " " + d.Path
		}
		if d.Fixture != "" {
			at += " (" + d.Fixture + ")"
		}
		fmt.Fprintf(out, "%s: %s: %s -> %s\n", d.Package, at, d.From, d.To)
	}
	if n > mostOutputs {
		fmt.Fprintf(out, "and %d more differences of outputs: --json has them\n", n-mostOutputs)
	}
}
