package scripts

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
)

// An intlFile is what Intl prints, as locales.mjs wrote it down.
type intlFile struct {
	Days, Styles []string
	Values       []float64
	Main         map[string]string // the main locale of each country
	Cases        map[string]struct {
		Date                      [][]string
		Decimal, Percent, Compact []string
		Currency                  [][]string
		Plural                    []string
		Relative                  [][]string
	}
}

func readIntl(t testing.TB) *intlFile {
	t.Helper()
	f, err := os.Open("testdata/intl.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var file intlFile
	if err := json.NewDecoder(z).Decode(&file); err != nil {
		t.Fatal(err)
	}
	return &file
}

// intlDiffers are the differences from Intl, by kind, with the reason and the most that there are.
var intlDiffers = map[string]struct {
	most int
	why  string
}{
	"percent":  {2, "Anii and Toki Pona divide percentages otherwise than numbers, and four digits of percent are rare"},
	"currency": {4, "ICU puts a right-to-left mark after some Arabic symbols at the end of a text; where the text ends nothing comes after it"},
	"date":     {2, "Dzongkha writes December's number in Latin digits in one style"},
}

// TestAgainstIntl compares with Intl over the main locale of every country, every language, and where territories differ.
func TestAgainstIntl(t *testing.T) {
	file := readIntl(t)
	differs, compared := map[string][]string{}, map[string]int{}
	for name, c := range file.Cases {
		l := localeFor(name)
		check := func(kind, what, want, got string, err error) {
			compared[kind]++
			if err != nil || got != want {
				differs[kind] = append(differs[kind], fmt.Sprintf("%s %s: got %q, want %q %v", name, what, got, want, err))
			}
		}
		for i, day := range file.Days {
			for j, style := range file.Styles {
				got, err := l.formatDate(day, style)
				check("date", day+" "+style, c.Date[i][j], got, err)
			}
		}
		for i, x := range file.Values {
			got, err := l.formatNumber(x, numberOptions{})
			check("decimal", fmt.Sprint(x), c.Decimal[i], got, err)
		}
		for i, x := range []float64{0.5, 0.256, -0.07, 12.5} {
			got, err := l.formatNumber(x, numberOptions{Style: "percent"})
			check("percent", fmt.Sprint(x), c.Percent[i], got, err)
		}
		for i, x := range []float64{999, 1000, 1234, 12345, 123456, 999999, 1e6, 2.5e6, 1e9, -1500} {
			got, err := l.formatNumber(x, numberOptions{Style: "compact"})
			check("compact", fmt.Sprint(x), c.Compact[i], got, err)
		}
		for _, row := range c.Currency {
			for i, x := range []float64{1234.5, -7} {
				got, err := l.formatNumber(x, numberOptions{Style: "currency", Currency: row[0]})
				check("currency", row[0]+fmt.Sprint(" ", x), row[1+i], got, err)
			}
		}
		for i, x := range []float64{0, 1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 14, 19, 20, 21, 22, 25, 40, 60, 80, 99, 100, 101, 102, 111, 121, 1000, 1e6, 0.5, 1.5, 2.1, 10.5} {
			check("plural", fmt.Sprint(x), c.Plural[i], l.category(x), nil)
		}
		for i, unit := range []string{"second", "minute", "hour", "day", "week", "month", "year"} {
			for j, x := range []float64{-1, 0, 1, -5, 2, 21, 1.5, 1000} {
				got, err := l.formatRelative(x, unit)
				check("relative", unit+fmt.Sprint(" ", x), c.Relative[i][j], got, err)
			}
		}
	}
	for kind, list := range differs {
		slices.Sort(list)
		if len(list) > intlDiffers[kind].most {
			by := map[string]int{}
			for _, d := range list {
				by[strings.Fields(d)[0]]++
			}
			t.Errorf("%s: %d of %d differ, %d may: %s\nin %v\n%s", kind, len(list), compared[kind], intlDiffers[kind].most, intlDiffers[kind].why, by, strings.Join(list[:min(len(list), 25)], "\n"))
		}
	}
	t.Logf("%d locales, compared %v", len(file.Cases), compared)
}

// TestCountries: the main locale of each country of ISO 3166 that has one prints in its own language, not as English.
func TestCountries(t *testing.T) {
	file := readIntl(t)
	if len(file.Main) < 190 {
		t.Fatalf("%d countries have a main locale, want 190 at least", len(file.Main))
	}
	f := localesFile()
	for country, name := range file.Main {
		base, _ := language.MustParse(name).Base()
		got := f.find(language.MustParse(name))
		if have, _ := language.MustParse(got).Base(); have != base {
			t.Errorf("%s: %s is printed as %s", country, name, got)
		}
	}
}

func BenchmarkLocales(b *testing.B) {
	b.Run("the file, once", func(b *testing.B) {
		for b.Loop() {
			openLocales()
		}
	})
	b.Run("a locale, once", func(b *testing.B) {
		f := localesFile()
		for b.Loop() {
			f.made = map[string]*localeData{}
			f.data("de")
		}
	})
	b.Run("a number", func(b *testing.B) {
		l := localeFor("de-DE")
		b.ReportAllocs()
		for b.Loop() {
			_, _ = l.formatNumber(1234567.891, numberOptions{})
		}
	})
	b.Run("a date", func(b *testing.B) {
		l := localeFor("de-DE")
		b.ReportAllocs()
		for b.Loop() {
			_, _ = l.formatDate(time.DateOnly, "long")
		}
	})
}
