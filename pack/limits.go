package pack

import (
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"facet/fault"
)

// Limits bound what a package may hold. A zero field takes the default's value.
type Limits struct {
	Packed   int64 // bytes of the .tgz
	Unpacked int64 // bytes of all files
	File     int64 // bytes of one file
	Files    int   // number of files, bundled dependencies included
	Path     int   // bytes of one path
	Depth    int   // folders and file name of one path
	Ratio    int64 // unpacked bytes per packed byte, looked at above 1 MiB unpacked
}

// DefaultLimits are generous for scripts and small for anything else.
func DefaultLimits() Limits {
	return Limits{Packed: 8 << 20, Unpacked: 32 << 20, File: 8 << 20, Files: 5000, Path: 240, Depth: 16, Ratio: 100}
}

func (l Limits) filled() Limits {
	d := DefaultLimits()
	fill(&l.Packed, d.Packed)
	fill(&l.Unpacked, d.Unpacked)
	fill(&l.File, d.File)
	fill(&l.Files, d.Files)
	fill(&l.Path, d.Path)
	fill(&l.Depth, d.Depth)
	fill(&l.Ratio, d.Ratio)
	return l
}

func fill[T int | int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// A box collects files and refuses one that breaks a limit or cannot stand beside the others.
type box struct {
	limits Limits
	files  map[string][]byte
	bytes  int64
	folded map[string]string // every file and folder as file systems without case see it, to its spelling
	folder map[string]bool   // paths that are folders
}

func newBox(l Limits) *box {
	return &box{limits: l.filled(), files: map[string][]byte{}, folded: map[string]string{}, folder: map[string]bool{}}
}

// room says whether a file of so many bytes may still be added.
func (b *box) room(p string, size int64) error {
	switch l := b.limits; {
	case size > l.File:
		return fault.New(fault.TooLarge, "%s has %d bytes; a file may have %d", p, size, l.File)
	case b.bytes+size > l.Unpacked:
		return fault.New(fault.TooLarge, "the files have more than %d bytes together; %s is one too many", l.Unpacked, p)
	case len(b.files) >= l.Files:
		return fault.New(fault.Limit, "there are more than %d files; %s is one too many", l.Files, p)
	}
	return nil
}

// add takes a file. The content belongs to the box from then on.
func (b *box) add(p string, content []byte) error {
	if err := b.limits.path(p); err != nil {
		return err
	}
	if err := b.room(p, int64(len(content))); err != nil {
		return err
	}
	if _, ok := b.files[p]; ok {
		return fault.New(fault.Invalid, "%s is there twice", p)
	}
	if b.folder[p] {
		return fault.New(fault.Invalid, "%s is a file and a folder", p)
	}
	for at := p; at != "."; at = path.Dir(at) {
		f := fold(at)
		if spelled, ok := b.folded[f]; ok && spelled != at {
			return fault.New(fault.Invalid, "%s and %s differ in case only", spelled, at)
		}
		b.folded[f] = at
		if at == p {
			continue
		}
		if _, ok := b.files[at]; ok {
			return fault.New(fault.Invalid, "%s is a file and a folder", at)
		}
		b.folder[at] = true
	}
	b.files[p] = content
	b.bytes += int64(len(content))
	return nil
}

func fold(p string) string { return cases.Fold().String(norm.NFC.String(p)) }

// path says whether a file may have this path.
func (l Limits) path(p string) error {
	switch {
	case !utf8.ValidString(p):
		return fault.New(fault.Invalid, "the path %q is not UTF-8", p)
	case p == "" || strings.HasPrefix(p, "/") || path.Clean(p) != p || p == "." || p == ".." || strings.HasPrefix(p, "../"):
		return fault.New(fault.Invalid, "the path %q leads out of the package or around in it", p)
	case strings.ContainsFunc(p, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' }):
		return fault.New(fault.Invalid, "the path %q has a control character or a backslash", p)
	case len(p) > l.Path:
		return fault.New(fault.Limit, "the path %.40s… has %d bytes; it may have %d", p, len(p), l.Path)
	case strings.Count(p, "/") >= l.Depth:
		return fault.New(fault.Limit, "the path %.40s… is %d deep; it may be %d", p, strings.Count(p, "/")+1, l.Depth)
	}
	return nil
}
