package pack

import (
	"regexp"
	"strings"
)

// A rule is one line of an ignore file or one entry of "files", in npm's dialect: letters match
// without case, a pattern without a slash matches the last part of a path, dots are ordinary.
type rule struct {
	include bool        // "!": what matches is packed
	globs   [][]segment // the pattern split at slashes, once for each way to take its braces
}

type segment struct {
	any bool           // "**": any number of parts
	re  *regexp.Regexp // one part
}

// Ignore files are bounded like everything that a package brings.
const (
	maxPattern = 512
	maxBraces  = 64
	maxStars   = 6 // "**" in one pattern: each multiplies the ways to match
)

// parseRules reads an ignore file. Lines that are empty, comments or too long to mean anything give no rule.
func parseRules(text string) []rule {
	var out []rule
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || len(line) > maxPattern {
			continue
		}
		r := rule{}
		for strings.HasPrefix(line, "!") {
			r.include = !r.include
			line = line[1:]
		}
		for _, alt := range braces(line) {
			if g, ok := parseGlob(alt); ok {
				r.globs = append(r.globs, g)
			}
		}
		out = append(out, r)
	}
	return out
}

// braces takes "{a,b}" apart: "x{a,b}y" is "xay" and "xby".
func braces(s string) []string {
	open := strings.IndexByte(s, '{')
	if open < 0 {
		return []string{s}
	}
	depth, start := 0, open+1
	var arms []string
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case ',':
			if depth == 1 {
				arms, start = append(arms, s[start:i]), i+1
			}
		case '}':
			depth--
			if depth > 0 {
				continue
			}
			if len(arms) == 0 { // "{a}" is itself
				return []string{s}
			}
			arms = append(arms, s[start:i])
			var out []string
			for _, arm := range arms {
				for _, rest := range braces(s[:open] + arm + s[i+1:]) {
					if out = append(out, rest); len(out) == maxBraces {
						return out
					}
				}
			}
			return out
		}
	}
	return []string{s}
}

var slashes = regexp.MustCompile("//+")

func parseGlob(s string) ([]segment, bool) {
	if strings.Count(s, "**") > maxStars {
		return nil, false
	}
	var out []segment
	for part := range strings.SplitSeq(slashes.ReplaceAllString(s, "/"), "/") {
		if part == "**" {
			if n := len(out); n == 0 || !out[n-1].any {
				out = append(out, segment{any: true})
			}
			continue
		}
		re, err := regexp.Compile(partRegexp(part))
		if err != nil {
			return nil, false
		}
		out = append(out, segment{re: re})
	}
	return out, true
}

// partRegexp writes one part of a glob as a regular expression.
func partRegexp(s string) string {
	var b strings.Builder
	b.WriteString("(?is)^")
	if strings.Trim(s, "*") == "" && s != "" {
		b.WriteString(".+$")
		return b.String()
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '*':
			b.WriteString(".*?")
		case '?':
			b.WriteByte('.')
		case '[':
			class, width := classRegexp(s[i:])
			b.WriteString(class)
			i += width - 1
		case '\\':
			if i+1 < len(s) {
				i++
			}
			b.WriteString(regexp.QuoteMeta(s[i : i+1]))
		default:
			if c < 0x80 {
				b.WriteString(regexp.QuoteMeta(s[i : i+1]))
			} else {
				b.WriteByte(c)
			}
		}
	}
	b.WriteByte('$')
	return b.String()
}

// classRegexp writes "[a-z]" or "[!a-z]" as a regular expression and says how many bytes it took;
// a bracket that is never closed is a bracket.
func classRegexp(s string) (string, int) {
	end := strings.IndexByte(s[1:], ']')
	if end <= 0 {
		return `\[`, 1
	}
	body := s[1 : 1+end]
	not := ""
	if body[0] == '!' || body[0] == '^' {
		not, body = "^", body[1:]
	}
	if body == "" {
		return `\[`, 1
	}
	return "[" + not + strings.NewReplacer(`[`, `\[`, `^`, `\^`, `&`, `\&`).Replace(body) + "]", end + 2
}

// match says whether the path matches. A path that ends in a slash is a folder. With prefix, it is
// enough that something below the path could match.
func (r rule) match(path string, prefix bool) bool {
	parts := strings.Split(path, "/")
	for _, g := range r.globs {
		file := parts
		if len(g) == 1 {
			file = []string{last(parts)}
		}
		if matchParts(file, g, prefix) {
			return true
		}
	}
	return false
}

// anywhere says whether the rule also applies to the name of a folder alone, wherever that stands.
func (r rule) anywhere() bool {
	for _, g := range r.globs {
		if n := len(g); n == 1 || (n == 2 && !g[1].any && g[1].re.String() == "(?is)^$") {
			return true
		}
	}
	return false
}

func last(parts []string) string {
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] != "" {
			return parts[i]
		}
	}
	return ""
}

func matchParts(file []string, g []segment, prefix bool) bool {
	for i, s := range g {
		if len(file) == 0 {
			return prefix
		}
		if s.any {
			if i == len(g)-1 {
				return true
			}
			for j := range file {
				if matchParts(file[j:], g[i+1:], prefix) {
					return true
				}
			}
			return prefix
		}
		if !s.re.MatchString(file[0]) {
			return false
		}
		file = file[1:]
	}
	return len(file) == 0 || (len(file) == 1 && file[0] == "")
}
