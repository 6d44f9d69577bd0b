package scripts

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/agnivade/levenshtein"
	"github.com/evanw/esbuild/pkg/api"

	"facet/fault"
	"facet/pack"
)

// A bundle is a package with its modules as one script, before it is rewritten.
type bundle struct {
	text  string
	smap  []byte // its source map, JSON
	files *files
}

// namespace is esbuild's name for files that come from packages rather than from a disk.
const namespace = "facet"

// makeBundle links a package, its locked modules and what it bundles into one script: an IIFE that leaves the entry's exports in m.
// extra adds files to the package, or replaces some; entry names the file to start from, "" the package's own.
func makeBundle(ctx context.Context, pkg *pack.Package, lock *pack.Lock, entry string, extra map[string]string) (*bundle, fault.Diagnostics) {
	var ds fault.Diagnostics
	if entry == "" {
		at, err := pkg.Entry()
		if err != nil {
			ds.Add(pkg.Pos("exports"), "F001", `Name the file that exports the views as "exports": "./src/index.ts"`, "the package has no entry: %s", fault.Public(err))
			return nil, ds
		}
		entry = at
	}
	if err := ctx.Err(); err != nil {
		ds.Add(fault.Pos{File: entry}, "F003", "Try again", "the build was given up: %v", err)
		return nil, ds
	}
	f := newFiles(pkg, lock, extra)
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{f.key(pkg, entry)},
		Bundle:      true,
		Write:       false,
		Outdir:      "/",
		Format:      api.FormatIIFE,
		GlobalName:  "m",
		Target:      api.ES2017,
		// Regular expressions stay literals, so that they can be looked at.
		Supported:   map[string]bool{"regexp-named-capture-groups": true, "regexp-dot-all-flag": true, "regexp-lookbehind-assertions": true, "regexp-unicode-property-escapes": true},
		Sourcemap:   api.SourceMapExternal,
		TreeShaking: api.TreeShakingTrue,
		LogLevel:    api.LogLevelSilent,
		Charset:     api.CharsetASCII, // a byte of the bundle is a UTF-16 unit then
		// Plain names and no minifying: positions and stacks stay readable.
		Plugins: []api.Plugin{{Name: "facet", Setup: func(b api.PluginBuild) {
			b.OnResolve(api.OnResolveOptions{Filter: ".*"}, f.resolve)
			b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: namespace}, f.load)
		}}},
	})
	for _, m := range r.Errors {
		ds = append(ds, f.diagnostic(m, fault.Err))
	}
	for _, m := range r.Warnings {
		if m.ID == "assign-to-import" || m.ID == "import-is-undefined" || m.ID == "call-import-namespace" {
			ds = append(ds, f.diagnostic(m, fault.Err))
		}
	}
	ds.Sort()
	if ds.Failed() {
		return nil, ds
	}
	out := &bundle{files: f}
	for _, file := range r.OutputFiles {
		if strings.HasSuffix(file.Path, ".map") {
			out.smap = file.Contents
		} else {
			out.text = string(file.Contents)
		}
	}
	return out, ds
}

// diagnostic says a bundler's message in our form.
func (f *files) diagnostic(m api.Message, s fault.Severity) fault.Diagnostic {
	d := fault.Diagnostic{Severity: s, Code: "F002", Text: m.Text, Fix: "Mend the syntax or the import"}
	if at, ok := m.Detail.(problem); ok {
		d.Code, d.Fix = at.code, at.fix
	}
	if l := m.Location; l != nil {
		d.Pos = fault.Pos{File: f.show(l.File), Line: l.Line, Col: units(l.LineText, l.Column) + 1}
		if l.Suggestion != "" {
			d.Fix = fmt.Sprintf("Write %s", l.Suggestion)
		}
	}
	for _, n := range m.Notes {
		if n.Location != nil {
			d.Notes = append(d.Notes, fault.Note{Pos: fault.Pos{File: f.show(n.Location.File), Line: n.Location.Line, Col: units(n.Location.LineText, n.Location.Column) + 1}, Text: n.Text})
		}
	}
	if strings.HasPrefix(m.Text, "No matching export") {
		d.Code, d.Fix = "F005", "Import a name that it exports"
		if name := quoted(m.Text, 3); name != "" && strings.Contains(m.Text, sdkModule) {
			d.Text, d.Notes = fmt.Sprintf("%s exports no %q", sdkModule, name), nil
			if near := nearest(name, sdkExports); near != "" {
				d.Fix = fmt.Sprintf("Did you mean %q?", near)
			}
		}
	}
	return d
}

// quoted is the n-th piece of a text between double quotes, counted in quotes.
func quoted(text string, n int) string {
	parts := strings.Split(text, `"`)
	if len(parts) <= n {
		return ""
	}
	return parts[n]
}

// units counts the UTF-16 units of the first n bytes of a line.
func units(line string, n int) int {
	n = min(n, len(line))
	return len(utf16.Encode([]rune(line[:n])))
}

// nearest is the name that is most like the given one, or "" if none is.
func nearest(name string, names []string) string {
	best, least := "", 2+len(name)/4
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return n
		}
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(n)); d < least {
			best, least = n, d
		}
	}
	return best
}

// loaders are the files that a package's code may import, by their ending.
var loaders = map[string]api.Loader{
	".ts": api.LoaderTS, ".mts": api.LoaderTS, ".cts": api.LoaderTS,
	".js": api.LoaderJS, ".mjs": api.LoaderJS, ".cjs": api.LoaderJS, ".json": api.LoaderJSON,
}

func loaderOf(file string) (api.Loader, bool) {
	l, ok := loaders[path.Ext(file)]
	return l, ok
}

// sdkExports are the names that "@facet/sdk" exports to package code.
var sdkExports = slices.Sorted(slices.Values([]string{
	"and", "arg", "cached", "cell", "computed", "counter", "format", "graph", "handler", "histogram", "match", "mutation", "not", "object", "oneOf", "or", "shape", "view", "when",
}))
