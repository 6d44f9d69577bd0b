package wire

import (
	"strconv"
	"strings"
)

// A Coding is a content coding as HTTP names it (RFC 9110, section 8.4.1).
type Coding string

// The codings that there are.
const (
	Zstd   Coding = "zstd"
	Brotli Coding = "br"
	Gzip   Coding = "gzip"
)

// Codings are all of them, the one that costs least for what it saves first.
func Codings() []Coding { return []Coding{Zstd, Brotli, Gzip} }

// A wish is what a request says of codings.
type wish struct {
	best    Coding // that it likes best of those offered; "": as it is
	must    bool   // as it is will not do
	offered []Coding
	weights [3]int // of those offered, in thousandths; 0: not accepted
}

// accepts says whether the request takes a coding.
func (w *wish) accepts(c Coding) bool {
	for i, o := range w.offered {
		if o == c {
			return w.weights[i] > 0
		}
	}
	return false
}

// wanted reads Accept-Encoding (RFC 9110, section 12.5.3). Of codings that are liked alike the first one offered is taken, and each
// of them before the answer as it is, unless that is named with a higher weight.
func wanted(lines []string, offered []Coding) wish {
	w := wish{offered: offered}
	const unnamed = -1
	star, identity := unnamed, unnamed
	for i := range offered {
		w.weights[i] = unnamed
	}
	for _, line := range lines {
		for len(line) > 0 {
			var item string
			item, line, _ = strings.Cut(line, ",")
			name, params, _ := strings.Cut(item, ";")
			name = strings.TrimSpace(name)
			weight, ok := weightOf(params)
			if name == "" || !ok {
				continue
			}
			switch {
			case name == "*":
				star = weight
			case strings.EqualFold(name, "identity"):
				identity = weight
			default:
				for i, o := range offered {
					if strings.EqualFold(name, string(o)) || o == Gzip && strings.EqualFold(name, "x-gzip") {
						w.weights[i] = weight
					}
				}
			}
		}
	}
	if identity == unnamed && star == 0 {
		identity = 0
	}
	high := max(identity, 1) // not named, it is what is left when nothing else will do
	for i, o := range offered {
		if w.weights[i] == unnamed {
			w.weights[i] = max(star, 0)
		}
		if n := w.weights[i]; n > high || n == high && w.best == "" {
			high, w.best = n, o
		}
	}
	w.must = identity == 0 && w.best != ""
	return w
}

// weightOf is the q of a coding's parameters in thousandths, 1000 without one; false if it is none.
func weightOf(params string) (int, bool) {
	params = strings.TrimSpace(params)
	if params == "" {
		return 1000, true
	}
	name, value, _ := strings.Cut(params, "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 1000, true
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0, false
	}
	return int(q*1000 + 0.5), true
}
