package scripts

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/feature/plural"
)

var (
	errDate    = errors.New(`the value is no date: "2006-01-02" or "2006-01-02T15:04:05Z"`)
	errNumber  = errors.New("the value is no number")
	errOptions = errors.New("its options have another shape than @facet/sdk declares")
)

// formatDate prints a calendar date, or the date of a moment in the moment's own offset: no asker's time zone is known.
func (l *locale) formatDate(s, style string) (string, error) {
	t, err := parseDate(s)
	if err != nil {
		return "", err
	}
	if style == "" {
		style = "medium"
	}
	d := l.data
	pattern, ok := d.patterns[style]
	if !ok {
		return "", fmt.Errorf("there is no style %q: short, medium, long, full", short(style))
	}
	name, day := "", ""
	if months := d.months[style]; months != nil {
		name = months[t.Month()-1]
	}
	if days := d.days[style]; days != nil {
		day = days[t.Weekday()]
	}
	y, m, n := t.Date()
	two := func(n int) string { return l.native(fmt.Sprintf("%02d", n)) }
	return strings.NewReplacer(
		"{dd}", two(n), "{d}", l.native(strconv.Itoa(n)),
		"{mm}", two(int(m)), "{m}", l.native(strconv.Itoa(int(m))), "{name}", name,
		"{yy}", two(y%100), "{y}", l.native(strconv.Itoa(y)),
		"{day}", day,
	).Replace(pattern), nil
}

func parseDate(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errDate
}

// numberOptions are NumberFormat of the SDK.
type numberOptions struct {
	Style    string
	Currency string
	Digits   *int // after the decimal point; nil: the style's own
}

func (l *locale) formatNumber(x float64, o numberOptions) (string, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "", errNumber
	}
	if o.Digits != nil && (*o.Digits < 0 || *o.Digits > 20) {
		return "", fmt.Errorf("%d digits are not between 0 and 20", *o.Digits)
	}
	switch o.Style {
	case "", "decimal":
		return l.decimal(x, o.Digits), nil
	case "percent":
		digits := 0
		if o.Digits != nil {
			digits = *o.Digits
		}
		pattern := l.data.numbers.Percent
		if x < 0 {
			pattern = l.data.numbers.PercentMinus
		}
		text := l.digits(rounded(math.Abs(x), 2, digits, digits), &l.data.numbers.grouping, 0)
		return strings.Replace(pattern, "{0}", text, 1), nil
	case "currency":
		return l.money(x, o)
	case "compact":
		return l.compact(x, o.Digits), nil
	}
	return "", fmt.Errorf("there is no style %q: decimal, percent, currency, compact", short(o.Style))
}

func (l *locale) decimal(x float64, digits *int) string {
	least, most := 0, 3
	if digits != nil {
		least, most = *digits, *digits
	}
	return l.signed(x, l.digits(rounded(math.Abs(x), 0, least, most), &l.data.numbers.grouping, 0))
}

// signed puts the minus sign before the text of a number below zero.
func (l *locale) signed(x float64, text string) string {
	if x < 0 || x == 0 && math.Signbit(x) {
		return l.data.numbers.Minus + text
	}
	return text
}

// compact prints two digits, or what stands before the decimal point: 999, 1.2K, 12K, 123K.
func (l *locale) compact(x float64, digits *int) string {
	step := compactStep{Patterns: map[string]string{"other": "{0}"}}
	a := math.Abs(x)
	if a >= 999.5 || digits != nil && a >= 1000 {
		e := exponent(a)
		if step = l.step(e); digits == nil {
			// 999,999 is 1M, not 1000K: what rounding carries over belongs to the next step.
			if up := math.Round(a/math.Pow10(step.Shift)) * math.Pow10(step.Shift); up > a && exponent(up) > e {
				step = l.step(exponent(up))
			}
		}
	}
	least, most := 0, 0
	y := a / math.Pow10(step.Shift)
	switch {
	case digits != nil:
		least, most = *digits, *digits
	case y < 1 && y > 0: // two digits that count
		most = 1 - exponent(y)
	case y < 9.95:
		most = 1
	}
	number := rounded(a, -step.Shift, least, most)
	shown, _ := strconv.ParseFloat(number, 64) // it has digits only
	pattern, ok := step.Patterns[l.category(shown)]
	if !ok {
		pattern = step.Patterns["other"]
	}
	text := l.digits(number, &l.data.numbers.grouping, 2)
	if step.Inner {
		return strings.Replace(pattern, "{0}", l.signed(x, text), 1)
	}
	return l.signed(x, strings.Replace(pattern, "{0}", text, 1))
}

