package composer

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// EncodeCursor makes the opaque cursor of the item at an index: as `after`, a page starts with that item.
func EncodeCursor(index int) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt([]byte("i:"), int64(index), 10))
}

// DecodeCursor opens a cursor; ok is false if it is none.
func DecodeCursor(cursor string) (index int, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, false
	}
	digits, ok := strings.CutPrefix(string(b), "i:")
	if !ok || len(digits) == 0 || len(digits) > 9 || !isInt([]byte(digits)) || digits[0] == '-' {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}
