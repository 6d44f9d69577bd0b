package main

import (
	"fmt"

	"facet/fault"
)

// What several operations ask for, with the types that it is read into.

const diagnosticFragment = `fragment diagnostic on Diagnostic {
  code severity file line column message hint
  notes { file line column message }
}
`

// remoteDiagnosticOf writes a diagnostic as the API does.
func remoteDiagnosticOf(d fault.Diagnostic) remoteDiagnostic {
	out := remoteDiagnostic{Code: d.Code, Severity: string(d.Severity), File: d.Pos.File, Line: d.Pos.Line, Column: d.Pos.Col, Message: d.Text, Hint: d.Fix, Notes: []remoteNote{}}
	for _, n := range d.Notes {
		out.Notes = append(out.Notes, remoteNote{File: n.Pos.File, Line: n.Pos.Line, Column: n.Pos.Col, Message: n.Text})
	}
	return out
}

// A remoteDiagnostic is a diagnostic as the API writes it.
type remoteDiagnostic struct {
	Code     string       `json:"code"`
	Severity string       `json:"severity"`
	File     string       `json:"file"`
	Line     int          `json:"line"`
	Column   int          `json:"column"`
	Message  string       `json:"message"`
	Hint     string       `json:"hint"`
	Notes    []remoteNote `json:"notes"`
}

type remoteNote struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// local is the API's diagnostics as the rest of the program prints them.
func local(list []remoteDiagnostic) fault.Diagnostics {
	ds := fault.Diagnostics{}
	for _, d := range list {
		one := fault.Diagnostic{Pos: fault.Pos{File: d.File, Line: d.Line, Col: d.Column}, Severity: fault.Severity(d.Severity), Code: d.Code, Text: d.Message, Fix: d.Hint}
		for _, n := range d.Notes {
			one.Notes = append(one.Notes, fault.Note{Pos: fault.Pos{File: n.File, Line: n.Line, Col: n.Column}, Text: n.Message})
		}
		ds = append(ds, one)
	}
	return ds
}

const changesFragment = `fragment changes on RouteChanges {
  route
  changes { path code breaking dangerous text }
}
`

type routeChanges struct {
	Route   string         `json:"route"`
	Changes []remoteChange `json:"changes"`
}

// A remoteChange is a difference between two contracts.
type remoteChange struct {
	Path      string `json:"path"`
	Code      string `json:"code"`
	Breaking  bool   `json:"breaking"`
	Dangerous bool   `json:"dangerous"`
	Text      string `json:"text"`
}

func (c remoteChange) String() string {
	kind := "safe"
	switch {
	case c.Breaking:
		kind = "breaking"
	case c.Dangerous:
		kind = "dangerous"
	}
	return fmt.Sprintf("%s %s %s: %s", kind, c.Code, c.Path, c.Text)
}