func exponent(a float64) int {
	_, e, _ := strings.Cut(strconv.FormatFloat(a, 'e', -1, 64), "e")
	n, _ := strconv.Atoi(e) // FormatFloat writes it
	return n
}

func (l *locale) step(e int) compactStep {
	return l.data.compact[min(max(e, 3), 2+len(l.data.compact))-3]
}

func (l *locale) money(x float64, o numberOptions) (string, error) {
	unit, err := currency.ParseISO(o.Currency)
	if err != nil {
		return "", fmt.Errorf("%q is no currency code", short(o.Currency))
	}
	digits, _ := currency.Standard.Rounding(unit)
	if o.Digits != nil {
		digits = *o.Digits
	}
	symbol, c := l.data.symbol(unit.String()), l.data.money
	beside, _ := utf8.DecodeLastRuneInString(symbol)
	if strings.Index(c.Sign, "¤") > strings.Index(c.Sign, "{0}") {
		beside, _ = utf8.DecodeRuneInString(symbol)
	}
	letters := !unicode.IsSymbol(beside)
	pattern := c.Sign
	switch {
	case x < 0 && letters:
		pattern = c.NegativeLetters
	case x < 0:
		pattern = c.Negative
	case letters:
		pattern = c.Letters
	}
	g := &l.data.numbers.grouping
	if l.data.numbers.Money != nil {
		g = l.data.numbers.Money
	}
	text := l.digits(rounded(math.Abs(x), 0, digits, digits), g, 0)
	return strings.NewReplacer("¤", symbol, "{0}", text).Replace(pattern), nil
}

var categories = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}

// letters are the categories as pluralTable has them.
var letters = map[byte]string{'z': "zero", 'o': "one", 't': "two", 'f': "few", 'm': "many", 'x': "other"}

// category is CLDR's plural category of a number as decimal prints it.
func (l *locale) category(x float64) string {
	whole, fraction, _ := strings.Cut(rounded(math.Abs(x), 0, 0, 3), ".")
	i, err := strconv.ParseUint(whole, 10, 64)
	if err != nil { // rules look at the last digits, and at whether there is more
		i, _ = strconv.ParseUint("1"+whole[len(whole)-9:], 10, 64)
	}
	p := &l.data.plurals
	switch len(fraction) {
	case 0:
		switch {
		case i < 1000:
			return letters[p.Small[i]]
		case i%1_000_000 == 0:
			return letters[p.Million[0]]
		}
		return letters[p.Large[i%1000]]
	case 1:
		if i >= 30 {
			i = 20 + i%10
		}
		return letters[p.Tenths[9*int(i)+int(fraction[0]-'1')]]
	}
	f, _ := strconv.Atoi(fraction) // rounded writes it
	return categories[plural.Cardinal.MatchPlural(l.tag, int(i%1_000_000_000), len(fraction), len(fraction), f, f)]
}

func (l *locale) formatPlural(x float64, forms map[string]string) (string, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "", errNumber
	}
	form, ok := forms[l.category(x)]
	if !ok {
		if form, ok = forms["other"]; !ok {
			return "", errors.New("its forms have no other")
		}
	}
	if !strings.Contains(form, "#") {
		return form, nil
	}
	return strings.ReplaceAll(form, "#", l.decimal(x, nil)), nil
}

// formatRelative says how far a moment is: below zero it is past. Where the language has a word, "yesterday", it is used.
func (l *locale) formatRelative(x float64, unit string) (string, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "", errNumber
	}
	r, ok := l.data.relative[unit]
	if !ok {
		return "", fmt.Errorf("there is no unit %q: second, minute, hour, day, week, month, year", short(unit))
	}
	if w, ok := r.Words[strconv.FormatFloat(x+0, 'f', -1, 64)]; ok {
		return w, nil
	}
	forms := r.Future
	if x < 0 {
		forms, x = r.Past, -x
	}
	pattern, ok := forms[l.category(x)]
	if !ok {
		pattern = forms["other"]
	}
	return strings.Replace(pattern, "{0}", l.decimal(x, nil), 1), nil
}
