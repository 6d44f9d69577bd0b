package composer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestFlatRows: a row is written as its fields say, one after another, or not at all.
func TestFlatRows(t *testing.T) {
	leads := []string{`{"a":`, `,"a name of more than sixteen bytes":`, `,"b":`, `,"exactly16byt":`}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		f := &flat{place: 3, width: 4, fixed: 1}
		body, want, whole := "", "before,", true
		var cells []cell
		for i, lead := range leads {
			l := flatLeaf{slot: uint32(i), nullable: rnd.IntN(2) == 0, lead: newLead([]byte(lead))}
			f.leaves, f.fixed = append(f.leaves, l), f.fixed+len(lead)
			text := fmt.Sprintf("%q", strings.Repeat("x", rnd.IntN(40)))
			c := cell{kind: kText, ans: ansTier, off: uint32(len(body)), n: uint32(len(text))}
			switch rnd.IntN(12) {
			case 0:
				c, text = nullCell, "null"
				whole = whole && l.nullable
			case 1:
				whole = false
				c = []cell{{}, {kind: kError}, {kind: kNull, deg: 1}, {kind: kDigits, ans: ansTier}, {kind: kBool, ans: ansConst, n: 4}, {kind: kText, ans: ansTier, deg: 1}}[rnd.IntN(6)]
			default:
				body += text
			}
			cells, want = append(cells, c), want+lead+text
		}
		x := &exec{ans: make([]answerData, ansTier+1)}
		x.ans[ansTier] = answerData{body: []byte(body), cells: cells}
		x.enc.buf = []byte("before,")
		o := cell{kind: kObject, ans: ansTier, n: 3}
		if got := x.row(f, o); got != whole {
			t.Fatalf("%s: %v", want, got)
		}
		if !whole {
			want = "before,"
		} else {
			want += "}"
		}
		if string(x.enc.buf) != want {
			t.Fatalf("got  %s\nwant %s", x.enc.buf, want)
		}
		for _, no := range []cell{{kind: kEntity, ans: ansTier, n: 3}, {kind: kObject, ans: ansTier, n: 2}, {kind: kObject, n: 3}, {kind: kObject, ans: ansTier, n: 3, deg: 1}, nullCell} {
			if x.row(f, no) || string(x.enc.buf) != want {
				t.Fatalf("%v is written as a row", no)
			}
		}
	}
}
