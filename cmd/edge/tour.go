package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"

	"facet/serve/console"
)

// tour prints what to open and what to type: a request for each protocol that works now, status, the command that asks
// the control API ("": there is none), and the lines by which tiers said where they listen.
func tour(out io.Writer, base, status, tiers string, site console.Site) {
	fmt.Fprintf(out, "\nFacet is running. Open %s/\n", base)
	if len(site.Routes) == 0 {
		return
	}
	best := site.Routes[0]
	for _, r := range site.Routes { // the one with most to see
		if len(r.Views) > len(best.Views) {
			best = r
		}
	}
	if len(best.Views) > 0 && len(best.Views[0].Samples) > 0 {
		fmt.Fprintln(out, "\nOr type:")
		for _, s := range best.Views[0].Samples {
			fmt.Fprintf(out, "  curl -s '%s%s'\n", base, strings.ReplaceAll(s.URL, "'", "%27"))
		}
	}
	fmt.Fprintln(out)
	for _, r := range site.Routes {
		fmt.Fprintf(out, "  %-14s %s: %s, %s\n", r.Device+"/"+r.Schema, strings.Join(r.Packages, " + "), count(len(r.Views), "view"), count(len(r.Mutations), "mutation"))
	}
	if status != "" {
		fmt.Fprintf(out, "\nWhat serves what, for publish, deploy, log, diff and rollback too:\n  %s\n", status)
	}
	if tiers != "" {
		fmt.Fprintf(out, "\nWhere the tiers are:\n%s", tiers)
	}
	fmt.Fprintln(out, "\nSave a file to see it live. Stop with Ctrl-C.")
}

// announced is what tiers announced, NAME=value lines in the order of their names.
func announced(env map[string]string, indent string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, "%s%s=%s\n", indent, name, env[name])
	}
	return b.String()
}

// browsable is an address that a browser on this machine can open.
func browsable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// prefixed writes whole lines behind a prefix; several programs may write to it.
func prefixed(out io.Writer, prefix string) io.Writer { return &prefixer{out: out, prefix: prefix} }

type prefixer struct {
	out    io.Writer
	prefix string
	mu     sync.Mutex
	rest   []byte
}

// maxLine bounds what is kept of a line without an end.
const maxLine = 64 << 10

func (p *prefixer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, b...)
	for {
		i := bytes.IndexByte(p.rest, '\n')
		if i < 0 && len(p.rest) < maxLine {
			return len(b), nil
		}
		if i < 0 {
			i = len(p.rest) - 1
		}
		if _, err := fmt.Fprintf(p.out, "%s%s\n", p.prefix, bytes.TrimRight(p.rest[:i+1], "\n")); err != nil {
			return len(b), err
		}
		p.rest = p.rest[i+1:]
	}
}
