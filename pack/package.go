package pack

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Package is one version of what a team publishes. It is a value: nothing
// changes it after FromDir, FromFS or Open returned it.
type Package struct {
	Manifest Manifest
	Files    map[string][]byte // by slash path without "package/": "package.json", "src/index.ts", "node_modules/dep/index.js"
	Digest   string            // "sha256:<hex>" over paths and contents; the same for every tarball of the same files
}

// ID is "name@version", the name of a package in a Lock.
func (p *Package) ID() string { return p.Manifest.Name + "@" + p.Manifest.Version }

// String is the ID and the start of the digest.
func (p *Package) String() string {
	return fmt.Sprintf("%s (%d files, %.19s)", p.ID(), len(p.Files), p.Digest)
}

// Paths lists the files' paths, sorted.
func (p *Package) Paths() []string { return slices.Sorted(maps.Keys(p.Files)) }

// Bytes is the size of all files together, unpacked.
func (p *Package) Bytes() int64 {
	var n int64
	for _, b := range p.Files {
		n += int64(len(b))
	}
	return n
}

// SplitID cuts "name@version" (the name may begin with "@") into its halves.
func SplitID(id string) (name, version string) {
	if i := strings.LastIndexByte(id, '@'); i > 0 {
		return id[:i], id[i+1:]
	}
	return id, ""
}

// DigestOf is the digest of a set of files: SHA-256 over every path and content in path
// order, each preceded by its length as 8 bytes, so that no two sets share one input.
func DigestOf(files map[string][]byte) string {
	h := sha256.New()
	var n [8]byte
	put := func(length int) {
		binary.BigEndian.PutUint64(n[:], uint64(length))
		h.Write(n[:])
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		put(len(path))
		h.Write([]byte(path))
		put(len(files[path]))
		h.Write(files[path])
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
