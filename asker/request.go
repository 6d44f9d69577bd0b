package asker

import (
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"facet/fault"
)

// The request headers that say who asks, where an environment trusts them: a proxy in front of the edge sets
// them and strips them from what devices send.
const (
	HeaderViewer   = "Facet-Viewer"
	HeaderProfile  = "Facet-Profile"
	HeaderProfiles = "Facet-Profiles" // comma-separated
	HeaderForm     = "Facet-Form"
	HeaderRegion   = "Facet-Region"
	HeaderCells    = "Facet-Cells" // comma-separated experiment=arm
	HeaderApp      = "Facet-App-Version"
)

// Settings say how an environment learns who asks.
type Settings struct {
	// TrustHeaders takes viewer, profile, form, region and cells from the Facet-* headers. Without it they are ignored.
	TrustHeaders bool
	// Default is who asks where nothing says otherwise: a demo viewer while developing; the zero Viewer is nobody.
	Default Viewer
	// Locales are those that the environment serves, the first being the default. Empty: "en-US".
	Locales []string
	Region  string
	// Experiments are the environment's, for hashed cells.
	Experiments []Experiment
}

// maxHeader bounds what one Facet-* header may hold, and maxList how many values.
const (
	maxHeader = 4096
	maxList   = 64
)

// FromRequest reads who asks from a request to a device's endpoint. A header that is malformed is an Invalid error
// that names it.
func (s *Settings) FromRequest(r *http.Request, device string) (*Asker, error) {
	a := &Asker{
		Viewer:  s.Default,
		Device:  Device{Type: device, Form: device},
		Locale:  s.locale(r.Header.Get("Accept-Language")),
		Region:  s.Region,
		Headers: r.Header,
	}
	if s.TrustHeaders {
		if err := s.trusted(r.Header, a); err != nil {
			return nil, err
		}
	}
	for _, e := range s.Experiments {
		if _, fixed := a.Cells[e.Name]; fixed {
			continue
		}
		if arm := e.Arm(a.unit()); arm != "" {
			if a.Cells == nil {
				a.Cells = map[string]string{}
			}
			a.Cells[e.Name] = arm
		}
	}
	return a, nil
}

func (s *Settings) trusted(h http.Header, a *Asker) error {
	for _, name := range []string{HeaderViewer, HeaderProfile, HeaderProfiles, HeaderForm, HeaderRegion, HeaderCells, HeaderApp} {
		if v := h.Get(name); len(v) > maxHeader || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0xFFFD }) {
			return fault.New(fault.Invalid, "the %s header is not plain text of at most %d bytes", name, maxHeader)
		}
	}
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
	if a.Viewer.Profile != "" && !slices.Contains(a.Viewer.Profiles, a.Viewer.Profile) {
		a.Viewer.Profiles = append(slices.Clip(a.Viewer.Profiles), a.Viewer.Profile)
	}
	if f := h.Get(HeaderForm); f != "" {
		a.Device.Form = f
	}
	if v := h.Get(HeaderRegion); v != "" {
		a.Region = v
	}
	a.Device.AppVersion = h.Get(HeaderApp)
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
	return nil
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

// unit is what a hashed cell sticks to: the profile, else the viewer; nobody has no cells.
func (a *Asker) unit() string {
	if a.Viewer.Profile != "" {
		return a.Viewer.Profile
	}
	return a.Viewer.ID
}

func (s *Settings) locale(accept string) string {
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
	if len(s.Locales) == 0 {
		return wanted[0].String()
	}
	served := make([]language.Tag, len(s.Locales))
	for i, l := range s.Locales {
		served[i] = language.Make(l)
	}
	_, i, _ := language.NewMatcher(served).Match(wanted...)
	return s.Locales[i]
}
