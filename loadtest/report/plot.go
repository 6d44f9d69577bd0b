package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// A chart is one plot, drawn as SVG. Colours are the page's classes.
type chart struct {
	title, note string
	x, y        axis
	curves      []curve
	bands       []band
}

type axis struct {
	name     string
	min, max float64
	log      bool
	ticks    []tick // of its own; none: round numbers
}

type tick struct {
	at   float64
	text string
}

// A curve is a line, or an area down to zero.
type curve struct {
	name   string
	class  string // "c1" to "c8", or "bad"
	area   bool
	dashed bool
	points []point
}

type point struct{ x, y float64 }

// A band is a time in which something was done to the world.
type band struct {
	from, to float64
	text     string
}

// The size of a chart, in its own units.
const (
	chartWidth, chartHeight         = 640.0, 260.0
	leftEdge, rightEdge             = 56.0, 12.0
	topEdge, bottomEdge             = 14.0, 34.0
	innerWidth                      = chartWidth - leftEdge - rightEdge
	innerHeight                     = chartHeight - topEdge - bottomEdge
	leastLog                float64 = 0.001
)

func (a *axis) place(v float64) float64 {
	if a.log {
		v, lo, hi := math.Log(max(v, leastLog)), math.Log(max(a.min, leastLog)), math.Log(max(a.max, leastLog))
		return (v - lo) / (hi - lo)
	}
	return (v - a.min) / (a.max - a.min)
}

// fit takes the bounds from the points where they are not given, and makes ticks.
func (c *chart) fit() {
	least, most := math.Inf(1), math.Inf(-1)
	for _, k := range c.curves {
		for _, p := range k.points {
			if !c.y.log || p.y > 0 {
				least, most = min(least, p.y), max(most, p.y)
			}
		}
	}
	if most < least {
		least, most = 0, 1
	}
	if c.y.log {
		c.y.min, c.y.max = math.Pow(10, math.Floor(math.Log10(max(least, leastLog)))), math.Pow(10, math.Ceil(math.Log10(max(most, leastLog)*1.0001)))
		if c.y.min >= c.y.max {
			c.y.max = c.y.min * 10
		}
		// A tenth of the height with nothing in it is room for two ticks at most.
		for _, part := range []float64{0.2, 0.5} {
			if most <= c.y.max*part {
				c.y.max *= part
				break
			}
		}
		for _, part := range []float64{5, 2} {
			if least >= c.y.min*part && c.y.min*part < c.y.max/2 {
				c.y.min *= part
				break
			}
		}
		for v := math.Pow(10, math.Floor(math.Log10(c.y.min))); v <= c.y.max*1.0001; v *= 10 {
			for _, k := range []float64{1, 2, 5} {
				if at := v * k; at >= c.y.min*0.9999 && at <= c.y.max*1.0001 && (k == 1 || c.y.max/c.y.min < 1001) {
					c.y.ticks = append(c.y.ticks, tick{at, plainNumber(at)})
				}
			}
		}
	} else {
		c.y.min = 0
		c.y.ticks, c.y.max = round(0, max(most, 1e-9), 5)
	}
	if c.x.ticks == nil {
		c.x.ticks, _ = round(c.x.min, c.x.max, 7)
	}
}

// plainNumber writes a round number.
func plainNumber(v float64) string {
	if v >= 1e4 {
		return commas(int64(v + 0.5))
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// round gives ticks at round numbers, and the one that is not below the end.
func round(from, to float64, about int) ([]tick, float64) {
	if to <= from {
		to = from + 1
	}
	step := math.Pow(10, math.Floor(math.Log10((to-from)/float64(about))))
	for _, k := range []float64{1, 2, 2.5, 5, 10} {
		if (to-from)/(step*k) <= float64(about) {
			step *= k
			break
		}
	}
	var out []tick
	end := math.Ceil((to-1e-9*step)/step) * step
	for i := math.Ceil(from / step); i*step <= end+step/2; i++ {
		out = append(out, tick{i * step, plainNumber(i * step)})
	}
	return out, end
}

// svg draws the chart.
func (c *chart) svg() template.HTML {
	c.fit()
	var b strings.Builder
	px := func(v float64) float64 { return leftEdge + min(1, max(0, c.x.place(v)))*innerWidth }
	py := func(v float64) float64 { return topEdge + (1-min(1, max(0, c.y.place(v))))*innerHeight }
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, chartHeight, html.EscapeString(c.title))
	for i, t := range c.bands {
		from, to := px(t.from), px(t.to)
		fmt.Fprintf(&b, `<g class="band"><rect x="%.1f" y="%g" width="%.1f" height="%.1f"/><line x1="%.1f" x2="%.1f" y1="%g" y2="%.1f"/><text x="%.1f" y="%g">%d</text><title>%s</title></g>`,
			from, topEdge, max(1, to-from), innerHeight, from, from, topEdge, topEdge+innerHeight, from+4, topEdge+12, i+1, html.EscapeString(t.text))
	}
	for _, t := range c.y.ticks {
		fmt.Fprintf(&b, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`,
			leftEdge, chartWidth-rightEdge, py(t.at), py(t.at), leftEdge-6, py(t.at)+3.5, html.EscapeString(t.text))
	}
	for _, t := range c.x.ticks {
		if p := c.x.place(t.at); p < -0.001 || p > 1.001 {
			continue
		}
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/><text class="tick" x="%.1f" y="%g" text-anchor="middle">%s</text>`,
			px(t.at), px(t.at), topEdge, topEdge+innerHeight, px(t.at), topEdge+innerHeight+15, html.EscapeString(t.text))
	}
	fmt.Fprintf(&b, `<text class="axis" x="%g" y="%g" text-anchor="end">%s</text>`, chartWidth-rightEdge, chartHeight-3, html.EscapeString(c.x.name))
	for _, k := range c.curves {
		k.draw(&b, px, py)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) // every text in it is escaped above
}

func (k *curve) draw(b *strings.Builder, px, py func(float64) float64) {
	if len(k.points) == 0 {
		return
	}
	var path strings.Builder
	for i, p := range k.points {
		move := "L"
		if i == 0 {
			move = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", move, px(p.x), py(p.y))
	}
	title := "<title>" + html.EscapeString(k.name) + "</title>"
	if k.area {
		first, last := k.points[0], k.points[len(k.points)-1]
		fmt.Fprintf(b, `<path class="area %s" d="%sL%.1f %.1fL%.1f %.1fZ">%s</path>`, k.class, path.String(), px(last.x), topEdge+innerHeight, px(first.x), topEdge+innerHeight, title)
	}
	dash := ""
	if k.dashed {
		dash = ` stroke-dasharray="5 4"`
	}
	if len(k.points) == 1 {
		fmt.Fprintf(b, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="3">%s</circle>`, k.class, px(k.points[0].x), py(k.points[0].y), title)
		return
	}
	fmt.Fprintf(b, `<path class="line %s"%s d="%s">%s</path>`, k.class, dash, path.String(), title)
}
