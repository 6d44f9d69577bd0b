package catalog

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"facet/fault"
	"facet/release"
	"facet/storage"
)

// A disk is the last-known-good copy: objects by digest, and the pointer they
// were served under. Files are written aside and renamed, and verified when read.
type disk struct {
	objects string
	file    string // of the pointer
}

func openDisk(dir, env, region string) (*disk, error) {
	d := &disk{objects: filepath.Join(dir, "objects"), file: filepath.Join(dir, "pointer-"+env+"-"+region+".json")}
	if err := os.MkdirAll(d.objects, 0o755); err != nil {
		return nil, fault.Wrap(fault.Invalid, "catalog", dir, err)
	}
	return d, nil
}

func (d *disk) path(digest string) string {
	return filepath.Join(d.objects, strings.TrimPrefix(digest, "sha256:"))
}

// get implements source: NotFound for what is not there or was spoilt.
func (d *disk) get(_ context.Context, key, digest string, _ int64) ([]byte, error) {
	body, err := os.ReadFile(d.path(digest))
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, "catalog.disk", key, err)
	}
	if storage.Verify(key, body, digest) != nil {
		_ = os.Remove(d.path(digest))
		return nil, fault.New(fault.NotFound, "the copy of %s on disk is spoilt", key)
	}
	return body, nil
}

// put notes an object. A disk that is full costs the copy, not the service.
func (d *disk) put(digest string, body []byte) { _ = write(d.path(digest), body) }

// pointer is the one that was served last.
func (d *disk) pointer() (release.Pointer, bool) {
	raw, err := os.ReadFile(d.file)
	if err != nil {
		return release.Pointer{}, false
	}
	p, err := release.DecodePointer(raw)
	return p, err == nil
}

// keep notes the pointer under which a release became active. If nothing else
// is planned, it drops every object that the release does not need.
func (d *disk) keep(p release.Pointer, active string, needed map[string]bool) error {
	raw, err := p.Encode()
	if err != nil {
		return err
	}
	if err := write(d.file, raw); err != nil {
		return fault.Wrap(fault.Unavailable, "catalog.disk", d.file, err)
	}
	if active != p.Release {
		return nil
	}
	keep := map[string]bool{}
	for digest := range needed {
		keep[filepath.Base(d.path(digest))] = true
	}
	entries, err := os.ReadDir(d.objects)
	if err != nil {
		return fault.Wrap(fault.Unavailable, "catalog.disk", d.objects, err)
	}
	for _, e := range entries {
		if !keep[e.Name()] {
			_ = os.Remove(filepath.Join(d.objects, e.Name()))
		}
	}
	return nil
}

func write(path string, body []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
