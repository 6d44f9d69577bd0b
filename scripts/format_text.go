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
	"golang.org/x/text/number"
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
	d := l.data.Date
	pattern, ok := d.Patterns[style]
	if !ok {
		return "", fmt.Errorf("there is no style %q: short, medium, long, full", short(style))
	}
	name := ""
	if months := d.Months[style]; months != nil {
		name = months[t.Month()-1]
	}
	y, m, day := t.Date()
	return strings.NewReplacer(
		"{dd}", fmt.Sprintf("%02d", day), "{d}", strconv.Itoa(day),
		"{mm}", fmt.Sprintf("%02d", int(m)), "{m}", strconv.Itoa(int(m)), "{name}", name,
		"{yy}", fmt.Sprintf("%02d", y%100), "{y}", strconv.Itoa(y),
		"{day}", d.Days[t.Weekday()],
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
		return l.print(number.Percent(x, number.MinFractionDigits(digits), number.MaxFractionDigits(digits))), nil
	case "currency":
		return l.money(x, o)
	case "compact":
		return l.compact(x, o.Digits), nil
	}
	return "", fmt.Errorf("there is no style %q: decimal, percent, currency, compact", short(o.Style))
}

func (l *locale) decimal(x float64, digits *int) string {
	if digits != nil {
		return l.print(number.Decimal(x, number.MinFractionDigits(*digits), number.MaxFractionDigits(*digits)))
	}
	return l.print(number.Decimal(x, number.MaxFractionDigits(3)))
}

// compact prints three digits at the most: 999, 1.2K, 12K, 123K.
func (l *locale) compact(x float64, digits *int) string {
	shift, pattern := 0, "{0}"
	a := math.Abs(x)
	for step := 0; ; step++ {
		e := int(math.Floor(math.Log10(max(a, 1))))
		if step == 0 && e < 3 {
			break
		}
		c := l.data.Compact[min(max(e, 3), 2+len(l.data.Compact))-3]
		shift, pattern = c.Shift, c.Pattern
		// 999,999 is 1M, not 1000K: what rounding carries over belongs to the next step.
		if up := math.Round(a/math.Pow10(shift)) * math.Pow10(shift); step == 0 && digits == nil && up > a && math.Floor(math.Log10(up)) > float64(e) {
			a = up
			continue
		}
		break
	}
	y := x / math.Pow10(shift)
	if digits == nil {
		d := 0
		if math.Abs(y) < 100 {
			d = 1
			if math.Abs(y) >= 10 || y == math.Trunc(y) {
				d = 0
			}
		}
		return strings.Replace(pattern, "{0}", l.print(number.Decimal(y, number.MaxFractionDigits(d))), 1)
	}
	return strings.Replace(pattern, "{0}", l.decimal(y, digits), 1)
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
	symbol := l.print(currency.Symbol(unit))
	c := l.data.Currency
	pattern := c.Sign
	if last, _ := utf8.DecodeLastRuneInString(symbol); unicode.IsLetter(last) {
		pattern = c.Letters
	}
	if x < 0 {
		sign := "-"
		if strings.Contains(c.Negative, "−") {
			sign = "−"
		}
		if strings.HasPrefix(c.Negative, sign) {
			pattern = sign + pattern
		} else { // between the symbol and the number
			pattern = strings.Replace(pattern, "{0}", sign+"{0}", 1)
		}
		x = -x
	}
	text := l.print(number.Decimal(x, number.MinFractionDigits(digits), number.MaxFractionDigits(digits)))
	return strings.NewReplacer("¤", symbol, "{0}", text).Replace(pattern), nil
}

var categories = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}

// category is CLDR's plural category of a number as decimal prints it.
func (l *locale) category(x float64) string {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(math.Abs(x), 'f', -1, 64), ".")
	if len(fraction) > 3 {
		fraction = strings.TrimRight(fraction[:3], "0")
	}
	if len(whole) > 9 { // rules look at the last digits, and at whether there is more
		whole = "1" + whole[len(whole)-8:]
	}
	i, _ := strconv.Atoi(whole)
	f, _ := strconv.Atoi("0" + fraction)
	return categories[plural.Cardinal.MatchPlural(l.tag, i, len(fraction), len(fraction), f, f)]
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
	r, ok := l.data.Relative[unit]
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
