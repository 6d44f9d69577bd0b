package scripts

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"facet/view"
)

var everyNative = flag.Bool("every-native", false, "try every function of the language with every hostile receiver and argument, not a sample")

// receivers and arguments are what functions of the language are tried with; N is the function, and depth bounds no recursion: the
// limits do.
var receivers = []string{
	`"x".repeat(1 << 20)`, `"ä".repeat(1 << 17)`, `Array(50000).fill("x")`, `sparse()`, `({ length: 2 ** 53 - 1, 0: 1 })`, `Object.freeze([3, 2, 1])`, `[1, , 3]`,
	`new Map(Array(9000).fill(0).map((x, i) => [i, i]))`, `new Set(Array(9000).fill(0).map((x, i) => i))`, `asText(N)`, `asNumber(N)`, `asGetter(N)`, `/(a+)+b/g`, `1e308`, `N`, `own(N)`,
}

var arguments = []string{
	``, `"x".repeat(1 << 20)`, `Array(50000).fill("x")`, `sparse()`, `({ length: 2 ** 53 - 1 })`, `() => { throw [1] }`, `function f() { return N.call(R, f) }`, `N`, `1e9, 1e9`, `-1, "x".repeat(1 << 20)`,
	`asText(N)`, `asNumber(N), asNumber(N)`, `asGetter(N)`, `"x", () => "y".repeat(1 << 19)`, `R, R, R`, `"a".repeat(64), "b".repeat(1 << 16)`, `/(a|aa)*c/g, "$&$&$&"`, `Object.freeze([R])`, `own(N)`, `Infinity, NaN`,
}

const hostileHelpers = `
const sparse = () => { const a = [1]; a.length = 4e9; return a };
const asText = (f) => ({ toString: f, valueOf: f, toJSON: f });
const asNumber = (f) => ({ valueOf: f, toString: null });
const asGetter = (f) => { const o = [1, 2]; for (const k of [0, "name", "message", "source", "flags", "exec", "size", "then", "next"]) Object.defineProperty(o, k, { get: f, set: f, configurable: true }); return o };
const own = (f) => { const o = [1].values(); Object.defineProperty(o, "next", { value: f }); return o };`

var numberedGlobal = regexp.MustCompile(`^(Array|Boolean|JSON|Map|Math|Number|Object|Set|String|format)\.[a-zA-Z.]+$`)

// nativeOf is the expression that names a function of the list; "" where it is no function of the language's that could be given anything.
func nativeOf(line string) string {
	line = strings.TrimSuffix(line, " OPEN")
	line = strings.Replace(line, "Array^^.constructor.", "Object.", 1)
	switch {
	case strings.HasSuffix(line, " set"), line == "class", line == "function", line == "()=>", strings.HasPrefix(line, "instance^"):
		return ""
	case strings.HasPrefix(line, "/x/^.") && strings.HasSuffix(line, " get"), strings.HasSuffix(line, ".size get"), strings.HasSuffix(line, ".caller get"), strings.HasSuffix(line, "constructor get"):
		return "" // no code comes to the function itself
	}
	line = strings.TrimSuffix(line, " get")
	if numberedGlobal.MatchString(line) {
		return line
	}
	for from, to := range map[string]string{"/x/^.": `/x/.`, "Array^^.": `({}).`, "Array^.": `(() => 1).`, "[].values()^.": `[].values().`, "map.entries()^.": `new Map().entries().`, "set.values()^.": `new Set().values().`,
		"null.x^^.": `(() => { try { null.x } catch (e) { return e } })().`} {
		if rest, ok := strings.CutPrefix(line, from); ok {
			return to + rest
		}
	}
	if strings.ContainsAny(line, "^[") {
		return "" // by a symbol, which there is none of
	}
	return line
}

// TestHostileNatives tries the functions of the language that computed functions reach, called with what is huge, throws, comes back
// or lies: each call ends in its time and memory, and says nothing of the inside.
func TestHostileNatives(t *testing.T) {
	text, err := os.ReadFile("testdata/natives.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []hostile
	for line := range strings.Lines(string(text)) {
		if n := nativeOf(strings.TrimSpace(line)); n != "" {
			list = append(list, hostile{name: n, native: n})
		}
	}
	if len(list) < 180 {
		t.Fatalf("only %d functions are known", len(list))
	}
	for i, got := range series(t, "natives", list) {
		if got.Died != "" {
			t.Errorf("%s: the process died: %s", list[i].name, got.Died)
		}
		if got.Err != "" {
			t.Errorf("%s: %s", list[i].name, got.Err)
		}
	}
}

// What one call may take: twice its processor time and what the watchdog needs to see that, and four times its memory.
const (
	mostTime  = 35 * time.Millisecond
	mostGrown = 32 << 20
	// Where nothing else ran in time beside a call, it is made again, but not without end: the call itself may be why.
	mostLate = 4 * time.Millisecond
	mostBusy = 40
)

var inside = regexp.MustCompile(`runtime error|panic:|nil pointer|goroutine|interface conversion|reflect:|\.go:\d`)

// try tries one function with all receivers and arguments, or some of them.
func (h hostile) try() (wrong string) {
	of := func(list []string, arg bool) string {
		var b strings.Builder
		for _, x := range list {
			if arg {
				fmt.Fprintf(&b, "(R) => [%s], ", x)
			} else {
				fmt.Fprintf(&b, "() => (%s), ", x)
			}
		}
		return b.String()
	}
	source := "(() => {" + hostileHelpers + "\nconst N = " + h.native + ", Rs = [" + of(receivers, false) + "], As = [" + of(arguments, true) +
		"];\nreturn ({ r, a }) => { const R = Rs[r](); return N.apply(R, As[a](R)) };\n})()"
	f, err := Open(build(fn("JSON", source, "r", "a")), RunOptions{})
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	random := rand.New(rand.NewPCG(1, uint64(len(h.native))+uint64(h.native[len(h.native)/2])<<8))
	for r := range receivers {
		for a := range arguments {
			if !*everyNative && random.IntN(80) > 0 {
				continue
			}
			fmt.Printf("#note %s of %s\n", receivers[r], arguments[a])
			for n, busy := 0, 0; ; {
				took, grown, late, told := callFelt(f.Computes()[0], in(fmt.Sprint(r), fmt.Sprint(a)))
				if inside.MatchString(told) {
					return fmt.Sprintf("%s of (%s) tells of the inside: %s", receivers[r], arguments[a], told)
				}
				if took <= mostTime*slowdown && grown <= mostGrown*slowdown {
					break
				}
				if late > mostLate && busy < mostBusy { // the watchdog had no processor either: that says nothing of the call
					busy++
					continue
				}
				if n++; n == 4 {
					return fmt.Sprintf("%s of (%s) takes %v and %d MiB: %s", receivers[r], arguments[a], took, grown>>20, told)
				}
			}
		}
	}
	return ""
}

// callFelt makes a call and says what processor time it took, by how much the process grew, and how late what wakes as often as the
// watchdog woke meanwhile.
func callFelt(c view.Compute, in [][]byte) (took time.Duration, grown int64, late time.Duration, told string) {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	before := peak()
	a := &view.Account{Left: time.Second}
	ended, woken := make(chan struct{}), make(chan time.Duration)
	go func() {
		var late time.Duration
		for {
			began := time.Now()
			time.Sleep(tick)
			late = max(late, time.Since(began)-tick)
			select {
			case <-ended:
				woken <- late
				return
			default:
			}
		}
	}()
	if _, err := c(a, in, nil); err != nil {
		told = err.Error()
	}
	grown = peak() - before
	close(ended)
	return a.Spent, grown, <-woken, told
}
