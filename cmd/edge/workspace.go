package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"facet/asker"
	"facet/fault"
	"facet/graph"
)

// workspaceFile is the file that makes a folder a workspace: a graph, packages over it and tiers to run them against.
const workspaceFile = "edge.json"

// A workspace is a folder that `edge dev` runs and `edge check`, `test`, `explain` and `types` find their graph in.
type workspace struct {
	Dir string `json:"-"`
	// Graph is the SDL file, relative to Dir.
	Graph string `json:"graph"`
	// Packages are patterns of package folders, relative to Dir.
	Packages []string `json:"packages"`
	// Tiers are programs that `edge dev` runs; each announces NAME=URL lines for $env.
	Tiers []tierProgram `json:"tiers,omitempty"`
	// Env are values of $env in the graph; the process's environment and the tiers' announcements come on top.
	Env map[string]string `json:"env,omitempty"`
	// Config are values of $config in the graph.
	Config map[string]any `json:"config,omitempty"`
	// Viewer is who asks while developing.
	Viewer workspaceViewer `json:"viewer"`
}

// A tierProgram is a program that serves tiers.
type tierProgram struct {
	Command []string `json:"command"`
	Dir     string   `json:"dir,omitempty"` // relative to the workspace
	// ReadyWithin is how long it may take to start, as "30s"; "" is tierStart.
	ReadyWithin string `json:"readyWithin,omitempty"`
}

type workspaceViewer struct {
	ID       string   `json:"id"`
	Profile  string   `json:"profile"`
	Profiles []string `json:"profiles,omitempty"`
}

func (v workspaceViewer) viewer() asker.Viewer {
	if v.ID == "" {
		return asker.Viewer{}
	}
	w := asker.Viewer{ID: v.ID, Profile: v.Profile, Profiles: v.Profiles, SignedIn: true}
	if w.Profile == "" {
		w.Profile = v.ID
	}
	if !slices.Contains(w.Profiles, w.Profile) {
		w.Profiles = append(slices.Clip(w.Profiles), w.Profile)
	}
	return w
}

// openWorkspace reads the workspace that dir is in: dir itself or the nearest folder above that has an edge.json.
func openWorkspace(dir string) (*workspace, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return nil, fault.New(fault.NotFound, "%s is not a folder", dir)
	}
	for at := abs; ; at = filepath.Dir(at) {
		b, err := os.ReadFile(filepath.Join(at, workspaceFile))
		if err == nil {
			return parseWorkspace(at, b)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if at == filepath.Dir(at) {
			return nil, fault.New(fault.NotFound, "no %s in %s or a folder above it", workspaceFile, dir).WithHint("edge init %s makes a workspace", dir)
		}
	}
}

func parseWorkspace(dir string, b []byte) (*workspace, error) {
	w := &workspace{Dir: dir}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(w); err != nil {
		return nil, fault.New(fault.Invalid, "%s: %v", filepath.Join(dir, workspaceFile), err).WithHint("its keys are graph, packages, tiers, env, config and viewer")
	}
	if w.Graph == "" {
		w.Graph = "graph.graphqls"
	}
	if len(w.Packages) == 0 {
		w.Packages = []string{"packages/*"}
	}
	return w, nil
}

// loadGraph parses the workspace's graph. A graph that cannot be read is an error; mistakes in it are diagnostics.
func (w *workspace) loadGraph() (*graph.Graph, fault.Diagnostics, error) {
	name := filepath.Join(w.Dir, filepath.FromSlash(w.Graph))
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, fault.Wrap(fault.NotFound, "graph", name, err).WithHint("name the SDL file as \"graph\" in %s", workspaceFile)
	}
	g, ds := graph.Parse(w.show(name), b)
	return g, ds, nil
}

// packageDirs lists the package folders, sorted.
func (w *workspace) packageDirs() ([]string, error) {
	var dirs []string
	for _, pattern := range w.Packages {
		if !fs.ValidPath(path.Clean(pattern)) {
			return nil, fault.New(fault.Invalid, "%s: the packages pattern %q leaves the workspace", workspaceFile, pattern)
		}
		found, err := filepath.Glob(filepath.Join(w.Dir, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s: packages pattern %q: %v", workspaceFile, pattern, err)
		}
		for _, d := range found {
			if _, err := os.Stat(filepath.Join(d, "package.json")); err == nil && !strings.Contains(d, "node_modules") {
				dirs = append(dirs, d)
			}
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs), nil
}

// show is how a path is written to people: relative to the working directory where that is shorter.
func (w *workspace) show(name string) string {
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, name); err == nil && len(rel) < len(name) {
			return rel
		}
	}
	return name
}
