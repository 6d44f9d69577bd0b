package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"reflect"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"facet/fault"
)

// Format is the newest encoding of releases and pointers.
const Format = 1

// The most bytes that a header and a shard may have.
const (
	MaxHeader = 4 << 20
	MaxShard  = 16 << 20
)

// Digest is "sha256:" and the SHA-256 of the bytes in lower case hex.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// An Encoded is a release as it is stored: a header that names its shards by their digests.
type Encoded struct {
	Digest string            // of the header, and so of the release
	Header []byte            // releases/{env}/{digest}.json
	Shards map[string][]byte // shards/{digest}.json
}

type header struct {
	Format         int               `json:"format"`
	Env            string            `json:"env"`
	Parent         string            `json:"parent,omitempty"`
	Made           time.Time         `json:"made"`
	Graph          Graph             `json:"graph"`
	Older          []Graph           `json:"older,omitempty"`
	Shards         []string          `json:"shards"`
	Modules        map[string]string `json:"modules,omitempty"`
	Experiments    []Experiment      `json:"experiments,omitempty"`
	Switches       map[string]bool   `json:"switches,omitempty"`
	Limits         map[string]int64  `json:"limits,omitempty"`
	Kept           []Kept            `json:"kept,omitempty"`
	Why            string            `json:"why,omitempty"`
	Author         string            `json:"author,omitempty"`
	SourceRevision string            `json:"sourceRevision,omitempty"`
	Signatures     []Signature       `json:"signatures,omitempty"`
}

// A shard holds some devices' routes, and the builds and locks that they need.
type shard struct {
	Routes []Route          `json:"routes"`
	Builds map[string]Build `json:"builds,omitempty"`
	Locks  map[string]Lock  `json:"locks,omitempty"`
	Held   []Held           `json:"held,omitempty"`
}

// Encode brings the release into its one order, checks it, and writes it in the
// given number of shards (at least 1): equal releases give equal bytes. All
// routes of a device are in one shard, so a change to one device leaves the
// other shards, and their digests, as they are.
func (r *Release) Encode(shards int) (*Encoded, error) {
	c := r.Clone()
	c.canonical()
	if err := c.Check(); err != nil {
		return nil, err
	}
	parts := make([]shard, max(1, shards))
	part := func(device string) *shard {
		h := fnv.New32a()
		_, _ = h.Write([]byte(device))
		return &parts[int(h.Sum32())%len(parts)]
	}
	for _, h := range c.Held {
		p := part(h.Device)
		p.Held = append(p.Held, h)
	}
	for _, route := range c.Routes {
		p := part(route.Device)
		p.Routes = append(p.Routes, route)
		if p.Builds == nil {
			p.Builds, p.Locks = map[string]Build{}, map[string]Lock{}
		}
		for _, m := range route.Mounts {
			for _, t := range m.Tracks {
				p.Builds[t.Build] = c.Builds[t.Build]
				if lock := c.Locks[t.Build]; len(lock) > 0 {
					p.Locks[t.Build] = lock
				}
			}
		}
	}
	out := &Encoded{Shards: map[string][]byte{}}
	head := header{
		Format: Format, Env: c.Env, Parent: c.Parent, Made: c.Made, Graph: c.Graph, Older: c.Older, Modules: c.Modules,
		Experiments: c.Experiments, Switches: c.Switches, Limits: c.Limits, Kept: c.Kept,
		Why: c.Why, Author: c.Author, SourceRevision: c.SourceRevision, Signatures: c.Signatures,
	}
	for i, p := range parts {
		if len(p.Routes) == 0 && i > 0 {
			continue
		}
		if p.Routes == nil {
			p.Routes = []Route{}
		}
		b, err := marshal(p, MaxShard)
		if err != nil {
			return nil, err
		}
		digest := Digest(b)
		head.Shards = append(head.Shards, digest)
		out.Shards[digest] = b
	}
	var err error
	if out.Header, err = marshal(head, MaxHeader); err != nil {
		return nil, err
	}
	out.Digest = Digest(out.Header)
	return out, nil
}

