package scripts

import (
	_ "embed"
	"encoding/json"
	"sync"
	"sync/atomic"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:generate node locales.mjs

//go:embed locales.json
var localesText []byte

// localeData is what locales.json says of a locale.
type localeData struct {
	Date struct {
		Patterns map[string]string // by style; "{d} {name} {y}"
		Months   map[string][]string
		Days     []string // from Sunday
	}
	Relative map[string]struct { // by unit
		Words        map[string]string // "-1": "yesterday"
		Past, Future map[string]string // by plural category; "in {0} days"
	}
	Compact []struct { // from 10^3 on
		Shift   int
		Pattern string
	}
	Currency struct{ Sign, Letters, Negative string }
}

// A locale is a tag, with the data that fits it best.
type locale struct {
	tag      language.Tag
	data     *localeData
	printers sync.Pool // *message.Printer: one goroutine at a time
}

type localeTable struct {
	tags  []language.Tag
	data  []*localeData
	match language.Matcher
}

var table = sync.OnceValue(func() *localeTable {
	var file struct{ Locales map[string]*localeData }
	if err := json.Unmarshal(localesText, &file); err != nil {
		panic("locales.json: " + err.Error()) // it is part of the program
	}
	t := &localeTable{}
	add := func(name string) {
		t.tags, t.data = append(t.tags, language.MustParse(name)), append(t.data, file.Locales[name])
	}
	add("en") // the first is what the matcher falls back to
	for name := range file.Locales {
		if name != "en" {
			add(name)
		}
	}
	t.match = language.NewMatcher(t.tags)
	return t
})

// Locales come from requests, so what is kept of them is bounded; the rest is made anew.
const maxLocales = 500

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
	t := table()
	l := &locale{tag: tag}
	_, i, confidence := t.match.Match(tag)
	if confidence < language.Low {
		i = 0
	}
	l.data = t.data[i]
	l.printers.New = func() any { return message.NewPrinter(tag) }
	if localeCount.Load() < maxLocales {
		if _, loaded := locales.LoadOrStore(name, l); !loaded {
			localeCount.Add(1)
		}
	}
	return l
}

func (l *locale) print(x any) string {
	p := l.printers.Get().(*message.Printer)
	defer l.printers.Put(p)
	return p.Sprint(x)
}
