package scripts

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"

	"facet/fault"
)

// Bounds of a package before and while it is recorded.
const (
	maxFiles    = 3_000     // that one build bundles
	maxSource   = 2 << 20   // bytes of one file
	maxSources  = 16 << 20  // bytes of all of them
	maxBundle   = 8 << 20   // bytes of the bundle
	maxExports  = 1_000     // of the entry
	maxNames    = 5_000     // that any file exports
	maxRecorded = 16 << 20  // bytes of what was recorded
	maxMade     = 128 << 20 // bytes that natives and joined texts make
	maxGrown    = 256 << 20 // bytes that the process grows by
)

// fits refuses a file that would take the parsers too far, before they see it.
func (f *files) fits(key, text string, loader api.Loader) *api.Message {
	f.mu.Lock()
	f.count++
	f.bytes += len(text)
	count, bytes := f.count, f.bytes
	f.mu.Unlock()
	at := func(i int) *api.Location { return locate(key, text, i) }
	switch {
	case count > maxFiles:
		return &api.Message{Text: fmt.Sprintf("the package bundles more than %d files", maxFiles), Location: at(0), Detail: problem{"F205", "Import the parts of a library that are needed; link shared code as a module"}}
	case len(text) > maxSource:
		return &api.Message{Text: fmt.Sprintf("the file has %d bytes, %d are allowed", len(text), maxSource), Location: at(0), Detail: problem{"F206", "Give data through the graph: a package is code"}}
	case bytes > maxSources:
		return &api.Message{Text: fmt.Sprintf("the package bundles more than %d bytes", maxSources), Location: at(0), Detail: problem{"F206", "Give data through the graph: a package is code"}}
	}
	if loader == api.LoaderJSON {
		if n := nestOf(text); n > maxLevels {
			return &api.Message{Text: fmt.Sprintf("it nests %d levels deep, %d are allowed", n, maxLevels), Location: at(0), Detail: problem{"F204", "Write data as lists of rows"}}
		}
		return f.written(key, text, loader, measure{})
	}
	m, err := nesting(text)
	if err != nil {
		return &api.Message{Text: "the file cannot be read: " + err.text, Location: at(err.at), Detail: problem{cmp.Or(err.code, "F204"), cmp.Or(err.fix, "Split the expression: name its parts")}}
	}
	return f.written(key, text, loader, m)
}

// bundleFits refuses a bundle that the engine's parser should not see.
func bundleFits(b *bundle, ds *fault.Diagnostics) bool {
	where := fault.Pos{File: b.files.pkg.Manifest.Name}
	if len(b.text) > maxBundle {
		ds.Add(where, "F206", "Give data through the graph: a package is code", "the package and what it bundles are %d bytes, %d are allowed", len(b.text), maxBundle)
		return false
	}
	if n := namesOf(b.text); n > maxNames {
		tooManyExports(where, n, ds)
		return false
	}
	if _, err := nesting(b.text); err != nil {
		ds.Add(where, "F204", "Split the expression: name its parts", "the bundle cannot be read: %s", err)
		return false
	}
	return true
}

// bound gives the recording's engine the bounds that machines have, and the functions that instrumented code calls.
func (r *recorder) bound() {
	o := RunOptions{Memory: maxMade}.filled()
	m := &machine{vm: r.vm, opts: &o, recording: true}
	r.limits = m
	r.parse = r.vm.Get("JSON").ToObject(r.vm).Get("parse")
	m.boundText()
	m.boundLists()
	m.boundObjects()
	m.boundJSON()
	m.boundCollections()
	m.boundCircles()
	m.boundNumbers()
	m.boundRecording()
	pass := func(name string, look func(goja.Value)) {
		_ = r.vm.Set(name, func(c goja.FunctionCall) goja.Value {
			look(c.Arguments[0])
			return c.Arguments[0]
		})
	}
	pass(keptName, func(v goja.Value) {
		if s, ok := v.(goja.String); ok {
			m.long(int64(s.Length()))
		}
	})
	for _, name := range []string{listName, argsName} {
		_ = r.vm.Set(name, func(c goja.FunctionCall) goja.Value {
			m.charge(int64(m.members(c.Arguments[0])) * sizeOfItem)
			return m.iterated(c.Arguments[0])
		})
	}
	pass(ownName, func(v goja.Value) { m.charge(int64(m.members(v)) * sizeOfItem) })
}

// json is what the runtime reads types and writes records with.
func (r *recorder) json() map[string]goja.Value {
	if r.limits == nil { // a test's, whose code runs by a clock
		of := r.vm.Get("JSON").ToObject(r.vm)
		return map[string]goja.Value{"parse": of.Get("parse"), "stringify": of.Get("stringify")}
	}
	return map[string]goja.Value{"parse": r.parse, "stringify": r.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		return r.limits.stringifyTo(c, maxRecorded+1, maxLevels)
	})}
}

// namesOf is how many names one file of a bundle exports at most, by how the bundler writes them: each on a line of its own.
func namesOf(bundle string) (most int) {
	for {
		_, rest, found := strings.Cut(bundle, "  __export(")
		if !found {
			return most
		}
		names, rest, _ := strings.Cut(rest, "\n  });")
		most, bundle = max(most, strings.Count(names, "\n")), rest
	}
}

func tooManyExports(at fault.Pos, n int, ds *fault.Diagnostics) {
	ds.Add(at, "F207", "Export the views, mutations and shapes alone; split the package", "the entry exports %d names, %d are allowed", n, maxExports)
}
