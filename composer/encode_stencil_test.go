package composer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestStencilRows: of an entity's object all that is known is written as its fields say, up to the first that there is more to do for.
func TestStencilRows(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for round := range 3000 {
		x := &exec{p: &plan{consts: []byte("true"), spaces: []space{{parts: 1}}}, ans: make([]answerData, ansTier+2), spaces: make([]table, 1)}
		own, other := uint16(ansTier), uint16(ansTier+1)
		x.ans[other].body = []byte(`"of another"`)
		key := []string{"t1", "a key of many letters", `q"uote`, `back\slash`, "Zoë", "new\nline", "\xff"}[rnd.IntN(7)]
		x.spaces[0].find([]byte(key))
		x.spaces[0].parts = []cell{{kind: kEscaped}}
		if rnd.IntN(2) == 0 && utf8.ValidString(key) && !strings.ContainsAny(key, "\"\\\n") {
			x.spaces[0].parts[0] = cell{kind: kText, ans: ansTier, n: uint32(len(key) + 2)}
		}
		sc, want, stop := &stencil{}, "before", -1
		recs := map[int32][]cell{}
		a := answerData{body: []byte(`"` + key + `"`)}
		for j := range 1 + rnd.IntN(6) {
			l := stencilLeaf{how: []readBy{byRecord, byRecord, byRecord, byRecord, byKey, byID}[rnd.IntN(6)], atom: rnd.IntN(4) == 0, optional: rnd.IntN(2) == 0, place: -1, col: int32(rnd.IntN(2))}
			l.lead = newLead(fmt.Appendf(nil, `,"%s":`, strings.Repeat("n", rnd.IntN(20))))
			l.nullable, l.slot = rnd.IntN(2) == 0, uint32(j)
			kind := rnd.IntN(14)
			if _, is := recs[l.col]; !is { // an entity has one record of a column
				r := cell{kind: kObject, ans: own, n: 5}
				switch kind {
				case 1:
					r = []cell{{}, nullCell, {kind: kNull, deg: 1}, {kind: kPending}, {kind: kError}}[rnd.IntN(5)]
				}
				recs[l.col] = []cell{r}
				if kind == 2 {
					recs[l.col] = nil
				}
			}
			l.recs = recs[l.col]
			c := cell{kind: kText, ans: own, off: uint32(len(a.body))}
			text := fmt.Sprintf("%q", strings.Repeat("x", rnd.IntN(40)))
			known := true
			switch kind {
			case 3:
				c, text, known = nullCell, "null", l.nullable
			case 4:
				c, known = []cell{{}, {kind: kError}, {kind: kNull, deg: 1}, {kind: kDigits, ans: own}, {kind: kList, ans: own}, {kind: kText, ans: own, deg: 1}}[rnd.IntN(6)], false
			case 5:
				c, text = cell{kind: kBool, ans: ansConst, n: 4}, "true"
			case 6:
				text = string(x.ans[other].body)
				c = cell{kind: kText, ans: other, n: uint32(len(text))}
			case 7:
				l.place, known = 4, false
			case 8:
				l.place = 5
				fallthrough
			default:
				c.n = uint32(len(text))
				a.body = append(a.body, text...)
			}
			a.cells = append(a.cells, c)
			if r := append(l.recs[:len(l.recs):len(l.recs)], cell{})[0]; r.kind != kObject {
				text, known = "null", r == nullCell && l.optional
			}
			switch l.how {
			case byKey:
				text, known = string(appendQuoted(nil, key)), true
			case byID:
				text, known = string(escapeKey(nil, []byte(key)))+`"`, true
			}
			if rnd.IntN(20) == 0 {
				l.how, known = byValue, false
			}
			sc.leaves = append(sc.leaves, l)
			if stop >= 0 {
				continue
			}
			if !known {
				stop = j
				continue
			}
			want += string(l.lead.text) + text
			if l.atom {
				want += "}"
			}
		}
		if stop < 0 {
			stop = len(sc.leaves)
		}
		x.ans[own] = a
		x.enc.buf = []byte("before")
		g := &grapher{x: x}
		if got := g.row(sc, 0, 0, 0); got != stop || string(x.enc.buf) != want {
			t.Fatalf("round %d: got %d %s\nwant %d %s", round, got, x.enc.buf, stop, want)
		}
	}
}
