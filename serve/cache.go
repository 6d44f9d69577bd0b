package serve

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/maphash"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/view"
)

// ContextHeader carries the hash of the context that a client's cache belongs to: a client drops its cache when it changes.
// Public answers do not carry it: they are the same in every context.
const ContextHeader = "Facet-Context"

// CacheControl is the header of an answer: what may be kept, by whom, and for how long.
//   - not storable (an error, a degraded place): no-store
//   - some mutation of the package invalidates it, or no policy is stated: kept, and asked about each time
//   - else it is fresh for the policy's time; shared caches may keep it only if it is public
func CacheControl(s composer.CacheState) string {
	who := "private"
	if s.Public {
		who = "public"
	}
	switch {
	case !s.Storable:
		return "no-store"
	case s.Invalidatable:
		return "private, no-cache"
	case s.MaxAge < time.Second:
		return who + ", no-cache"
	}
	return who + ", max-age=" + strconv.FormatInt(int64(s.MaxAge/time.Second), 10)
}

// Cached sets Cache-Control. A public answer loses the context's hash: a shared cache would hand one asker's to another.
func Cached(h http.Header, s composer.CacheState) {
	control := CacheControl(s)
	h.Set("Cache-Control", control)
	if strings.HasPrefix(control, "public") {
		h.Del(ContextHeader)
	}
}

// inputs says which request headers a context input comes from. Authorization stands for the proxy that turns it into the
// viewer. The device's type is in the path.
var inputs = []struct {
	read    string // an input, or a prefix that ends with "." or ":"
	headers []string
}{
	{"viewer.", []string{"Authorization", asker.HeaderViewer, asker.HeaderProfile, asker.HeaderProfiles}},
	{"cell:", []string{"Authorization", asker.HeaderViewer, asker.HeaderProfile, asker.HeaderProfiles, asker.HeaderCells}},
	{"locale", []string{"Accept-Language"}},
	{"region", []string{asker.HeaderRegion}},
	{"device.form", []string{asker.HeaderForm}},
	{"device.bandwidth", []string{asker.HeaderBandwidth, "Save-Data", "ECT"}},
	{"device.appVersion", []string{asker.HeaderApp}},
}

// Vary names the request headers that an answer depends on by the context inputs that it read, sorted, after those that
// the protocol itself names. It is "" if there are none. Headers that an environment's rules look at are the asker's.
func Vary(a *asker.Asker, reads []string, also ...string) string {
	var names []string
	for _, r := range reads {
		if a != nil {
			names = append(names, a.From[r]...)
		}
		for _, in := range inputs {
			last := in.read[len(in.read)-1]
			if r == in.read || (last == '.' || last == ':') && strings.HasPrefix(r, in.read) {
				names = append(names, in.headers...)
			}
		}
	}
	slices.Sort(names)
	return strings.Join(append(also, slices.Compact(names)...), ", ")
}

// ContextHash names the context of an asker within a device schema: equal hashes mean that every answer is the same. It
// covers all that views can read, so that it does not change from one view to the next; what changes by itself (the
// connection, an update of the app) counts where some view reads it, time and random never do. An arm that a tier allocates counts
// from the first answer on that depended on it.
func ContextHash(s *view.Surface, a *asker.Asker) string {
	var room [512]byte
	b := put(put(room[:0], s.Device), s.Schema)
	b = putText(b, a, "viewer.id", a.Viewer.ID)
	b = putText(b, a, "viewer.profile.id", a.Viewer.Profile)
	b = putValue(b, a, "viewer.profiles")
	b = putValue(b, a, "viewer.signedIn")
	b = putText(b, a, "device.type", a.Device.Type)
	b = putText(b, a, "device.form", a.Device.Form)
	b = putText(b, a, "locale", a.Locale)
	b = putValue(b, a, "region")
	for _, path := range []string{"device.appVersion", "device.bandwidth"} {
		if s.Reads(path) {
			b = putValue(put(b, path), a, path)
		}
	}
	var cells []string
	for _, build := range s.Builds {
		cells = append(cells, build.Cells...)
	}
	slices.Sort(cells)
	for _, c := range slices.Compact(cells) {
		b = put(put(b, c), a.LastCell(c))
	}
	return hashes.of(b)
}

// A hashTable remembers the hashes of contexts that were worked out lately: each device asks many times. A place holds one, whose context
// is compared in full.
type hashTable [1024]atomic.Pointer[contextHash]

type contextHash struct {
	context []byte
	hash    string
}

var (
	hashes   hashTable
	hashSeed = maphash.MakeSeed()
)

func (t *hashTable) of(context []byte) string {
	at := &t[maphash.Bytes(hashSeed, context)%uint64(len(t))]
	if h := at.Load(); h != nil && bytes.Equal(h.context, context) {
		return h.hash
	}
	sum := sha256.Sum256(context)
	h := &contextHash{bytes.Clone(context), hex.EncodeToString(sum[:12])}
	at.Store(h)
	return h.hash
}

// put appends a text so that two sequences of texts are never the same bytes.
func put(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
}

// putValue appends what the asker says of a path.
func putValue(b []byte, a *asker.Asker, path string) []byte {
	v, _ := a.Value(path)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
}

// putText is putValue of a path whose text is at hand: most need no escapes in JSON.
func putText(b []byte, a *asker.Asker, path, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return putValue(b, a, path)
		}
	}
	if text == "" {
		return putValue(b, a, path)
	}
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(text)+2)), '"')
	return append(append(b, text...), '"')
}

// ETag is the strong validator of a body, which may come in parts: equal bytes have equal tags.
func ETag(parts ...[]byte) string {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	sum := hash(parts, size)
	var room [48]byte
	b := append(room[:0], '"')
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[sum>>shift&15])
	}
	return string(append(strconv.AppendInt(b, int64(size), 36), '"'))
}

// NotModified says whether the request's If-None-Match names the tag, as RFC 9110 section 13.1.2 compares: weakly.
func NotModified(r *http.Request, etag string) bool {
	for _, line := range r.Header.Values("If-None-Match") {
		for item := range strings.SplitSeq(line, ",") {
			item = strings.TrimSpace(item)
			if item == "*" || strings.TrimPrefix(item, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// NoStore marks an answer that nobody may keep.
func NoStore(h http.Header) {
	h["Cache-Control"] = noStore
	delete(h, "Etag")
}

// noStore is shared: nobody writes into it, and adding to it copies it.
var noStore = []string{"no-store"}
