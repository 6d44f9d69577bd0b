package load

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// A value is what stands for a "{name}".
type value struct {
	text string
	json bool // the text is JSON that is no string: a number, a list
}

// A picker chooses values. It may be used from many goroutines, each with its own random source.
type picker struct {
	values  []value
	low     int64 // of a range, when there are no values
	count   int
	before  string // of a format
	after   string
	session bool
	mode    string
	skew    float64
	turn    *atomic.Int64
}

func (p *picker) pick(rnd *rand.Rand) value {
	var i int
	switch p.mode {
	case "turn":
		i = int((p.turn.Add(1) - 1) % int64(p.count))
	case "zipf":
		i = int(rand.NewZipf(rnd, p.skew, 1, uint64(p.count-1)).Uint64())
	default:
		i = rnd.IntN(p.count)
	}
	v := value{json: true}
	if p.values != nil {
		v = p.values[i]
	} else {
		v.text = strconv.FormatInt(p.low+int64(i), 10)
	}
	if p.before != "" || p.after != "" {
		return value{text: p.before + v.text + p.after}
	}
	return v
}

// The bounds of data.
const (
	mostData   = 64 << 20 // bytes of a file
	mostValues = 1_000_000
)

// picker makes what the variable picks with; it reads data files.
func (v *Variable) picker(dir string) (*picker, error) {
	p := &picker{mode: v.Pick, skew: v.Skew, session: v.Per == "session", turn: new(atomic.Int64)}
	if p.skew == 0 {
		p.skew = 1.1
	}
	given := 0
	if v.Values != nil {
		given++
		for _, raw := range v.Values {
			p.values = append(p.values, valueOf(raw))
		}
	}
	if v.File != "" {
		given++
		values, err := readValues(filepath.Join(dir, v.File), v.Column)
		if filepath.IsAbs(v.File) {
			values, err = readValues(v.File, v.Column)
		}
		if err != nil {
			return nil, err
		}
		p.values = values
	}
	p.count = len(p.values)
	if v.Range != nil {
		given++
		p.low, p.count = v.Range[0], int(v.Range[1]-v.Range[0])+1
	}
	switch {
	case given != 1:
		return nil, fmt.Errorf("it has %d of values, file and range; exactly one", given)
	case p.count < 1 || v.Range == nil && p.count > mostValues:
		return nil, fmt.Errorf("it has %d values; 1 to %d", p.count, mostValues)
	case !slices.Contains([]string{"", "random", "turn", "zipf"}, v.Pick):
		return nil, fmt.Errorf("pick is %q; \"random\", \"turn\" or \"zipf\"", v.Pick)
	case p.mode == "zipf" && p.skew <= 1:
		return nil, fmt.Errorf("skew is %v; above 1", p.skew)
	case !slices.Contains([]string{"", "request", "session"}, v.Per):
		return nil, fmt.Errorf("per is %q; \"request\" or \"session\"", v.Per)
	}
	if v.Format != "" {
		before, after, ok := strings.Cut(v.Format, "{}")
		if !ok {
			return nil, fmt.Errorf("the format %q has no {} for the value", v.Format)
		}
		p.before, p.after = before, after
	}
	return p, nil
}

// listed makes a picker of a row's own texts.
func listed(texts []string) *picker {
	p := &picker{count: len(texts)}
	for _, t := range texts {
		p.values = append(p.values, value{text: t})
	}
	return p
}

func valueOf(raw json.RawMessage) value {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return value{text: text}
	}
	return value{string(bytes.TrimSpace(raw)), true}
}

// readValues reads a data file.
func readValues(name, column string) ([]value, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file of data", name)
	}
	if info.Size() > mostData {
		return nil, fmt.Errorf("%s has %d bytes; at most %d", name, info.Size(), mostData)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var values []value
	switch filepath.Ext(name) {
	case ".csv":
		values, err = csvValues(raw, column)
	case ".json":
		values, err = jsonValues(raw, column)
	default:
		for line := range strings.Lines(string(raw)) {
			if line = strings.TrimSpace(line); line != "" {
				values = append(values, value{text: line})
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return values, nil
}

func csvValues(raw []byte, column string) ([]value, error) {
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("it is empty; its first line names the columns")
	}
	k := 0
	if column != "" {
		if k = slices.Index(rows[0], column); k < 0 {
			return nil, fmt.Errorf("there is no column %q; there are %s", column, strings.Join(rows[0], ", "))
		}
	}
	var values []value
	for _, row := range rows[1:] {
		values = append(values, value{text: row[k]})
	}
	return values, nil
}

func jsonValues(raw []byte, column string) ([]value, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("it is no JSON array: %w", err)
	}
	var values []value
	for i, item := range list {
		if column != "" {
			var object map[string]json.RawMessage
			if err := json.Unmarshal(item, &object); err != nil || object[column] == nil {
				return nil, fmt.Errorf("item %d has no member %q", i, column)
			}
			item = object[column]
		}
		values = append(values, valueOf(item))
	}
	return values, nil
}

// A scope is what "{name}" stands for within one request or session.
type scope struct {
	rnd     *rand.Rand
	number  int64 // of the arrival
	vars    map[string]*picker
	own     map[string]*picker // the row's
	request map[string]value
	session map[string]value // picked once, and saved from answers
}

// builtin are the names that every scenario has.
var builtin = []string{"uuid", "now", "number"}

// next forgets the last request's values.
func (s *scope) next(own map[string]*picker) {
	s.own = own
	clear(s.request)
}

func (s *scope) value(name string) value {
	if v, ok := s.request[name]; ok {
		return v
	}
	if v, ok := s.session[name]; ok && s.own[name] == nil {
		return v
	}
	var v value
	p := s.own[name]
	if p == nil {
		p = s.vars[name]
	}
	switch {
	case p != nil:
		v = p.pick(s.rnd)
	case name == "uuid":
		v.text = uuid.NewString()
	case name == "now":
		v.text = time.Now().UTC().Format(time.RFC3339Nano)
	case name == "number":
		v = value{strconv.FormatInt(s.number, 10), true}
	}
	into := &s.request
	if p != nil && p.session {
		into = &s.session
	}
	if *into == nil {
		*into = map[string]value{}
	}
	(*into)[name] = v
	return v
}
