package artwork

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"html"
	"math"
	"strings"
	"unicode/utf8"

	"facet/examples/films/data"
)

// A sheet is what stands on a poster.
type sheet struct {
	id          string
	title       string
	over, under string // small lines above and below the title
	genre       string
}

func ofTitle(t *data.Title) sheet {
	s := sheet{id: t.ID, title: t.Title, under: fmt.Sprint(t.Year)}
	if t.Director != nil {
		s.over = "a film by " + *t.Director
	} else if t.Distributor != nil {
		s.over = *t.Distributor + " presents"
	}
	if t.Genre != nil {
		s.genre = *t.Genre
		s.under += "  ·  " + *t.Genre
	}
	return s
}

func ofSeries(s *data.Series, l *data.Library) sheet {
	first, last := l.Title(s.Titles[0]), l.Title(s.Titles[len(s.Titles)-1])
	out := sheet{id: s.ID, title: s.Title, over: fmt.Sprintf("the saga in %d films", len(s.Titles)), under: fmt.Sprintf("%d – %d", first.Year, last.Year)}
	if first.Genre != nil {
		out.genre = *first.Genre
	}
	return out
}

// hues give each genre its colour, in degrees.
var hues = map[string]int{
	"Action": 12, "Adventure": 145, "Black Comedy": 285, "Comedy": 42, "Concert/Performance": 320, "Documentary": 200,
	"Drama": 222, "Horror": 352, "Musical": 300, "Romantic Comedy": 335, "Thriller/Suspense": 185, "Western": 28,
}

// poster draws a sheet on 200 by 300 units, shown as wide as asked. The same film always has the same poster.
func poster(s sheet, width int) []byte {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.id)) // a hash never fails
	seed := h.Sum64()
	hue, known := hues[s.genre]
	if !known {
		hue = int(seed % 360)
	}
	hue += int(seed>>8%24) - 12
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 200 300" role="img" aria-label="%s">`, width, height(width), html.EscapeString(s.title))
	fmt.Fprintf(&b, `<defs><linearGradient id="sky" x1="0" y1="0" x2="0.3" y2="1"><stop offset="0" stop-color="hsl(%d 62%% 46%%)"/><stop offset="1" stop-color="hsl(%d 70%% 13%%)"/></linearGradient>`, hue, hue+28)
	b.WriteString(`<linearGradient id="shade" x1="0" y1="0" x2="0" y2="1"><stop offset="0.35" stop-color="#000" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity="0.6"/></linearGradient></defs>`)
	b.WriteString(`<rect width="200" height="300" fill="url(#sky)"/>`)
	ornament(&b, seed, hue)
	b.WriteString(`<rect width="200" height="300" fill="url(#shade)"/>`)
	lettering(&b, s)
	b.WriteString(`<rect x="5.5" y="5.5" width="189" height="289" fill="none" stroke="#fff" stroke-opacity="0.28"/></svg>`)
	return b.Bytes()
}

// ornament is one of four figures behind the title.
func ornament(b *bytes.Buffer, seed uint64, hue int) {
	bright := fmt.Sprintf("hsl(%d 85%% 66%%)", (hue+180+int(seed>>16%60)-30)%360)
	cx, cy := 45+float64(seed>>24%110), 60+float64(seed>>32%70)
	switch seed >> 40 % 4 {
	case 0: // a low sun over bands of sea
		fmt.Fprintf(b, `<circle cx="%.0f" cy="%.0f" r="46" fill="%s" fill-opacity="0.9"/>`, cx, cy, bright)
		for i := range 5 {
			fmt.Fprintf(b, `<rect y="%.0f" width="200" height="%d" fill="#000" fill-opacity="0.14"/>`, cy+16+float64(i*i)*4, 3+2*i)
		}
	case 1: // rings
		for i := range 6 {
			fmt.Fprintf(b, `<circle cx="%.0f" cy="%.0f" r="%d" fill="none" stroke="%s" stroke-opacity="%.2f" stroke-width="6"/>`, cx, cy, 14+i*19, bright, 0.85-float64(i)*0.13)
		}
	case 2: // rays
		for i := range 12 {
			a, e := float64(i)*math.Pi/6, math.Pi/26
			fmt.Fprintf(b, `<path d="M%.1f %.1f L%.1f %.1f L%.1f %.1f Z" fill="%s" fill-opacity="0.3"/>`, cx, cy, cx+320*math.Cos(a-e), cy+320*math.Sin(a-e), cx+320*math.Cos(a+e), cy+320*math.Sin(a+e), bright)
		}
		fmt.Fprintf(b, `<circle cx="%.0f" cy="%.0f" r="20" fill="%s"/>`, cx, cy, bright)
	default: // a skyline
		for i := range 9 {
			tall := 40 + float64(seed>>(i*6)%90)
			fmt.Fprintf(b, `<rect x="%d" y="%.0f" width="20" height="300" fill="%s" fill-opacity="%.2f"/>`, i*23-3, 210-tall, bright, 0.18+float64(i%3)*0.17)
		}
	}
}

// lettering sets the title from the bottom up, as large as its longest word and its number of lines allow.
func lettering(b *bytes.Buffer, s sheet) {
	const room = 172.0 // units a line has
	lines, size := breakLines(s.title, room)
	y := 262 - float64(len(lines)-1)*size*1.06
	small := func(y float64, text string) {
		if text == "" {
			return
		}
		fit := min(9, room/(0.56*float64(utf8.RuneCountInString(text))))
		fmt.Fprintf(b, `<text x="14" y="%.1f" font-family="Helvetica, Arial, sans-serif" font-size="%.1f" fill="#fff" fill-opacity="0.82">%s</text>`, y, fit, html.EscapeString(text))
	}
	small(y-size-4, s.over)
	for i, line := range lines {
		fmt.Fprintf(b, `<text x="14" y="%.1f" font-family="Georgia, 'Times New Roman', serif" font-weight="bold" font-size="%.1f" fill="#fff">%s</text>`, y+float64(i)*size*1.06, size, html.EscapeString(line))
	}
	small(281, s.under)
}

// breakLines breaks a title into at most six lines and says how large its letters may be, in units.
func breakLines(title string, room float64) ([]string, float64) {
	const wide = 0.56 // width of an average bold letter, in its own size
	for size := 34.0; ; size -= 2 {
		var lines []string
		fits := true
		for _, word := range strings.Fields(title) {
			if last := len(lines) - 1; last >= 0 && wide*size*float64(utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(word)) <= room {
				lines[last] += " " + word
				continue
			}
			fits = fits && wide*size*float64(utf8.RuneCountInString(word)) <= room
			lines = append(lines, word)
		}
		if size <= 8 || fits && float64(len(lines))*size <= 160 {
			return lines, size
		}
	}
}
