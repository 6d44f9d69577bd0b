package scripts

import (
	"strconv"
	"strings"
)

// rounded writes a number of at least 0 times 10^shift with so many digits after the point: of its shortest decimal form, half
// up, as ECMA-402 says. Zeros past least are left out.
func rounded(x float64, shift, least, most int) string {
	mantissa, e, _ := strings.Cut(strconv.FormatFloat(x, 'e', -1, 64), "e")
	exp, _ := strconv.Atoi(e) // FormatFloat writes it
	digits := []byte(strings.Replace(mantissa, ".", "", 1))
	point := 1 + exp + shift // where the point stands in digits
	if point <= 0 {
		digits = append([]byte(strings.Repeat("0", 1-point)), digits...)
		point = 1
	}
	if keep := point + most; keep < len(digits) {
		up := digits[keep] >= '5'
		digits = digits[:keep]
		for i := keep - 1; up; i-- {
			if i < 0 {
				digits = append([]byte{'1'}, digits...)
				point++
				break
			}
			if up = digits[i] == '9'; up {
				digits[i] = '0'
			} else {
				digits[i]++
			}
		}
	}
	for len(digits) < point+least {
		digits = append(digits, '0')
	}
	for len(digits) > point+least && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	whole := string(digits[:point])
	if rest := strings.TrimLeft(whole, "0"); rest != "" {
		whole = rest
	} else {
		whole = "0"
	}
	if len(digits) == point {
		return whole
	}
	return whole + "." + string(digits[point:])
}

// digits writes what rounded gave as the locale does: divided, and in its own digits. least is the number of digits before
// the first divider; 0 is the locale's own.
func (l *locale) digits(text string, g *grouping, least int) string {
	whole, fraction, _ := strings.Cut(text, ".")
	if least < g.Least {
		least = g.Least
	}
	var b strings.Builder
	divide := g.Group != "" && len(whole) >= g.First+least
	for i := range len(whole) {
		if left := len(whole) - i; divide && i > 0 && left >= g.First && (left-g.First)%g.Rest == 0 {
			b.WriteString(g.Group)
		}
		b.WriteString(l.data.numbers.digits[whole[i]-'0'])
	}
	if fraction != "" {
		b.WriteString(g.Decimal)
		for i := range len(fraction) {
			b.WriteString(l.data.numbers.digits[fraction[i]-'0'])
		}
	}
	return b.String()
}

// native writes digits as the locale does.
func (l *locale) native(text string) string {
	if l.data.numbers.Zero == "" {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c >= '0' && c <= '9' {
			b.WriteString(l.data.numbers.digits[c-'0'])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
