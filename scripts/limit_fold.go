package scripts

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// Bounds of what a bundler may make of a source: it writes names and the texts of enums again wherever they are used, and cannot be
// stopped while it does.
const (
	maxName     = 1_000     // bytes of one name
	maxEnumText = 256       // bytes of the text of a member of an enum
	maxTokens   = 1_500_000 // of all files
	maxElements = maxItems  // between two brackets
	maxWritten  = 128 << 20 // bytes that the bundle could grow to
)

// A measure is what was counted in sources.
type measure struct {
	tokens  int
	uses    int // of names, and of members by index
	longest int // name or text of an enum, bytes
	at      int // a byte where the longest is
}

// grown is how long the bundle could be if each use stood for the longest.
func (m measure) grown() int { return m.uses * m.longest }

func (m *measure) add(o measure) {
	m.tokens += o.tokens
	m.uses += o.uses
	m.longest = max(m.longest, o.longest)
}

// An enumError is an enum that a bundler could make much of.
type enumError struct {
	at        int
	text, fix string
}

var enumWord = regexp.MustCompile(`\benum\b`)

// enums looks at every place in a source of TypeScript that may begin an enum, in comments and texts too: so there is none that it does not
// see. Members' values are compiled by the bundler, and texts that are put together from others can double with each.
func enums(text string) (longest int, wrong *enumError) {
	for _, found := range enumWord.FindAllStringIndex(text, -1) {
		e := enumReader{text: text, at: found[1]}
		e.blank()
		name := e.at
		for e.at < len(text) && wordByte(text[e.at]) {
			e.at++
		}
		if e.at == name {
			continue
		}
		e.blank()
		if e.at >= len(text) || text[e.at] != '{' {
			continue
		}
		e.at++
		if wrong := e.members(); wrong != nil {
			return 0, wrong
		}
		longest = max(longest, e.longest)
	}
	return longest, nil
}

// An enumReader reads the members of an enum.
type enumReader struct {
	text    string
	at      int
	longest int
}

// blank skips blanks and comments.
func (e *enumReader) blank() {
	for e.at < len(e.text) {
		rest := e.text[e.at:]
		switch {
		case rest[0] <= ' ':
			e.at++
		case strings.HasPrefix(rest, "\u00a0"):
			e.at += 2
		case strings.HasPrefix(rest, "\ufeff"), strings.HasPrefix(rest, "\u2028"), strings.HasPrefix(rest, "\u2029"), strings.HasPrefix(rest, "\u3000"), strings.HasPrefix(rest, "\u1680"),
			strings.HasPrefix(rest, "\u202f"), strings.HasPrefix(rest, "\u205f"), rest[0] == 0xe2 && len(rest) > 2 && rest[1] == 0x80 && rest[2] <= 0x8a:
			e.at += 3
		case strings.HasPrefix(rest, "//"):
			s := scanner{text: e.text, at: e.at}
			s.line()
			e.at = s.at
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				e.at = len(e.text)
				return
			}
			e.at += end + 4
		default:
			return
		}
	}
}

func (e *enumReader) wrong(format string, args ...any) *enumError {
	return &enumError{at: min(e.at, len(e.text)-1), text: "an enum whose members the bundler would have to put together: " + fmt.Sprintf(format, args...),
		fix: "Write each member's value as a text or a number, or use an object: const Kind = { film: \"film\" } as const"}
}

// members reads to the end of the enum.
func (e *enumReader) members() *enumError {
	for {
		e.blank()
		if e.at >= len(e.text) {
			return nil // the bundler will say that it has no end
		}
		switch c := e.text[e.at]; {
		case c == '}':
			return nil
		case c == ',':
			e.at++
			continue
		case c == '"' || c == '\'':
			e.quoted(c)
		case wordByte(c):
			e.word()
		default:
			return e.wrong("a name was expected, not %q", c)
		}
		e.blank()
		if e.at < len(e.text) && e.text[e.at] == '=' {
			e.at++
			if wrong := e.value(); wrong != nil {
				return wrong
			}
		}
	}
}

