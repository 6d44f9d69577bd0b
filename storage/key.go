package storage

import (
	"strings"
	"unicode/utf8"

	"facet/fault"
)

// CheckKey is nil for a key that every store takes: 1 to MaxKey bytes of UTF-8
// in segments divided by "/", each at most 255 bytes, none empty, "." or "..",
// without control characters or backslashes. It is Invalid otherwise.
//
// A store over a file system cannot hold both "a" and "a/b": such a Put is Invalid in every store.
func CheckKey(key string) error {
	bad := func(why string) error {
		return &fault.Error{Kind: fault.Invalid, Op: "storage.key", Subject: shorten(key), Message: why}
	}
	switch {
	case key == "":
		return bad("a key may not be empty")
	case len(key) > MaxKey:
		return bad("a key may have 1024 bytes at most")
	case !utf8.ValidString(key):
		return bad("a key must be UTF-8")
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' }) {
		return bad("a key may not have control characters or backslashes")
	}
	for part := range strings.SplitSeq(key, "/") {
		switch {
		case part == "":
			return bad("a key may not have an empty segment")
		case part == "." || part == "..":
			return bad(`a key may not have a segment "." or ".."`)
		case len(part) > 255:
			return bad("a segment of a key may have 255 bytes at most")
		}
	}
	return nil
}

// CheckPut is nil for a Put that every store takes. Metadata names are lower
// case letters, digits and "-"; values are printable ASCII without outer spaces.
func CheckPut(key string, body []byte, opts PutOptions) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	bad := func(k fault.Kind, why string) error {
		return &fault.Error{Kind: k, Op: "storage.put", Subject: key, Message: why}
	}
	if len(body) > MaxBody {
		return bad(fault.TooLarge, "an object may have 256 MiB at most")
	}
	if opts.IfAbsent && opts.IfMatch != "" {
		return bad(fault.Invalid, "a write cannot ask for an object to be absent and to have an ETag")
	}
	if !header(opts.IfMatch) || strings.Contains(opts.IfMatch, `"`) || !header(opts.ContentType) {
		return bad(fault.Invalid, "an ETag and a content type must be printable ASCII")
	}
	total := 0
	for name, value := range opts.Metadata {
		total += len(name) + len(value)
		if name == "" || strings.ContainsFunc(name, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
		}) {
			return bad(fault.Invalid, "a metadata name must be lower case letters, digits and -")
		}
		if !header(value) || value == "" {
			return bad(fault.Invalid, "a metadata value must be printable ASCII, not empty, without spaces around it")
		}
	}
	if total > MaxMetadata {
		return bad(fault.Invalid, "the metadata of an object may have 1024 bytes at most")
	}
	return nil
}

func header(s string) bool {
	return s == strings.TrimSpace(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e })
}

func shorten(key string) string {
	if len(key) > 80 {
		return strings.ToValidUTF8(key[:80], "") + "…"
	}
	return key
}
