package scripts

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-sourcemap/sourcemap"

	"facet/fault"
)

// An insertion is text that rewriting put into the bundle, at a byte of the bundle.
type insertion struct {
	at   int
	text string
}

// positions map places of the rewritten text back to the author's files. It is read-only once made.
type positions struct {
	files  *files
	lines  []int // where the bundle's lines start
	inside []insertion
	smap   *sourcemap.Consumer
	start  int // bytes before this one are the bundler's own
}

func newPositions(b *bundle) (*positions, error) {
	m, err := sourcemap.Parse("", b.smap)
	if err != nil {
		return nil, err
	}
	p := &positions{files: b.files, smap: m, lines: []int{0}}
	for i := range len(b.text) {
		if b.text[i] == '\n' {
			p.lines = append(p.lines, i+1)
		}
	}
	p.start = len(b.text)
	if i := strings.Index(b.text, "\n  // "+namespace+":"); i >= 0 { // the comment over the first file
		p.start = i
	}
	return p, nil
}

// at maps a line and column of the rewritten text, as goja's stack frames give them, counting from 1. ok is false in code that no author wrote.
func (p *positions) at(line, col int) (pos fault.Pos, ok bool) {
	if line < 1 || line > len(p.lines) {
		return pos, false
	}
	begin := p.lines[line-1]
	end := int(^uint(0) >> 1)
	if line < len(p.lines) {
		end = p.lines[line]
	}
	i, _ := slices.BinarySearchFunc(p.inside, begin, func(in insertion, at int) int { return cmp.Compare(in.at, at) })
	shift := 0
	for ; i < len(p.inside) && p.inside[i].at < end; i++ {
		if p.inside[i].at-begin+shift >= col-1 {
			break
		}
		shift += len(p.inside[i].text)
	}
	// A column within an insertion is the place where it stands.
	at := begin + max(0, col-1-shift)
	if i > 0 && i <= len(p.inside) && p.inside[i-1].at >= begin {
		at = max(at, p.inside[i-1].at)
	}
	return p.of(at)
}

// of maps a byte of the bundle.
func (p *positions) of(at int) (pos fault.Pos, ok bool) {
	if at < p.start {
		return pos, false
	}
	line, found := slices.BinarySearch(p.lines, at)
	if !found {
		line--
	}
	file, _, l, c, ok := p.smap.Source(line+1, at-p.lines[line])
	if !ok || file == "" {
		return pos, false
	}
	shown := p.files.show(file)
	if shown == sdkModule || shown == testModule {
		return pos, false
	}
	return fault.Pos{File: shown, Line: l, Col: c + 1}, true
}

// own says whether a position is in the package itself rather than in a module that it links.
func (p *positions) own(pos fault.Pos) bool { return p.files.own(pos.File) }
