package asker

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/text/language"

	"facet/fault"
)

// The request headers that say who asks, where an environment trusts them: a proxy in front of the edge sets
// them and strips them from what devices send.
const (
	HeaderViewer    = "Facet-Viewer"
	HeaderProfile   = "Facet-Profile"  // with a token it chooses among the token's profiles, trusted or not
	HeaderProfiles  = "Facet-Profiles" // comma-separated
	HeaderForm      = "Facet-Form"
	HeaderRegion    = "Facet-Region"
	HeaderCells     = "Facet-Cells" // comma-separated experiment=arm
	HeaderApp       = "Facet-App-Version"
	HeaderBandwidth = "Facet-Bandwidth"
	HeaderNow       = "Facet-Now"    // replays a request's time: milliseconds since 1970, or RFC 3339
	HeaderRandom    = "Facet-Random" // replays a request's random number: 0 <= x < 1
)

// Settings say how an environment learns who asks. They are not changed once they are used.
type Settings struct {
	// TrustHeaders takes viewer, profile, device, region, cells, time and random from the Facet-* headers. Without it they are ignored.
	TrustHeaders bool
	// DeviceHeaders takes form, bandwidth and app version from the Facet-* headers, whoever sends them.
	DeviceHeaders bool
	// Tokens verifies bearer tokens; nil: they are not looked at.
	Tokens *Tokens
	// Required refuses who is nobody.
	Required bool
	// Default is who asks where nothing says otherwise: a demo viewer while developing; the zero Viewer is nobody.
	Default Viewer
	// Rules tell devices by their headers.
	Rules []Rule
	// Locales are those that the environment serves, the first being the default. Empty: "en-US".
	Locales []string
	Region  string
	// Now is the clock; nil: time.Now.
	Now func() time.Time

	ready *prepared
}

// prepared is what settings are made into once.
type prepared struct {
	matcher language.Matcher
	from    map[string][]string
	arms    *arms
}

// maxHeader bounds what one Facet-* header may hold, and maxList how many values.
const (
	maxHeader = 4096
	maxList   = 64
)

// FromRequest reads who asks from a request to a device's endpoint, with the experiments of what serves it. A header that is
// malformed is an Invalid error that names it; a token that is not good is Unauthorized, and a profile that it does not name
// Forbidden. It waits for nothing but, at most, the request of an unknown key, under the request's context.
func (s *Settings) FromRequest(r *http.Request, device string, x *Experiments) (*Asker, error) {
	ready := s.ready
	if ready == nil {
		ready = s.prepared()
	}
	a := &Asker{
		Viewer:      s.Default,
		Device:      Device{Type: device},
		Locale:      s.locale(ready.matcher, r.Header.Get("Accept-Language")),
		Headers:     r.Header,
		Random:      rand.Float64(),
		From:        ready.from,
		Experiments: x,
		arms:        ready.arms,
	}
	if s.Now != nil {
		a.Now = s.Now()
	} else {
		a.Now = time.Now()
	}
	told := tells(r.Header)
	if told {
		if err := s.wellFormed(r.Header); err != nil {
			return nil, err
		}
	}
	if s.TrustHeaders {
		if told {
			if err := s.trusted(r.Header, a); err != nil {
				return nil, err
			}
		}
		a.ownProfile()
	}
	if s.Tokens != nil {
		if err := s.Tokens.asks(r, a); err != nil {
			return nil, err
		}
	}
	if s.Required && !a.Viewer.SignedIn {
		return nil, fault.New(fault.Unauthorized, "nobody is signed in").WithHint("send Authorization: Bearer <token>")
	}
	s.device(r.Header, told, &a.Device)
	if a.Region == "" {
		a.Region = s.Region
	}
	return a, nil
}

// Prepare does once what each request would do again. It is called before the first.
func (s *Settings) Prepare() { s.ready = s.prepared() }

func (s *Settings) prepared() *prepared {
	p := &prepared{from: s.origins()}
	p.arms, _ = lru.New[armKey, string](maxArms) // its size is above 0
	if len(s.Locales) > 0 {
		served := make([]language.Tag, len(s.Locales))
		for i, l := range s.Locales {
			served[i] = language.Make(l)
		}
		p.matcher = language.NewMatcher(served)
	}
	return p
}

