package scripts

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/google/pprof/profile"

	"facet/fault"
	"facet/view"
)

// programOf separates a function's name from its build's in the name of its program: what profiles know it by.
const programOf = " of "

// BuildID is a build as profiles name it: "@tv/home@3.4.1".
func BuildID(b *view.Build) string { return b.Package + "@" + b.Version }

// Profile samples the computed functions that run in this process, a hundred times a second, for d or until ctx is over. One profile
// at a time: another one is a Conflict. builds finds an open build by its BuildID, nil if it is not open any more. In the profile
// functions have the names that their authors know ("Card.progress"), files and lines are TypeScript's below the build's id, and each
// sample has the labels package, version and function. What runs in worker processes is not in it.
func Profile(ctx context.Context, d time.Duration, builds func(id string) *view.Build) (*profile.Profile, error) {
	var raw bytes.Buffer
	if err := goja.StartProfile(&raw); err != nil {
		return nil, &fault.Error{Kind: fault.Conflict, Op: "scripts.profile", Message: "the scripts are being profiled already", Err: err, Hint: "wait until that is done"}
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	goja.StopProfile()
	p, err := profile.ParseData(raw.Bytes())
	if err != nil {
		if raw.Len() == 0 {
			return &profile.Profile{}, nil
		}
		return nil, fault.Wrap(fault.Internal, "scripts.profile", "", err)
	}
	named(p, builds)
	return p, nil
}

// A profiled program is what a profile's file name says.
type profiled struct {
	function, id string
	fn           *view.Func // nil: the build is not open any more
	lines        *lineMap
}

// named gives the profile the names of those who read it.
func named(p *profile.Profile, builds func(id string) *view.Build) {
	programs := map[string]*profiled{}
	program := func(file string) *profiled {
		if k, ok := programs[file]; ok {
			return k
		}
		function, id, ok := strings.Cut(file, programOf)
		if !ok {
			programs[file] = nil // our own JavaScript
			return nil
		}
		k := &profiled{function: function, id: id}
		if b := builds(id); b != nil {
			for _, fn := range b.Funcs {
				if fn.Name == function {
					k.fn, k.lines = fn, readLines(fn.Lines)
				}
			}
		}
		programs[file] = k
		return k
	}
	for _, s := range p.Sample {
		for _, l := range s.Location {
			if len(l.Line) == 0 {
				continue
			}
			if k := program(l.Line[0].Function.Filename); k != nil {
				name, version := cutID(k.id)
				s.Label = map[string][]string{"package": {name}, "version": {version}, "function": {k.function}}
				break
			}
		}
	}
	for _, l := range p.Location {
		for i := range l.Line {
			at := &l.Line[i]
			if k := program(at.Function.Filename); k != nil {
				at.Line = int64(k.line(int(at.Line)))
			}
		}
	}
	for _, f := range p.Function {
		k := program(f.Filename)
		if k == nil {
			continue
		}
		if inner := strings.TrimPrefix(f.Name, "<anonymous>"); inner != f.Name {
			f.Name = k.function
		} else {
			f.Name = k.function + "." + f.Name
		}
		f.SystemName = f.Name
		f.Filename = k.id
		if k.fn != nil {
			f.Filename += "/" + k.fn.Pos.File
			f.StartLine = int64(k.fn.Pos.Line)
		}
	}
}

// line is the line of the author's file that a line of the program came from; the function's own where that is not known.
func (k *profiled) line(n int) int {
	if k.lines != nil {
		for _, e := range k.lines.At {
			if e[0] == n-headLines {
				return e[3]
			}
		}
	}
	if k.fn != nil {
		return k.fn.Pos.Line
	}
	return 0
}

// cutID splits a build's id at its last @.
func cutID(id string) (name, version string) {
	if i := strings.LastIndexByte(id, '@'); i > 0 {
		return id[:i], id[i+1:]
	}
	return id, ""
}
