package load

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Mistake is one thing that is wrong with a scenario.
type Mistake struct {
	File   string
	Line   int    // from 1; 0 is not known
	Column int    // in bytes, from 1
	Field  string // "mix[1].path"; "" is the scenario as a whole
	Text   string

	at jsontext.Pointer
}

// Error is "films.json:12:5: mix[1].path: …".
func (m *Mistake) Error() string {
	var b strings.Builder
	if m.Line > 0 {
		fmt.Fprintf(&b, "%s:%d:%d: ", cmp.Or(m.File, "scenario"), m.Line, m.Column)
	} else if m.File != "" {
		b.WriteString(m.File + ": ")
	}
	if m.Field != "" {
		b.WriteString(m.Field + ": ")
	}
	return b.String() + m.Text
}

// Mistakes are all that is wrong with a scenario, in the order of its lines.
type Mistakes []*Mistake

// Error has a line for each.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, x := range m {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// A source is a scenario as JSON, and where each of its values stands in the file.
type source struct {
	json  []byte
	place map[jsontext.Pointer]position
}

type position struct{ line, column int }

// mostScenario bounds a scenario's file, in bytes.
const mostScenario = 8 << 20

// Read reads a scenario's file: JSON, or YAML if its name ends in .yaml or .yml. Data files stand beside it. What is wrong with it is
// told as Mistakes, all of them at once where that can be.
func Read(name string) (*Scenario, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", name)
	}
	if info.Size() > mostScenario {
		return nil, fmt.Errorf("%s has %d bytes: a scenario has at most %d", name, info.Size(), mostScenario)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var src *source
	if ext := filepath.Ext(name); ext == ".yaml" || ext == ".yml" {
		src, err = fromYAML(raw)
	} else {
		src, err = fromJSON(raw)
	}
	var s *Scenario
	if err == nil {
		s, err = src.scenario(filepath.Dir(name))
	}
	return s, named(err, name)
}

// Parse reads a scenario in JSON. A key that it does not know is an error. Data files are looked for in the working folder.
func Parse(raw []byte) (*Scenario, error) {
	src, err := fromJSON(raw)
	if err != nil {
		return nil, err
	}
	return src.scenario("")
}

// ParseYAML is Parse for YAML.
func ParseYAML(raw []byte) (*Scenario, error) {
	src, err := fromYAML(raw)
	if err != nil {
		return nil, err
	}
	return src.scenario("")
}

// named puts the file into mistakes.
func named(err error, name string) error {
	var list Mistakes
	if !errors.As(err, &list) {
		return err
	}
	for _, m := range list {
		m.File = name
	}
	return list
}

func (src *source) scenario(dir string) (*Scenario, error) {
	s := &Scenario{dir: dir}
	if err := jsonv2.Unmarshal(src.json, s, jsonv2.RejectUnknownMembers(true)); err != nil {
		return nil, src.placed(src.decodeMistakes(err))
	}
	if list := s.mistakes(); len(list) > 0 {
		return nil, src.placed(list)
	}
	return s, nil
}

// decodeMistake says what a decoder did not like, in words of the file.
func (src *source) decodeMistake(err error) *Mistake {
	var sem *jsonv2.SemanticError
	if !errors.As(err, &sem) {
		return &Mistake{Text: err.Error()}
	}
	m := &Mistake{at: sem.JSONPointer}
	switch {
	case errors.Is(err, jsonv2.ErrUnknownName):
		name := sem.JSONPointer.LastToken()
		m.Text = fmt.Sprintf("there is no field %q", name)
		if near := nearest(name, fieldsOf(sem.GoType)); near != "" {
			m.Text += fmt.Sprintf("; did you mean %q?", near)
		}
	case sem.Err != nil && sem.GoType == reflect.TypeFor[Duration]():
		m.Text = sem.Err.Error()
	case sem.GoType != nil:
		m.Text = fmt.Sprintf("it is %s, and must be %s", kindWord(sem.JSONKind), typeWord(sem.GoType))
	default:
		m.Text = err.Error()
	}
	return m
}

func kindWord(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 'n':
		return "null"
	}
	return "no value"
}

func typeWord(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number in bounds"
	default:
		return "a number"
	}
}

// fieldsOf lists the JSON names of a struct.
func fieldsOf(t reflect.Type) []string {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// placed gives mistakes their lines, from the file's own values or the nearest around them.
func (src *source) placed(list Mistakes) Mistakes {
	for _, m := range list {
		m.Field = fieldName(m.at)
		for at := m.at; ; at = at.Parent() {
			if p, ok := src.place[at]; ok {
				m.Line, m.Column = p.line, p.column
				break
			}
			if at == "" {
				break
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *Mistake) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return list
}

// fieldName writes "/mix/1/path" as "mix[1].path".
func fieldName(at jsontext.Pointer) string {
	var b strings.Builder
	for token := range at.Tokens() {
		if strings.Trim(token, "0123456789") == "" && b.Len() > 0 {
			fmt.Fprintf(&b, "[%s]", token)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(token)
	}
	return b.String()
}

// fromJSON finds where each value of a JSON text stands.
func fromJSON(raw []byte) (*source, error) {
	src := &source{json: raw, place: map[jsontext.Pointer]position{"": {1, 1}}}
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	lines := lineStarts(raw)
	for {
		tok, err := d.ReadToken()
		if errors.Is(err, io.EOF) && d.InputOffset() > 0 && d.StackDepth() == 0 {
			return src, nil
		}
		if err != nil {
			var syn *jsontext.SyntacticError
			m := &Mistake{Text: "it is no JSON: " + err.Error()}
			if errors.Is(err, io.EOF) {
				m.Text = "it is empty"
			}
			if errors.As(err, &syn) {
				p := lines.at(syn.ByteOffset)
				m.Line, m.Column, m.Field, m.Text = p.line, p.column, fieldName(syn.JSONPointer), "it is no JSON here: "+syn.Err.Error()
			}
			return nil, Mistakes{m}
		}
		if k := tok.Kind(); k != '}' && k != ']' {
			// An object's name comes before its value, with the same pointer: the name is where people look.
			if at := d.StackPointer(); src.place[at].line == 0 {
				src.place[at] = lines.at(max(0, d.InputOffset()-tokenLength(tok)))
			}
		}
	}
}

// tokenLength is about how many bytes a token has; those of strings with escapes may be more.
func tokenLength(t jsontext.Token) int64 {
	switch t.Kind() {
	case '{', '[':
		return 1
	case '"':
		return int64(len(t.String()) + 2)
	default:
		return int64(len(t.String()))
	}
}

// lineOffsets are where lines begin.
type lineOffsets []int

func lineStarts(raw []byte) lineOffsets {
	out := lineOffsets{0}
	for i, c := range raw {
		if c == '\n' {
			out = append(out, i+1)
		}
	}
	return out
}

func (l lineOffsets) at(offset int64) position {
	n, _ := slices.BinarySearch(l, int(offset)+1)
	return position{n, int(offset) - l[n-1] + 1}
}

// nearest is a name that is little different, or "".
func nearest(name string, names []string) string {
	best, least := "", (len(name)+2)/3
	for _, n := range names {
		d := distance(strings.ToLower(name), strings.ToLower(n))
		if d > 1 && name != "" && n[0] != name[0] { // most mistakes are further behind
			continue
		}
		if d <= least {
			best, least = n, d-1
		}
	}
	return best
}