// wellFormed looks at the headers that will be read.
func (s *Settings) wellFormed(h http.Header) error {
	var names []string
	switch {
	case s.TrustHeaders:
		names = []string{HeaderViewer, HeaderProfile, HeaderProfiles, HeaderForm, HeaderRegion, HeaderCells, HeaderApp, HeaderBandwidth, HeaderNow, HeaderRandom}
	default:
		if s.DeviceHeaders {
			names = []string{HeaderForm, HeaderApp, HeaderBandwidth}
		}
		if s.Tokens != nil {
			names = append(names, HeaderProfile)
		}
	}
	for _, name := range names {
		if v := h.Get(name); len(v) > maxHeader || strings.ContainsFunc(v, unprintable) {
			return fault.New(fault.Invalid, "the %s header is not plain text of at most %d bytes", name, maxHeader)
		}
	}
	return nil
}

func (s *Settings) trusted(h http.Header, a *Asker) error {
	if id := h.Get(HeaderViewer); id != "" {
		a.Viewer = Viewer{ID: id, Profile: id, SignedIn: true}
	}
	if ps := h.Get(HeaderProfiles); ps != "" {
		list, err := split(HeaderProfiles, ps)
		if err != nil {
			return err
		}
		a.Viewer.Profiles, a.Viewer.Profile = list, list[0]
	}
	if p := h.Get(HeaderProfile); p != "" {
		a.Viewer.Profile = p
	}
	a.Region = h.Get(HeaderRegion)
	if c := h.Get(HeaderCells); c != "" {
		list, err := split(HeaderCells, c)
		if err != nil {
			return err
		}
		a.Cells = make(map[string]string, len(list))
		for _, pair := range list {
			name, arm, ok := strings.Cut(pair, "=")
			if !ok || name == "" || arm == "" {
				return fault.New(fault.Invalid, "the %s header has %q, which is not experiment=arm", HeaderCells, pair)
			}
			a.Cells[name] = arm
		}
	}
	return replayed(h, a)
}

// ownProfile puts the profile in use among those that the viewer may see.
func (a *Asker) ownProfile() {
	if a.Viewer.Profile != "" && !slices.Contains(a.Viewer.Profiles, a.Viewer.Profile) {
		a.Viewer.Profiles = append(slices.Clip(a.Viewer.Profiles), a.Viewer.Profile)
	}
}

// tells says whether a request has any of the Facet-* headers: most have none.
func tells(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, "Facet-") {
			return true
		}
	}
	return false
}

// replayed takes time and random from the headers.
func replayed(h http.Header, a *Asker) error {
	if v := h.Get(HeaderNow); v != "" {
		at, err := ReadTime(v)
		if err != nil {
			return fault.New(fault.Invalid, "the %s header is %q, neither milliseconds since 1970 nor RFC 3339", HeaderNow, v)
		}
		a.Now = at
	}
	if v := h.Get(HeaderRandom); v != "" {
		x, err := strconv.ParseFloat(v, 64)
		if err != nil || !(x >= 0 && x < 1) {
			return fault.New(fault.Invalid, "the %s header is %q, not a number from 0 to below 1", HeaderRandom, v)
		}
		a.Random = x
	}
	return nil
}

// ReadTime reads milliseconds since 1970 or RFC 3339, from 1970 to 9999.
func ReadTime(v string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, v)
	if ms, e := strconv.ParseInt(v, 10, 64); e == nil {
		at, err = time.UnixMilli(ms).UTC(), nil
	}
	if err == nil && (at.Unix() < 0 || at.Year() > 9999) {
		err = fault.New(fault.Invalid, "a time is from 1970 to 9999")
	}
	return at, err
}

func split(header, v string) ([]string, error) {
	var list []string
	for part := range strings.SplitSeq(v, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	if len(list) == 0 || len(list) > maxList {
		return nil, fault.New(fault.Invalid, "the %s header has %d values; 1 to %d are allowed", header, len(list), maxList)
	}
	return list, nil
}

func (s *Settings) locale(served language.Matcher, accept string) string {
	first := "en-US"
	if len(s.Locales) > 0 {
		first = s.Locales[0]
	}
	if accept == "" || len(accept) > maxHeader {
		return first
	}
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(wanted) == 0 {
		return first
	}
	if served == nil {
		return wanted[0].String()
	}
	_, i, _ := served.Match(wanted...)
	return s.Locales[i]
}
