package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"time"

	"facet/fault"
)

// packed is the time that npm gives every file in a tarball, so that times make no difference.
var packed = time.Date(1985, time.October, 26, 8, 15, 0, 0, time.UTC)

// Tarball is the package as npm packs it: a gzipped tar of its files below "package/", in path order.
// One package always gives the same bytes.
func (p *Package) Tarball() ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "pack.tarball", p.ID(), err)
	}
	z.OS = 255 // unknown, whatever machine packs
	w := tar.NewWriter(z)
	for _, name := range p.Paths() {
		h := tar.Header{Typeflag: tar.TypeReg, Name: "package/" + name, Mode: 0o644, Size: int64(len(p.Files[name])), ModTime: packed}
		if err := w.WriteHeader(&h); err != nil {
			return nil, fault.Wrap(fault.Invalid, "pack.tarball", name, err)
		}
		if _, err := w.Write(p.Files[name]); err != nil {
			return nil, fault.Wrap(fault.Internal, "pack.tarball", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fault.Wrap(fault.Internal, "pack.tarball", p.ID(), err)
	}
	if err := z.Close(); err != nil {
		return nil, fault.Wrap(fault.Internal, "pack.tarball", p.ID(), err)
	}
	return out.Bytes(), nil
}
