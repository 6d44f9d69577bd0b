package asker

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A Rule tells what a device is by a request header. Rules are asked in order; each value comes from the first that gives it.
type Rule struct {
	Device string         // of the route; "": any
	Header string         // "User-Agent"
	Match  *regexp.Regexp // nil: the header is there
	// What it says; "" says nothing. AppVersion and the others may use the expression's groups: "$1".
	Form, Bandwidth, AppVersion string
}

// networks are the classes of the effective connection type: what the browser measured of its connection.
var networks = map[string]string{"slow-2g": Low, "2g": Low, "3g": Medium, "4g": High}

// device reads what the device is: from trusted headers, from rules, from what browsers say of themselves.
// told: there are Facet-* headers.
func (s *Settings) device(h http.Header, told bool, d *Device) {
	take := func(into *string, v string) {
		if *into == "" && v != "" && len(v) <= maxHeader {
			*into = v
		}
	}
	if told && (s.TrustHeaders || s.DeviceHeaders) {
		take(&d.Form, h.Get(HeaderForm))
		take(&d.AppVersion, h.Get(HeaderApp))
		take(&d.Bandwidth, h.Get(HeaderBandwidth))
	}
	for i := range s.Rules {
		s.Rules[i].apply(h, d, take)
	}
	if v := h["Save-Data"]; len(v) > 0 && strings.EqualFold(v[0], "on") {
		take(&d.Bandwidth, Low)
	}
	if v := h["Ect"]; len(v) > 0 {
		take(&d.Bandwidth, networks[strings.ToLower(v[0])]) // the effective connection type
	}
	take(&d.Form, d.Type)
}

func (r *Rule) apply(h http.Header, d *Device, take func(*string, string)) {
	v := h.Get(r.Header)
	if v == "" || len(v) > maxHeader || r.Device != "" && r.Device != d.Type {
		return
	}
	var groups []int
	if r.Match != nil {
		if groups = r.Match.FindStringSubmatchIndex(v); groups == nil {
			return
		}
	}
	say := func(text string) string {
		if groups == nil || !strings.Contains(text, "$") {
			return text
		}
		return plain(string(r.Match.ExpandString(nil, text, v, groups)))
	}
	take(&d.Form, say(r.Form))
	take(&d.Bandwidth, say(r.Bandwidth))
	take(&d.AppVersion, say(r.AppVersion))
}

// plain is a text, or "" if it has control characters or is no UTF-8.
func plain(s string) string {
	if strings.ContainsFunc(s, unprintable) {
		return ""
	}
	return s
}

func unprintable(r rune) bool { return r < ' ' || r == 0xFFFD }

// origins are the headers that context values come from by rules and claims.
func (s *Settings) origins() map[string][]string {
	from := map[string][]string{}
	add := func(path, says, header string) {
		if says != "" && header != "" && !slices.Contains(from[path], header) {
			from[path] = append(from[path], header)
		}
	}
	for _, r := range s.Rules {
		name := http.CanonicalHeaderKey(r.Header)
		add("device.form", r.Form, name)
		add("device.bandwidth", r.Bandwidth, name)
		add("device.appVersion", r.AppVersion, name)
	}
	if s.Tokens != nil {
		c := s.Tokens.config.Claims
		add("device.form", c.Form, "Authorization")
		add("device.bandwidth", c.Bandwidth, "Authorization")
		add("region", c.Region, "Authorization")
	}
	return from
}