// ShardsOf lists the digests of the shards that a header names. It is Invalid for what is no header.
func ShardsOf(headerBytes []byte) ([]string, error) {
	var h header
	if err := unmarshal(headerBytes, MaxHeader, &h); err != nil {
		return nil, err
	}
	if h.Format != Format {
		return nil, wrong("this is format %d of a release; this program reads %d", h.Format, Format)
	}
	if len(h.Shards) == 0 || len(h.Shards) > 4096 {
		return nil, wrong("a release has %d shards; 1 to 4096 are legal", len(h.Shards))
	}
	for _, s := range h.Shards {
		if !digestForm.MatchString(s) {
			return nil, wrong("the shard %q is no digest", s)
		}
	}
	return h.Shards, nil
}

// Lineage is the parent that a header names ("" for the first release) and when the release was made. It is Invalid for what is no header.
func Lineage(headerBytes []byte) (parent string, made time.Time, err error) {
	var h header
	if err := unmarshal(headerBytes, MaxHeader, &h); err != nil {
		return "", time.Time{}, err
	}
	if h.Parent != "" && !ValidDigest(h.Parent) {
		return "", time.Time{}, wrong("the parent %q is no digest", h.Parent)
	}
	return h.Parent, h.Made, nil
}

// Decode reads what Encode wrote. The input is not trusted, except that the caller has
// compared each shard with its digest: what it returns has passed Check. Its errors are Invalid or TooLarge.
func Decode(headerBytes []byte, shards map[string][]byte) (*Release, error) {
	names, err := ShardsOf(headerBytes)
	if err != nil {
		return nil, err
	}
	var h header
	if err := unmarshal(headerBytes, MaxHeader, &h); err != nil {
		return nil, err
	}
	r := &Release{
		Env: h.Env, Parent: h.Parent, Made: h.Made, Graph: h.Graph, Older: h.Older, Modules: h.Modules,
		Builds: map[string]Build{}, Locks: map[string]Lock{},
		Experiments: h.Experiments, Switches: h.Switches, Limits: h.Limits, Kept: h.Kept,
		Why: h.Why, Author: h.Author, SourceRevision: h.SourceRevision, Signatures: h.Signatures,
	}
	for _, name := range names {
		raw, ok := shards[name]
		if !ok {
			return nil, wrong("the shard %s is missing", Short(name))
		}
		var s shard
		if err := unmarshal(raw, MaxShard, &s); err != nil {
			return nil, err
		}
		for digest, b := range s.Builds {
			if old, twice := r.Builds[digest]; twice && old != b {
				return nil, wrong("two shards disagree about the build %s", Short(digest))
			}
		}
		for digest, l := range s.Locks {
			if old, twice := r.Locks[digest]; twice && !reflect.DeepEqual(old, l) {
				return nil, wrong("two shards disagree about the locks of the build %s", Short(digest))
			}
		}
		r.Routes, r.Held = append(r.Routes, s.Routes...), append(r.Held, s.Held...)
		maps.Copy(r.Builds, s.Builds)
		maps.Copy(r.Locks, s.Locks)
	}
	r.canonical()
	if err := r.Check(); err != nil {
		return nil, err
	}
	return r, nil
}

func marshal(v any, most int) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fault.Wrap(fault.Internal, "release.encode", "", err)
	}
	if buf.Len()-1 > most {
		return nil, &fault.Error{Kind: fault.TooLarge, Op: "release.encode", Message: fmt.Sprintf("it takes %d bytes; the limit is %d", buf.Len()-1, most)}
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// strictly refuses members that a document does not have. Durations are nanoseconds, as they are written.
var strictly = jsonv2.JoinOptions(jsonv2.RejectUnknownMembers(true), jsonv1.FormatDurationAsNano(true))

func unmarshal(data []byte, most int, v any) error {
	if len(data) > most {
		return &fault.Error{Kind: fault.TooLarge, Op: "release.decode", Message: fmt.Sprintf("it takes %d bytes; the limit is %d", len(data), most)}
	}
	if err := jsonv2.Unmarshal(data, v, strictly); err != nil {
		return &fault.Error{Kind: fault.Invalid, Op: "release.decode", Message: "this document cannot be read", Err: err}
	}
	return nil
}
