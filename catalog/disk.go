package catalog

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"facet/fault"
	"facet/release"
	"facet/storage"
)

// A disk is the last-known-good copy of one instance: objects by digest, and the two pointers
// under which releases were served last. Files are written aside and renamed, and verified when read.
type disk struct {
	dir     string
	objects string
	pointer string // the files' names without their number
	lock    *os.File

	mu     sync.Mutex
	full   error           // the first object that could not be noted since the last kept release
	newer  int             // the number of the newest pointer's file
	active string          // the release kept last; "" after a start
	last   map[string]bool // file names of its objects
}

func openDisk(dir, env, region string) (*disk, error) {
	d := &disk{dir: dir, objects: filepath.Join(dir, "objects"), pointer: filepath.Join(dir, "pointer-"+env+"-"+region+"-")}
	if err := os.MkdirAll(d.objects, 0o755); err != nil {
		return nil, fault.Wrap(fault.Invalid, "catalog", dir, err)
	}
	var err error
	if d.lock, err = lock(filepath.Join(dir, "lock")); err != nil {
		return nil, err
	}
	d.sweep(func(name string) bool { return !strings.HasPrefix(name, "new-") }) // of writes that a crash cut off
	return d, nil
}

// close lets another instance have the folder.
func (d *disk) close() { _ = d.lock.Close() }

func (d *disk) path(digest string) string {
	return filepath.Join(d.objects, strings.TrimPrefix(digest, "sha256:"))
}

// get implements source: NotFound for what is not there or was spoilt.
func (d *disk) get(_ context.Context, o object) ([]byte, error) {
	body, err := os.ReadFile(d.path(o.digest))
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, "catalog.disk", o.key, err)
	}
	if storage.Verify(o.key, body, o.digest) != nil {
		_ = os.Remove(d.path(o.digest))
		return nil, fault.New(fault.NotFound, "the copy of %s on disk is spoilt", o.key)
	}
	return body, nil
}

// put notes an object. A disk that is full costs the copy, not the service: keep says so.
func (d *disk) put(digest string, body []byte) {
	err := write(d.path(digest), body)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil && d.full == nil {
		d.full = err
	}
}

// newest is the pointer with the highest sequence of those that can be read and that fits accept, and when the store last had it.
func (d *disk) newest(fits func(release.Pointer) bool) (best release.Pointer, seen time.Time, ok bool) {
	for n := range pointers {
		name := d.pointer + strconv.Itoa(n)
		raw, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		sum, body, _ := bytes.Cut(raw, []byte("\n"))
		if release.Digest(body) != string(sum) {
			continue
		}
		p, err := release.DecodePointer(body)
		if err == nil && fits(p) && (!ok || p.Seq > best.Seq) {
			best, ok, d.newer = p, true, n
			if info, err := os.Stat(name); err == nil {
				seen = info.ModTime()
			}
		}
	}
	return best, seen, ok
}

// prove notes that a program opened a release. Without the note it is only opened once more.
func (d *disk) prove(digest, program string) {
	if program != "" && !d.proven(digest, program) {
		_ = write(d.proof(), []byte(program+"\n"+digest))
	}
}

// proven says whether a program opened a release before.
func (d *disk) proven(digest, program string) bool {
	if program == "" {
		return false
	}
	noted, err := os.ReadFile(d.proof())
	return err == nil && string(noted) == program+"\n"+digest
}

func (d *disk) proof() string { return d.pointer + "proven" }

// seen notes that the store still has what is served, as the time of the newest pointer's file: how stale a copy is outlives a restart.
func (d *disk) seen(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = os.Chtimes(d.pointer+strconv.Itoa(d.newer), at, at) // without it the copy looks older than it is
}

// pointers is how many there are: the one that is spoilt leaves the one before.
const pointers = 2

// keep notes the pointer under which a release became active, if all of the release is on disk. Then it drops
// the objects that neither this release nor the one kept before needs. An error says
// why the copy is still of the release before.
func (d *disk) keep(p release.Pointer, active string, needed []object) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	full := d.full
	d.full = nil
	names := make(map[string]bool, len(needed))
	for _, o := range needed {
		names[filepath.Base(d.path(o.digest))] = true
		if _, err := os.Stat(d.path(o.digest)); err != nil {
			return fault.Wrap(fault.Unavailable, "catalog.disk", d.dir, errors.Join(full, err))
		}
	}
	raw, err := p.Encode()
	if err != nil {
		return err
	}
	older := (d.newer + 1) % pointers
	if err := write(d.pointer+strconv.Itoa(older), append([]byte(release.Digest(raw)+"\n"), raw...)); err != nil {
		return fault.Wrap(fault.Unavailable, "catalog.disk", d.dir, err)
	}
	d.newer = older
	if active != p.Release || active == d.active { // what is planned is here already, and stays
		return nil
	}
	if before := d.last; before != nil {
		d.sweep(func(name string) bool { return names[name] || before[name] })
	}
	d.active, d.last = active, names
	return nil
}

// sweep removes objects that nobody keeps; what cannot be removed is met again.
func (d *disk) sweep(keep func(name string) bool) {
	entries, err := os.ReadDir(d.objects)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !keep(e.Name()) {
			_ = os.Remove(filepath.Join(d.objects, e.Name()))
		}
	}
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
