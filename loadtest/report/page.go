package report

import (
	"bytes"
	"cmp"
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"facet/loadtest/load"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

type pageData struct {
	Title, When, Footer, Theme string
	Notes                      []string
	Done                       []string // to the world, by the numbers in plots
	Tiles                      []tile
	Charts                     []drawn
	Tables                     []sheet
}

type tile struct {
	Name, Value, Unit string
	Bad               bool
}

type drawn struct {
	Title, Note string
	Keys        []key
	SVG         template.HTML
}

type key struct{ Name, Class string }

type sheet struct {
	Title string
	Left  int // columns that are text
	Head  []string
	Rows  []sheetRow
}

type sheetRow struct {
	All   bool
	Cells []cell
}

type cell struct {
	Text string
	Bad  bool
}

// HTML writes a report as one page that needs nothing else. theme is "light", "dark", or "" for what the reader's system says.
func HTML(w io.Writer, r *load.Report, theme string) error {
	d := pageData{Title: cmp.Or(r.Scenario, "load"), Theme: theme,
		When:   fmt.Sprintf("%.0f s from %s UTC, %s arrivals a second asked for", r.Seconds, r.Began.Format(time.DateTime), brief(r.Rate)),
		Footer: fmt.Sprintf("Times are from when a request was due by the plan to the last byte of its answer. Asked by %s on %s, %d cores.", r.Generator.Version, r.Generator.OS, r.Generator.Cores)}
	if r.Ended != "" {
		d.Notes = append(d.Notes, "It ended early: "+r.Ended+".")
	}
	for i, f := range r.Faults {
		d.Done = append(d.Done, fmt.Sprintf("%d: %s", i+1, f.Note))
	}
	if why := unfit(r); why != "" {
		d.Notes = append(d.Notes, strings.ToUpper(why[:1])+why[1:]+".")
	}
	d.tiles(r)
	plots, err := charts(r)
	if err != nil {
		return err
	}
	for _, c := range plots {
		x := drawn{Title: strings.TrimSuffix(c.title+", "+c.y.name, ", "), Note: c.note, SVG: c.svg()}
		for _, k := range c.curves {
			x.Keys = append(x.Keys, key{k.name, k.class})
		}
		slices.SortStableFunc(x.Keys, func(a, b key) int { return cmp.Compare(order(a.Class), order(b.Class)) })
		d.Charts = append(d.Charts, x)
	}
	if err := d.tables(r); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, d); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// order puts what is bad last.
func order(class string) string { return strings.Replace(class, "bad", "z", 1) }

// WriteHTML writes the page into a file, whole or not at all.
func WriteHTML(name string, r *load.Report, theme string) error {
	var b bytes.Buffer
	if err := HTML(&b, r, theme); err != nil {
		return err
	}
	return replace(name, b.Bytes())
}

func (d *pageData) tiles(r *load.Report) {
	t := &r.Total
	d.Tiles = []tile{
		{"sent", brief(r.Reached), "/s", false},
		{"p50", brief(t.P50), "ms", false},
		{"p99", brief(t.P99), "ms", false},
		{"p99.9", brief(t.P999), "ms", false},
		{"failed of " + commas(t.Count), percent(t.Failed, t.Count), "", t.Failed > 0},
	}
	if t.Partial > 0 {
		d.Tiles = append(d.Tiles, tile{"answers with errors", percent(t.Partial, t.Count), "", true})
	}
	if r.Dropped > 0 {
		d.Tiles = append(d.Tiles, tile{"dropped at the cap", commas(r.Dropped), "", true})
	}
	if all := Costs(r); len(all) > 0 {
		sum, cpu, calls, levels := 0.0, 0.0, 0.0, 0.0
		for _, c := range all {
			sum, cpu, calls, levels = sum+c.Requests, cpu+c.CPU*c.Requests, calls+c.Calls*c.Requests, levels+c.Levels*c.Requests
		}
		if sum > 0 {
			d.Tiles = append(d.Tiles, tile{"CPU for 1,000 requests", brief(cpu / sum), "s", false})
			if calls > 0 {
				d.Tiles = append(d.Tiles, tile{fmt.Sprintf("tier calls a request, in %s levels", brief(levels/sum)), brief(calls / sum), "", false})
			}
		}
	}
}

func plain(cells []string) []cell {
	out := make([]cell, len(cells))
	for i, c := range cells {
		out[i].Text = c
	}
	return out
}

func (d *pageData) tables(r *load.Report) error {
	s := sheet{Title: "Rows", Left: 4, Head: slices.Concat([]string{"device", "row", "view", "status"}, countColumns, timeColumns)}
	add := func(s *sheet, names []string, l *load.Line, all bool) {
		row := sheetRow{All: all, Cells: plain(slices.Concat(names, counts(l), times(l)))}
		row.Cells[len(names)+1].Bad, row.Cells[len(names)+2].Bad, row.Cells[len(names)+3].Bad = l.Failed > 0, l.Partial > 0, l.Dropped > 0
		s.Rows = append(s.Rows, row)
	}
	for i := range r.Lines {
		l := &r.Lines[i]
		add(&s, []string{l.Device, l.Row, l.View, l.Status}, l, false)
	}
	add(&s, []string{"all", "", "", ""}, &r.Total, true)
	d.Tables = append(d.Tables, s)
	for _, g := range []struct {
		title string
		name  func(*load.Line) string
	}{{"By status", func(l *load.Line) string { return l.Status }}, {"By device", func(l *load.Line) string { return cmp.Or(l.Device, "-") }}} {
		lines, err := groups(r.Lines, g.name)
		if err != nil {
			return err
		}
		s := sheet{Title: g.title, Left: 1, Head: slices.Concat([]string{strings.ToLower(g.title[3:])}, countColumns, timeColumns)}
		for i := range lines {
			add(&s, []string{lines[i].Row}, &lines[i], false)
		}
		d.Tables = append(d.Tables, s)
	}
	if len(r.Sessions) > 0 {
		s := sheet{Title: "Sessions", Left: 2, Head: []string{"device", "session", "begun", "finished", "failed", "cut at the end", "p50 s", "p99 s"}}
		for _, x := range r.Sessions {
			s.Rows = append(s.Rows, sheetRow{Cells: plain([]string{x.Device, x.Row, commas(x.Begun), commas(x.Finished), commas(x.Failed), commas(x.Cut), brief(x.Whole.P50 / 1000), brief(x.Whole.P99 / 1000)})})
		}
		d.Tables = append(d.Tables, s)
	}
	if costs := Costs(r); len(costs) > 0 {
		rows := costRows(costs)
		s := sheet{Title: "Server", Left: 1, Head: rows[0]}
		for _, row := range rows[1:] {
			s.Rows = append(s.Rows, sheetRow{Cells: plain(row)})
		}
		d.Tables = append(d.Tables, s)
	}
	if len(r.Faults) > 0 {
		s := sheet{Title: "Done to the world", Left: 4, Head: []string{"from s", "to s", "what", "trouble"}}
		for _, f := range r.Faults {
			s.Rows = append(s.Rows, sheetRow{Cells: []cell{{fmt.Sprintf("%.1f", f.At), false}, {fmt.Sprintf("%.1f", f.Until), false}, {f.Note, false}, {f.Error, true}}})
		}
		d.Tables = append(d.Tables, s)
	}
	if len(r.Errors) > 0 {
		s := sheet{Title: "What failed, and what answers had errors", Left: 1, Head: []string{"what", "how often"}}
		names := slices.Sorted(maps.Keys(r.Errors))
		slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(r.Errors[b], r.Errors[a]) })
		for _, name := range names {
			s.Rows = append(s.Rows, sheetRow{Cells: plain([]string{name, commas(r.Errors[name])})})
		}
		d.Tables = append(d.Tables, s)
	}
	return nil
}
