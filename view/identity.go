package view

import (
	"net/url"
	"strings"
)

// EncodeKey makes an entity's one key of its key fields' values: a single one as it is,
// several percent-encoded and joined by "~".
func EncodeKey(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('~')
		}
		escape(&b, p)
	}
	return b.String()
}

// DecodeKey undoes EncodeKey for a key of n fields; ok is false if key is not of that form.
func DecodeKey(key string, n int) (parts []string, ok bool) {
	if n == 1 {
		return []string{key}, true
	}
	parts = strings.Split(key, "~")
	if len(parts) != n {
		return nil, false
	}
	return parts, unescape(parts)
}

// EncodeID makes the opaque id of an entity under a shape: "<Shape>:<argument>:…:<key>", parts percent-encoded.
func EncodeID(shape string, args []string, key string) string {
	var b strings.Builder
	b.WriteString(shape)
	for _, a := range args {
		b.WriteByte(':')
		escape(&b, a)
	}
	b.WriteByte(':')
	escape(&b, key)
	return b.String()
}

// DecodeID undoes EncodeID; ok is false if id is not of that form.
func DecodeID(id string) (shape string, args []string, key string, ok bool) {
	parts := strings.Split(id, ":")
	if len(parts) < 2 || parts[0] == "" {
		return "", nil, "", false
	}
	rest := parts[1:]
	if !unescape(rest) {
		return "", nil, "", false
	}
	return parts[0], rest[:len(rest)-1], rest[len(rest)-1], true
}

func unescape(parts []string) bool {
	for i, p := range parts {
		s, err := url.PathUnescape(p)
		if err != nil {
			return false
		}
		parts[i] = s
	}
	return true
}

const hexDigits = "0123456789ABCDEF"

// escape percent-encodes all but letters, digits, "-", "_" and ".", so that ":" and "~" are free as separators.
func escape(b *strings.Builder, s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
}
