package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"facet/fault"
	"facet/pack"
)

// Bounds of a folder of trusted documents.
const (
	documentsBytes = 64 << 20 // of all texts
	manifestBytes  = 16 << 20 // of one file
	documentsLook  = 5 * time.Second
)

// documents are the trusted GraphQL documents of an environment, by device schema and id.
type documents struct {
	dir  string
	only []string
	log  zerolog.Logger
	now  func() time.Time

	have atomic.Pointer[documentSet]
	mu   sync.Mutex
	last time.Time // that the folder was looked at
}

// A documentSet is what a folder held. It is read-only.
type documentSet struct {
	texts map[documentKey]string
	bytes int
	stamp string // of the files that it was read from
}

type documentKey struct{ device, schema, id string }

// newDocuments reads the folder of c; nil if it names none and asks for nothing. What cannot be read is logged, and the rest is served:
// one bad file must not keep an instance from starting.
func newDocuments(c documentsConfig, log zerolog.Logger) *documents {
	if c.Dir == "" && len(c.Only) == 0 {
		return nil
	}
	d := &documents{dir: c.Dir, only: c.Only, log: log, now: time.Now}
	d.have.Store(&documentSet{})
	d.look()
	return d
}

// trusted is graphql.Options' function; nil of no documents.
func (d *documents) trusted() func(device, schema, id string) (string, bool) {
	if d == nil || d.dir == "" {
		return nil
	}
	return d.find
}

// trustedOnly is graphql.Options' function; nil if each schema may be asked anything.
func (d *documents) trustedOnly() func(device, schema string) bool {
	if d == nil || len(d.only) == 0 {
		return nil
	}
	return func(device, schema string) bool {
		return slices.ContainsFunc(d.only, func(o string) bool { return o == "*" || o == device || o == device+"/"+schema })
	}
}

// find finds a document. For one that is not there the folder is looked at again, now and then: a new version of an app brings its
// documents before its devices come.
func (d *documents) find(device, schema, id string) (string, bool) {
	key := documentKey{device, schema, id}
	if text, ok := d.have.Load().texts[key]; ok {
		return text, true
	}
	if !d.look() {
		return "", false
	}
	text, ok := d.have.Load().texts[key]
	return text, ok
}

// look reads the folder again if that is due and it has changed; true if it did.
func (d *documents) look() bool {
	if d.dir == "" || !d.mu.TryLock() { // another request looks
		return false
	}
	defer d.mu.Unlock()
	now := d.now()
	if now.Sub(d.last) < documentsLook {
		return false
	}
	d.last = now
	files, stamp, err := documentFiles(d.dir)
	if err != nil {
		d.log.Error().Err(err).Str("dir", d.dir).Msg("trusted documents cannot be listed: those from before are answered")
		return false
	}
	if have := d.have.Load(); have.stamp == stamp {
		return false
	}
	set := &documentSet{texts: map[documentKey]string{}, stamp: stamp}
	for _, name := range files {
		if err := set.read(d.dir, name); err != nil {
			d.log.Error().Err(err).Str("file", name).Msg("trusted documents cannot be read")
		}
	}
	d.have.Store(set)
	d.log.Info().Int("documents", len(set.texts)).Str("dir", d.dir).Msg("trusted documents")
	return true
}

// documentFiles lists device/schema/name files below a folder, and a stamp that changes when one of them does.
func documentFiles(dir string) (files []string, stamp string, err error) {
	h := sha256.New()
	root := os.DirFS(dir)
	for _, pattern := range []string{"*/*/*.graphql", "*/*/*.gql", "*/*/*.json"} {
		found, err := fs.Glob(root, pattern)
		if err != nil {
			return nil, "", err
		}
		for _, name := range found {
			info, err := fs.Stat(root, name)
			if err != nil {
				return nil, "", err
			}
			line, err := json.Marshal([]any{name, info.Size(), info.ModTime().UnixNano()})
			if err != nil {
				return nil, "", err
			}
			h.Write(line)
			files = append(files, name)
		}
	}
	if len(files) == 0 {
		if _, err := os.Stat(dir); err != nil {
			return nil, "", err
		}
	}
	return files, hex.EncodeToString(h.Sum(nil)), nil
}

// read adds what a file holds: one document, or a manifest.
func (s *documentSet) read(dir, name string) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > manifestBytes {
		return fault.New(fault.TooLarge, "%s is larger than %d bytes", name, manifestBytes)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	parts := strings.Split(name, "/")
	device, schema := parts[0], parts[1]
	if !strings.HasSuffix(name, ".json") {
		return s.add(documentKey{device, schema, pack.DocumentHash(string(text))}, string(text))
	}
	list, err := pack.ReadManifest(text)
	if err != nil {
		return fault.Wrap(fault.Invalid, "read manifest", name, err)
	}
	for _, m := range list {
		if err := s.add(documentKey{device, schema, m.ID}, m.Text); err != nil {
			return err
		}
		if err := s.add(documentKey{device, schema, pack.DocumentHash(m.Text)}, m.Text); err != nil { // what a client computes, beside what a tool chose
			return err
		}
	}
	return nil
}

// add keeps a document. An id that is a SHA-256 must be that of the text.
func (s *documentSet) add(key documentKey, text string) error {
	if err := (&pack.Document{ID: key.id, Text: text}).Check(); err != nil {
		return err
	}
	if raw, err := hex.DecodeString(key.id); err == nil && len(raw) == sha256.Size {
		key.id = strings.ToLower(key.id)
	}
	if old, ok := s.texts[key]; ok {
		if old != text {
			return fault.New(fault.Conflict, "the id %q names two documents", clip(key.id, 80))
		}
		return nil
	}
	if s.bytes += len(text); s.bytes > documentsBytes {
		return fault.New(fault.TooLarge, "the documents are larger than %d bytes", documentsBytes)
	}
	s.texts[key] = text
	return nil
}

// checkDocuments says what is wrong with trusted documents.
func checkDocuments(c *documentsConfig, wrong complain) {
	for _, only := range c.Only {
		if parts := strings.Split(only, "/"); len(parts) > 2 || slices.Contains(parts, "") {
			wrong("serve.documents.only", "write tv, tv/v3 or *", "%q is no device or schema", only)
		}
	}
}
