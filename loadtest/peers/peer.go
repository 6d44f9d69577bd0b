// Package peers measures the same page made by the edge and by what people would pick instead of it, over the same tiers, in one run.
package peers

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
)

// A Page is one answer that all of its peers make.
type Page struct {
	Name  string // "contest"
	About string // one line for people
	Tiers string // what `serve` is asked for: the page's tiers
	Late  bool   // its view does without what is late: on a busy machine an answer may be another
	Peers []Peer // the first is the edge, the second the one whose answer the others are held against
}

// A Peer is one way of making a page.
type Peer struct {
	Name    string // "encoding/json": a word for -only
	About   string // one line for people
	Version string // of what is installed for it; "": of this tree
	Needs   []Step // what is built or installed before it starts, in order
	Serve   func(context.Context, *World) (Server, error)
	Of      string // the peer whose server it asks, in another way; then there is no Serve
	Ask     Request
	Read    func(answer []byte) (any, error) // the answer as the page: plain JSON values
	Client  func(w *World, url string) []string
	Bar     float64 // what the edge's processor time may be of this one's; 0: no bar
	Against string  // the peer whose time is divided; "": the edge
}

// A Request is how a peer is asked for the page.
type Request struct {
	Path string // below the server's address
	Body []byte // nil: GET
}

// A Server is how a peer's process is started. Either it prints URL=… and then "ready", and ends with its standard input; or it is
// given a port, and is there when it answers the page.
type Server struct {
	Args []string
	Dir  string // "": where the run was started
	Env  []string
	URL  string // of one that is given a port; "": it announces itself
}

// A World is what servers are started over: the tiers and where things are.
type World struct {
	Root    string            // of this repository
	Bin     string            // where programs are built to
	Temp    string            // a folder of this run
	Edge    string            // the edge to run; "": the one in Bin
	Self    []string          // the program whose `serve` runs what is part of this tree
	Tiers   map[string]string // NAME_URL -> address: the tiers, and the subgraphs over the same rows
	Control string            // where the tiers say how often they were called, and are told to wait
}

// Env are the tiers' addresses as variables.
func (w *World) Env() []string {
	var out []string
	for name, url := range w.Tiers {
		out = append(out, name+"="+url)
	}
	return out
}

// dir is a folder of this package.
func (w *World) dir(name string) string { return filepath.Join(w.Root, "loadtest", "peers", name) }

// own is a server that `serve` runs: one of this tree.
func own(name string) func(context.Context, *World) (Server, error) {
	return func(_ context.Context, w *World) (Server, error) {
		return Server{Args: append(append([]string{}, w.Self...), "serve", name), Env: w.Env()}, nil
	}
}

// edge is `edge dev` over a workspace of this repository.
func edge(dir string) func(context.Context, *World) (Server, error) {
	return func(_ context.Context, w *World) (Server, error) {
		return edgeOver(w, filepath.Join(w.Root, filepath.FromSlash(dir))), nil
	}
}

func edgeOver(w *World, dir string) Server {
	program := w.Edge
	if program == "" {
		program = filepath.Join(w.Bin, "edge")
	}
	return Server{Args: []string{program, "dev", dir, "--listen", "127.0.0.1:0", "--announce", "--no-watch", "--log", "off"}, Env: w.Env()}
}

// request makes the HTTP request to a server.
func (r Request) request(ctx context.Context, server string) (*http.Request, error) {
	method := http.MethodGet
	if r.Body != nil {
		method = http.MethodPost
	}
	q, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(server, "/")+r.Path, body(r.Body))
	if err != nil {
		return nil, err
	}
	if r.Body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	q.Header.Set("Accept", "application/json")
	return q, nil
}

// Pages are all pages, by the names that -page takes.
func Pages() []Page { return []Page{contestPage(), homePage()} }

// PageNamed is the page of a name.
func PageNamed(name string) (Page, error) {
	var names []string
	for _, p := range Pages() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Page{}, fmt.Errorf("there is no page %q: %s", name, strings.Join(names, ", "))
}
