package scripts

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/text/language"
)

//go:generate node locales.mjs

// localesText is what locales.mjs wrote: sections, each once, and for each locale which of them are its.
//
//go:embed locales.json.gz
var localesText []byte

// The sections of a locale.
const (
	secPatterns = iota
	secNames
	secRelative
	secCompact
	secNumbers
	secMoney
	secSymbols
	secPlurals
)

// localeData is what CLDR says of a locale.
type localeData struct {
	patterns map[string]string // of dates, by style; "{d} {name} {y}"
	months   map[string][]string
	days     map[string][]string // by style, from Sunday
	relative map[string]relativeUnit
	compact  []compactStep // from 10^3 on
	numbers  numberSymbols
	money    moneyPatterns
	plurals  pluralTable
	symbols  []map[string]string // by currency code, the locale's own first, then those that it inherits
}

type relativeUnit struct {
	Words        map[string]string // "-1": "yesterday"
	Past, Future map[string]string // by plural category; "in {0} days"
}

type compactStep struct {
	Shift    int
	Inner    bool              // the minus sign stands beside the number, not first
	Patterns map[string]string // by plural category
}

// numberSymbols are how numbers are written.
type numberSymbols struct {
	grouping
	Minus        string
	Percent      string     // "{0} %"
	PercentMinus string     // "-{0} %"
	Zero         string     // the digit zero; "" is "0"
	Money        *grouping  // of amounts, where they differ
	digits       [10]string // of Zero
}

// A grouping is how digits are divided: 12,34,567.5 has First 3 and Rest 2.
type grouping struct {
	Decimal, Group     string
	First, Rest, Least int // Least: digits before the first divider
}

type moneyPatterns struct{ Sign, Letters, Negative, NegativeLetters string }

// A pluralTable has plural categories, a letter each: of 0 to 999; of 1000 to 1999, as of all whole numbers above by their last
// three digits; of millions; and of numbers with one digit after the point, from 0.1 to 29.9.
type pluralTable struct{ Small, Large, Million, Tenths string }

// A locale is a tag, with the data that fits it best.
type locale struct {
	tag  language.Tag
	data *localeData
}

// localeFile is locales.json.gz: what is in use of it is decoded.
type localeFile struct {
	Locales map[string][]int // their sections, by the sec constants
	Ends    []int            // of the sections in pool
	pool    []byte

	mu      sync.Mutex
	made    map[string]*localeData
	matcher language.Matcher // of languages; nil until one is not there by its name
	tags    []string
}

var localesFile = sync.OnceValue(openLocales)

func openLocales() *localeFile {
	f := &localeFile{made: map[string]*localeData{}}
	z, err := gzip.NewReader(bytes.NewReader(localesText))
	if err == nil {
		var text []byte // a line of JSON, then the sections
		if text, err = io.ReadAll(z); err == nil {
			head := bytes.IndexByte(text, '\n')
			f.pool = text[head+1:]
			err = json.Unmarshal(text[:head], f)
		}
	}
	if err != nil {
		panic("locales.json.gz: " + err.Error()) // it is part of the program
	}
	return f
}

// Locales come from requests, so what is kept of them is bounded; the rest is made anew.
const maxLocales = 1000

var (
	locales     sync.Map // string -> *locale
	localeCount atomic.Int32
)

// localeFor finds a locale by its BCP 47 name; what is none, or is unknown, is English.
func localeFor(name string) *locale {
	if l, ok := locales.Load(name); ok {
		return l.(*locale)
	}
	tag, err := language.Parse(name)
	if err != nil || name == "" {
		tag = language.English
	}
	f := localesFile()
	l := &locale{tag: tag}
	f.mu.Lock()
	l.data = f.data(f.find(tag))
	f.mu.Unlock()
	if localeCount.Load() < maxLocales {
		if _, loaded := locales.LoadOrStore(name, l); !loaded {
			localeCount.Add(1)
		}
	}
	return l
}

// find names the locale of the file that is a tag's, or the nearest.
func (f *localeFile) find(tag language.Tag) string {
	base, script, region := tag.Raw()
	b := base.String()
	for _, name := range [...]string{b + "-" + script.String() + "-" + region.String(), b + "-" + region.String(), b + "-" + script.String()} {
		if _, ok := f.Locales[name]; ok {
			return name
		}
	}
	if _, ok := f.Locales[b]; ok {
		// Of a territory that is not there, a parent may be nearer than the language: es-PY inherits from es-419.
		for p := tag.Parent(); p != language.Und; p = p.Parent() {
			if _, ok := f.Locales[p.String()]; ok {
				return p.String()
			}
		}
		return b
	}
	if f.matcher == nil {
		f.tags = []string{"en"} // the first is what the matcher falls back to
		for name := range f.Locales {
			if !strings.Contains(name, "-") && name != "en" {
				f.tags = append(f.tags, name)
			}
		}
		slices.Sort(f.tags[1:])
		tags := make([]language.Tag, len(f.tags))
		for i, name := range f.tags {
			tags[i] = language.Make(name)
		}
		f.matcher = language.NewMatcher(tags)
	}
	if _, i, confidence := f.matcher.Match(tag); confidence >= language.Low {
		return f.tags[i]
	}
	return "en"
}

// data decodes a locale of the file; mu is held.
func (f *localeFile) data(name string) *localeData {
	if d := f.made[name]; d != nil {
		return d
	}
	d := &localeData{months: map[string][]string{}, days: map[string][]string{}}
	list := f.Locales[name]
	var names struct{ Months, Days map[string]int }
	f.decode(list[secPatterns], &d.patterns)
	f.decode(list[secNames], &names)
	f.decode(list[secRelative], &d.relative)
	f.decode(list[secCompact], &d.compact)
	f.decode(list[secNumbers], &d.numbers)
	f.decode(list[secMoney], &d.money)
	f.decode(list[secPlurals], &d.plurals)
	for style, at := range names.Months {
		var words []string
		f.decode(at, &words)
		d.months[style] = words
	}
	for style, at := range names.Days {
		var words []string
		f.decode(at, &words)
		d.days[style] = words
	}
	d.numbers.read()
	for at := name; at != ""; at, _ = cutLast(at) {
		if l, ok := f.Locales[at]; ok {
			var symbols map[string]string
			f.decode(l[secSymbols], &symbols)
			d.symbols = append(d.symbols, symbols)
		}
	}
	f.made[name] = d
	return d
}

func (f *localeFile) decode(at int, into any) {
	from := 0
	if at > 0 {
		from = f.Ends[at-1]
	}
	if err := json.Unmarshal(f.pool[from:f.Ends[at]], into); err != nil {
		panic("locales.json.gz: " + err.Error())
	}
}

// cutLast is a tag without its last part: "zh-Hant" of "zh-Hant-TW", "" of "zh".
func cutLast(name string) (rest, last string) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return "", name
	}
	return name[:i], name[i+1:]
}

func (n *numberSymbols) read() {
	zero := '0'
	for _, r := range n.Zero {
		zero = r
	}
	for i := range n.digits {
		n.digits[i] = string(zero + rune(i))
	}
}

// symbol is how a currency is written.
func (d *localeData) symbol(code string) string {
	for _, by := range d.symbols {
		if s, ok := by[code]; ok {
			return s
		}
	}
	return code
}
