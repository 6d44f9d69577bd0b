package scripts

import (
	"context"
	"fmt"
	"runtime/metrics"
	"strings"
	"time"

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
	maxRecorded = 16 << 20  // bytes of what was recorded
	maxMade     = 128 << 20 // bytes that natives and joined texts make
	maxGrown    = 512 << 20 // bytes that the process grows by
)

// fits refuses a file that would take the parsers too far, before they see it.
func (f *files) fits(key, text string, json bool) *api.Message {
	f.mu.Lock()
	f.count++
	f.bytes += len(text)
	count, bytes := f.count, f.bytes
	f.mu.Unlock()
	at := func(i int) *api.Location {
		line := strings.Count(text[:i], "\n")
		begin := strings.LastIndexByte(text[:i], '\n') + 1
		return &api.Location{File: key, Namespace: namespace, Line: line + 1, Column: i - begin, LineText: text[begin:min(i, begin+200)]}
	}
	switch {
	case count > maxFiles:
		return &api.Message{Text: fmt.Sprintf("the package bundles more than %d files", maxFiles), Location: at(0), Detail: problem{"F205", "Import the parts of a library that are needed; link shared code as a module"}}
	case len(text) > maxSource:
		return &api.Message{Text: fmt.Sprintf("the file has %d bytes, %d are allowed", len(text), maxSource), Location: at(0), Detail: problem{"F206", "Give data through the graph: a package is code"}}
	case bytes > maxSources:
		return &api.Message{Text: fmt.Sprintf("the package bundles more than %d bytes", maxSources), Location: at(0), Detail: problem{"F206", "Give data through the graph: a package is code"}}
	}
	if json {
		if n := nestOf(text); n > maxLevels {
			return &api.Message{Text: fmt.Sprintf("it nests %d levels deep, %d are allowed", n, maxLevels), Location: at(0), Detail: problem{"F204", "Write data as lists of rows"}}
		}
		return nil
	}
	if err := nesting(text); err != nil {
		deep := err.(*tooDeep)
		return &api.Message{Text: "the file cannot be read: " + deep.text, Location: at(deep.at), Detail: problem{"F204", "Split the expression: name its parts"}}
	}
	return nil
}

// bundleFits refuses a bundle that the engine's parser should not see.
func bundleFits(b *bundle, ds *fault.Diagnostics) bool {
	where := fault.Pos{File: b.files.pkg.Manifest.Name}
	if len(b.text) > maxBundle {
		ds.Add(where, "F206", "Give data through the graph: a package is code", "the package and what it bundles are %d bytes, %d are allowed", len(b.text), maxBundle)
		return false
	}
	if err := nesting(b.text); err != nil {
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
	m.boundText()
	m.boundLists()
	m.boundCircles()
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
	pass(listName, func(v goja.Value) { m.charge(int64(m.members(v)) * sizeOfItem) })
	pass(argsName, func(v goja.Value) { m.charge(int64(m.members(v)) * sizeOfItem) })
	pass(ownName, func(v goja.Value) { m.charge(int64(m.members(v)) * sizeOfItem) })
}

// grows interrupts a recording whose process grows too much, until ctx ends.
func (r *recorder) grows(ctx context.Context) {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	began := heap[0].Value.Uint64()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
		if metrics.Read(heap); heap[0].Value.Uint64() > began+maxGrown {
			r.vm.Interrupt(&broken{limit: LimitMemory, text: fmt.Sprintf("the process grew by more than %s", sizeText(maxGrown))})
			return
		}
	}
}
