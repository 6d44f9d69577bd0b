package pack

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"facet/fault"
)

// Open reads a .tgz that npm or Tarball made. Nothing in it is trusted: bytes, files, paths and the
// ratio of compression are bounded while reading. Links and devices, paths that lead out of the package, a path given twice
// or twice but for case, text that is not UTF-8 in a path, and data after the end are Invalid; so is a
// manifest with a mistake. Too many bytes are TooLarge, other limits Limit.
func Open(r io.Reader, l Limits) (*Package, error) {
	b := newBox(l)
	if err := b.unpack(r); err != nil {
		var f *fault.Error
		if !errors.As(err, &f) {
			f = &fault.Error{Kind: fault.Invalid, Message: "the tarball cannot be read", Err: err, Hint: "pack it with npm pack or edge publish"}
		}
		c := *f
		c.Op = "pack.open"
		return nil, &c
	}
	src, ok := b.files[File]
	if !ok {
		return nil, &fault.Error{Kind: fault.Invalid, Op: "pack.open", Message: "the tarball has no package.json"}
	}
	m, ds := ParseManifest(src)
	if err := ds.Err(); err != nil {
		return nil, err
	}
	return &Package{Manifest: m, Files: b.files, Digest: DigestOf(b.files)}, nil
}

// headers is what the frame of a tar file may take per file, and in all, beside contents.
const (
	headerBytes = 4096
	frameBytes  = 1 << 20
)

func (b *box) unpack(r io.Reader) error {
	in := &meter{r: r, most: b.limits.Packed, what: "the tarball has more than %d bytes"}
	z, err := gzip.NewReader(bufio.NewReader(in))
	if err != nil {
		return cause(in.err, err)
	}
	out := &meter{r: z, most: b.limits.Unpacked + int64(b.limits.Files)*headerBytes + frameBytes, what: "the tarball unpacks to more than %d bytes", from: in, ratio: b.limits.Ratio}
	t := tar.NewReader(out)
	top := ""
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return cause(out.err, cause(in.err, err))
		}
		switch h.Typeflag {
		case tar.TypeXGlobalHeader, tar.TypeDir:
			continue
		case tar.TypeReg:
		case tar.TypeSymlink, tar.TypeLink:
			return fault.New(fault.Invalid, "%.100q is a link", h.Name).WithHint("pack the file itself")
		default:
			return fault.New(fault.Invalid, "%.100q is no file", h.Name)
		}
		folder, name, ok := strings.Cut(h.Name, "/")
		if !ok || folder == "" || folder == ".." || top != "" && folder != top || path.IsAbs(h.Name) {
			return fault.New(fault.Invalid, "the path %.100q is not below the tarball's one folder", h.Name)
		}
		top = folder
		if err := b.room(name, h.Size); err != nil {
			return err
		}
		content, err := io.ReadAll(io.LimitReader(t, h.Size))
		if err != nil {
			return cause(out.err, cause(in.err, err))
		}
		if err := b.add(name, content); err != nil {
			return err
		}
	}
	return out.drain(in)
}

// cause is the reason that a meter had to stop, else what the reader above it made of that.
func cause(reason, err error) error {
	if reason != nil {
		return reason
	}
	return err
}

// A meter counts what is read through it and stops at a bound.
type meter struct {
	r     io.Reader
	n     int64
	most  int64
	what  string // the sentence for the bound
	from  *meter // what it is unpacked from, if it is
	ratio int64
	err   error
}

func (m *meter) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	switch {
	case m.n > m.most:
		m.err = fault.New(fault.TooLarge, "%s", fmt.Sprintf(m.what, m.most))
	case m.from != nil && m.n > 1<<20 && m.n/m.ratio > m.from.n:
		m.err = fault.New(fault.Limit, "the tarball unpacks to more than %d times its size", m.ratio)
	default:
		return n, err
	}
	return 0, m.err
}

// drain reads what follows the tar's end: only zeros may, and the checksum must hold.
func (m *meter) drain(in *meter) error {
	var buf [4096]byte
	for {
		n, err := m.Read(buf[:])
		if strings.Trim(string(buf[:n]), "\x00") != "" {
			return fault.New(fault.Invalid, "the tarball has data after its end")
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return cause(in.err, err)
		}
	}
}
