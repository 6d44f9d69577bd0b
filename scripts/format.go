package scripts

import (
	"encoding/json"

	"facet/fault"
	"facet/scripts/span"
)

// Format runs a host function of view.OpFormat, "date", "number", "plural" or "relative": in[0] is the value, in[1]
// the options, forms or unit as JSON (nil: none). The text is appended to dst as a JSON string; it is null if the
// value is. What does not fit together is an Invalid error.
//
// What is printed is CLDR's, as Intl of ECMA-402 prints it, for every locale that ICU has: locales.json.gz. Dates are of the
// Gregorian calendar. A locale that is not known is the nearest that is, else English.
func Format(name, locale string, in [][]byte, dst []byte) ([]byte, error) {
	if len(in) == 0 || len(in[0]) == 0 || string(in[0]) == "null" {
		return append(dst, "null"...), nil
	}
	var options []byte
	if len(in) > 1 {
		options = in[1]
	}
	s, err := formatJSON(name, localeFor(locale), in[0], options)
	if err != nil {
		return dst, &fault.Error{Kind: fault.Invalid, Op: "format", Subject: name, Message: "format." + name + ": " + err.Error()}
	}
	return span.AppendText(dst, s), nil
}

func formatJSON(name string, l *locale, in, options []byte) (string, error) {
	if name == "date" {
		var s string
		if err := json.Unmarshal(in, &s); err != nil {
			return "", errDate
		}
		var o struct{ Style string }
		if err := unmarshal(options, &o); err != nil {
			return "", err
		}
		return l.formatDate(s, o.Style)
	}
	var x float64
	if err := json.Unmarshal(in, &x); err != nil {
		return "", errNumber
	}
	switch name {
	case "number":
		var o numberOptions
		if err := unmarshal(options, &o); err != nil {
			return "", err
		}
		return l.formatNumber(x, o)
	case "plural":
		var forms map[string]string
		if err := unmarshal(options, &forms); err != nil {
			return "", err
		}
		return l.formatPlural(x, forms)
	case "relative":
		var unit string
		if err := unmarshal(options, &unit); err != nil {
			return "", err
		}
		return l.formatRelative(x, unit)
	}
	return "", fault.New(fault.Invalid, "there is no such function")
}

func unmarshal(raw []byte, to any) error {
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return errOptions
	}
	return nil
}
