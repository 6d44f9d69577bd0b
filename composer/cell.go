package composer

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"facet/fault"
)

// A kind says what a cell holds.
type kind uint8

const (
	kMissing  kind = iota // nothing was delivered here
	kPending              // asked for, not yet answered; off: the plan op that asked
	kNull                 //
	kError                // ans 0: off indexes exec.errs; else off is a flaw that the scanner found
	kNotFound             // a null that an orNotFound turned into the absence of its view
	kText                 // a JSON string with its quotes, no escapes in it
	kEscaped              // a JSON string with its quotes and escapes
	kDigits               // an ID that the tier gave as a number: it is written in quotes
	kBool
	kInt
	kFloat
	kRaw    // any JSON
	kList   // off, n: cells of the answer
	kObject // off: the record in the answer's cells; n: its place in plan.places
	kEntity // off: the space; n: the entity's index
)

// A cell is one value: where its bytes lie, not the bytes.
type cell struct {
	kind kind
	deg  uint8 // 1 + index in fault.Kinds() of why this null or default stands; 0: it stands for itself
	ans  uint16
	off  uint32
	n    uint32
}

var nullCell = cell{kind: kNull}

// A flaw is what the scanner can find wrong with one value.
type flaw uint32

const (
	flawType   flaw = iota + 1 // not of the graph's type
	flawNull                   // null where the graph says non-null
	flawText                   // illegal UTF-8 or escape
	flawInt                    // not a 32-bit integer
	flawEnum                   // not a member of the enum
	flawMember                 // names no member of the union
)

var flawTexts = map[flaw]string{
	flawType:   "a value is not of its type",
	flawNull:   "null stands where the graph says that there is a value",
	flawText:   "a string is not legal Unicode",
	flawInt:    "a number is not a 32-bit integer",
	flawEnum:   "a value is not a member of its enum",
	flawMember: "an item names no member of its union",
}

func flawed(f flaw) cell { return cell{kind: kError, ans: 1, off: uint32(f)} }

// degree packs a fault kind into cell.deg.
func degree(k fault.Kind) uint8 {
	for i, o := range kinds {
		if o == k {
			return uint8(i + 1)
		}
	}
	return uint8(len(kinds))
}

var kinds = fault.Kinds()

func degreeKind(d uint8) fault.Kind { return kinds[d-1] }

// literalCell types a JSON literal whose bytes stand at off.
func literalCell(ans uint16, off int, b []byte) cell {
	c := cell{ans: ans, off: uint32(off), n: uint32(len(b)), kind: kRaw}
	if len(b) == 0 {
		return nullCell
	}
	switch b[0] {
	case 'n':
		return nullCell
	case 't', 'f':
		c.kind = kBool
	case '"':
		c.kind = kText
		for _, x := range b {
			if x == '\\' {
				c.kind = kEscaped
			}
		}
	case '{', '[':
	default:
		c.kind = kFloat
		if isInt(b) {
			c.kind = kInt
		}
	}
	return c
}

func isInt(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// unquote decodes a JSON string with its quotes; the bytes are b's own where nothing is escaped.
func unquote(b []byte) []byte {
	in := b[1 : len(b)-1]
	for _, c := range in {
		if c == '\\' {
			var s string
			if json.Unmarshal(b, &s) == nil {
				return []byte(s)
			}
			return in
		}
	}
	return in
}

// appendQuoted appends s as a JSON string.
func appendQuoted[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), `\ufffd`...)
				from = i + 1
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
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
			dst = append(dst, '\\', 'u', '0', '0', hexes[c>>4], hexes[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

const hexes = "0123456789abcdef"

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
