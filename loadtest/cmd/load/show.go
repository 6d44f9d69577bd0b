package main

import (
	"context"
	"flag"
	"fmt"

	"facet/loadtest/report"
)

const reportHelp = `load report shows a report that "load run -out" wrote: as text, or as one page with plots that needs nothing else.

  load report run.json
  load report run.json -html run.html
  load report run.json -html run.html -theme dark
`

// A theme is how a page looks.
type theme struct{ name string }

func themeFlag(set *flag.FlagSet) *theme {
	t := &theme{}
	set.StringVar(&t.name, "theme", "", `how the page looks: "light", "dark", or as the reader's system says`)
	return t
}

func (t *theme) check() error {
	switch t.name {
	case "", "light", "dark":
		return nil
	}
	return fmt.Errorf("-theme: %q is neither light nor dark", t.name)
}

func runReport(_ context.Context, c *console, args []string) int {
	set := c.flags("report", reportHelp)
	page := set.String("html", "", "write a page with plots into this file")
	look := themeFlag(set)
	rest, code, ok := parse(set, args, 1, 1)
	if !ok {
		return code
	}
	if err := look.check(); err != nil {
		return c.fail(misused, err)
	}
	r, err := report.Read(rest[0])
	if err != nil {
		return c.fail(unusable, err)
	}
	if *page != "" {
		err = report.WriteHTML(*page, r, look.name)
	} else {
		err = report.Text(c.out, r)
	}
	if err != nil {
		return c.fail(unusable, err)
	}
	return good
}
