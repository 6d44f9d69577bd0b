// Package span reads and writes the JSON of what goes in and out of functions, piece by piece and no further than is asked for.
package span

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// Text reads a JSON string; ok is false if it is none.
func Text(raw []byte) (s string, ok bool) {
	if body, ok := Body(raw); ok {
		return string(body), true
	}
	return decode(raw)
}

// Body is what stands between the quotes of a JSON string that means itself; ok is false if it is another one, or none.
func Body(raw []byte) (body []byte, ok bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return nil, false
	}
	body = raw[1 : len(raw)-1]
	wide := false
	for _, c := range body {
		if c == '\\' || c < ' ' || c == '"' {
			return nil, false
		}
		wide = wide || c >= utf8.RuneSelf
	}
	return body, !wide || utf8.Valid(body)
}

func decode(raw []byte) (s string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// Trim is JSON without the white space around it.
func Trim(raw []byte) []byte {
	for len(raw) > 0 && space(raw[0]) {
		raw = raw[1:]
	}
	for len(raw) > 0 && space(raw[len(raw)-1]) {
		raw = raw[:len(raw)-1]
	}
	return raw
}

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// Split gives each element of a JSON array, or each member of an object with its key, to each. It looks no deeper, and
// stops where the text is no JSON.
func Split(raw []byte, each func(key, value []byte)) {
	object := raw[0] == '{'
	i := 1
	for {
		for i < len(raw) && (space(raw[i]) || raw[i] == ',') {
			i++
		}
		if i >= len(raw) || raw[i] == ']' || raw[i] == '}' {
			return
		}
		var key []byte
		if object {
			end := skip(raw, i)
			key = raw[i:end]
			for i = end; i < len(raw) && (space(raw[i]) || raw[i] == ':'); i++ {
			}
		}
		end := skip(raw, i)
		if end == i {
			return
		}
		each(key, raw[i:end])
		i = end
	}
}

// skip is the index after the JSON value that begins at i.
func skip(raw []byte, i int) int {
	depth := 0
	for i < len(raw) {
		switch c := raw[i]; c {
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
			i++
			if depth == 0 {
				return min(i, len(raw))
			}
		case '[', '{':
			depth++
			i++
		case ']', '}':
			if depth == 0 {
				return i
			}
			depth--
			i++
			if depth == 0 {
				return i
			}
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
			i++
		default:
			i++
		}
	}
	return len(raw)
}

// AppendNumber writes a finite number as JavaScript's JSON does, but for exponents.
func AppendNumber(dst []byte, x float64) []byte {
	if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		return strconv.AppendInt(dst, int64(x), 10) // -0 is 0
	}
	if a := math.Abs(x); a < 1e-6 || a >= 1e21 {
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}

// AppendText writes a string as JSON. What is no UTF-8 becomes U+FFFD.
func AppendText(dst []byte, s string) []byte {
	return append(AppendInner(append(dst, '"'), s), '"')
}

// AppendInner writes what stands between the quotes of a string.
func AppendInner(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', Hex[c>>4], Hex[c&15])
		}
		i++
		from = i
	}
	return append(dst, s[from:]...)
}

// Hex are the digits of escapes.
const Hex = "0123456789abcdef"