func (e *enumReader) word() {
	for e.at < len(e.text) && wordByte(e.text[e.at]) {
		e.at++
	}
}

// quoted skips a text and says how many bytes are in it.
func (e *enumReader) quoted(c byte) int {
	s := scanner{text: e.text, at: e.at}
	s.quoted(c)
	n := s.at - e.at
	e.at = s.at
	return n - 2
}

// value reads a member's value: a text, or an expression of numbers and other members that cannot become longer than they are.
func (e *enumReader) value() *enumError {
	operand := false // something stands there that + would add to
	for {
		e.blank()
		if e.at >= len(e.text) {
			return nil
		}
		switch c := e.text[e.at]; {
		case c == ',' || c == '}':
			return nil
		case c == '"' || c == '\'':
			if n := e.quoted(c); n > maxEnumText {
				return e.wrong("a text of %d bytes, %d are allowed", n, maxEnumText)
			} else if n > e.longest {
				e.longest = n
			}
			operand = true
		case c == '`':
			end := strings.IndexAny(e.text[e.at+1:], "`$\\")
			if end < 0 || e.text[e.at+1+end] != '`' {
				return e.wrong("a template")
			}
			if end > maxEnumText {
				return e.wrong("a text of %d bytes, %d are allowed", end, maxEnumText)
			}
			e.longest = max(e.longest, end)
			e.at += end + 2
			operand = true
		case c == '+' && operand:
			return e.wrong("a sum")
		case wordByte(c):
			e.word()
			operand = true
		case strings.IndexByte("+-~|&^<>*%().", c) >= 0:
			operand = c == ')'
			e.at++
		default:
			return e.wrong("its value has a %q", c)
		}
	}
}

var jsonKey = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"\s*:`)

// written refuses a file with which the bundle could become much longer than its sources.
func (f *files) written(key, text string, loader api.Loader, m measure) (wrong *api.Message) {
	at := func(i int) *api.Location { return locate(key, text, i) }
	const few = "Give data through the graph: a package is code"
	switch loader {
	case api.LoaderTS:
		longest, bad := enums(text)
		if bad != nil {
			return &api.Message{Text: bad.text, Location: at(bad.at), Detail: problem{"F212", bad.fix}}
		}
		m.longest = max(m.longest, longest)
	case api.LoaderJSON: // its keys are names that can be imported
		for _, k := range jsonKey.FindAllStringSubmatchIndex(text, -1) {
			m.tokens++
			if n := k[3] - k[2]; n > m.longest {
				m.longest, m.at = n, k[0]
			}
		}
	}
	if m.longest > maxName {
		return &api.Message{Text: fmt.Sprintf("a name has %d bytes, %d are allowed", m.longest, maxName), Location: at(m.at), Detail: problem{"F213", "Shorten it"}}
	}
	for _, part := range strings.Split(path.Clean(key), "/") { // files give their names to what they export
		m.longest = max(m.longest, len(part))
	}
	f.mu.Lock()
	f.measure.add(m)
	all := f.measure
	f.mu.Unlock()
	switch {
	case all.tokens > maxTokens:
		return &api.Message{Text: fmt.Sprintf("the package bundles more than %d words and signs", maxTokens), Location: at(0), Detail: problem{"F206", few}}
	case all.grown() > maxWritten:
		return &api.Message{Text: fmt.Sprintf("%d names, of which one has %d bytes, could become too much", all.uses, all.longest), Location: at(m.at), Detail: problem{"F213", "Shorten the longest names, and the texts of enums"}}
	}
	return nil
}

// locate is a byte of a file as the bundler says places.
func locate(key, text string, i int) *api.Location {
	line := strings.Count(text[:i], "\n")
	begin := strings.LastIndexByte(text[:i], '\n') + 1
	return &api.Location{File: key, Namespace: namespace, Line: line + 1, Column: i - begin, LineText: text[begin:min(i, begin+200)]}
}
