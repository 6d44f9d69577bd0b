package scripts

import (
	"cmp"
	"encoding/json"
	"slices"

	"facet/fault"
)

// A lineMap maps places of a lifted function's source to the author's files: view.Handler.Lines.
type lineMap struct {
	Files []string `json:"files"`
	At    [][5]int `json:"at"` // line and column of the source, then file, line and column of the author's; ascending, all from 1 but files
}

// lines maps a lifted function back. Entries stand where the next place does not follow from the one before it.
func (m *module) lines(l lifted) json.RawMessage {
	out := lineMap{}
	line, begin := 1, 0
	where := func(at int) (int, int) { // ascending
		for i := begin; i < at; i++ {
			if l.Source[i] == '\n' {
				line, begin = line+1, i+1
			}
		}
		return line, at - begin + 1
	}
	for _, p := range l.pieces {
		var last [5]int
		for i := 0; i < p.n; i++ {
			c := l.Source[p.at+i]
			if i > 0 && word(c) && word(l.Source[p.at+i-1]) || c <= ' ' {
				continue
			}
			pos, ok := m.Places.of(p.start + i)
			if !ok {
				continue
			}
			f := slices.Index(out.Files, pos.File)
			if f < 0 {
				f = len(out.Files)
				out.Files = append(out.Files, pos.File)
			}
			gl, gc := where(p.at + i)
			now := [5]int{gl, gc, f, pos.Line, pos.Col}
			if last[0] == gl && last[2] == f && last[3] == pos.Line && (last[4] == pos.Col || gc-last[1] == pos.Col-last[4]) {
				continue
			}
			last = now
			out.At = append(out.At, now)
		}
	}
	text, err := json.Marshal(out)
	if err != nil || len(out.At) == 0 {
		return nil
	}
	return text
}

func word(c byte) bool {
	return c == '_' || c == '$' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func readLines(text json.RawMessage) *lineMap {
	m := &lineMap{}
	if len(text) == 0 || json.Unmarshal(text, m) != nil {
		return nil
	}
	return m
}

// pos maps a line and column of the source; the zero Pos if nothing of the author's is there.
func (m *lineMap) pos(line, col int) fault.Pos {
	if m == nil {
		return fault.Pos{}
	}
	i, found := slices.BinarySearchFunc(m.At, [2]int{line, col}, func(e [5]int, at [2]int) int {
		return cmp.Or(cmp.Compare(e[0], at[0]), cmp.Compare(e[1], at[1]))
	})
	if !found {
		i--
	}
	if i < 0 || m.At[i][0] != line || m.At[i][2] < 0 || m.At[i][2] >= len(m.Files) {
		return fault.Pos{}
	}
	return fault.Pos{File: m.Files[m.At[i][2]], Line: m.At[i][3], Col: m.At[i][4]}
}

// near is pos for a place between entries: what stands on one line follows from the entry before it.
func (m *lineMap) near(line, col int) fault.Pos {
	at := m.pos(line, col)
	if at.File == "" {
		return at
	}
	for i := len(m.At) - 1; i >= 0; i-- {
		if e := m.At[i]; e[0] == line && e[1] <= col {
			at.Col += col - e[1]
			break
		}
	}
	return at
}
