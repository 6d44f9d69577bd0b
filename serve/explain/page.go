package explain

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
)

//go:embed page.html
var source string

var pageTemplate = template.Must(template.New("page").Parse(source))

// A row is an operation as the page draws it: places are per mille of the whole time.
type row struct {
	operation
	Notes      []string
	From, Left float64
	Wait, Run  float64 // widths
	Late       float64 // the width past what the answer waits for
	LateFrom   float64
	Took       string
	Size       string
	Asked      string
}

// A mark is a tick of the axis, in per cent.
type mark struct {
	At    float64
	Label string
}

// page is the time line as a page that needs no scripts.
func (d *document) page() []byte {
	scale := max(float64(d.Ms), 0.001)
	at := func(m millis) float64 { return math.Min(1000, float64(m)/scale*1000) }
	var rows []row
	for i := range d.Operations {
		o := &d.Operations[i]
		r := row{operation: *o, Notes: o.notes(), From: at(o.StartMs), Left: at(o.LeftMs), Took: (o.end(d) - o.StartMs).String(), Size: amount(o.Bytes), Asked: keys(o)}
		r.Wait = r.Left - r.From
		end := at(o.end(d))
		if o.WithinMs > 0 && o.end(d) > o.StartMs+o.WithinMs {
			r.LateFrom = math.Max(at(o.StartMs+o.WithinMs), r.Left)
			r.Late = end - r.LateFrom
			end = r.LateFrom
		}
		r.Run = math.Max(2, end-r.Left)
		rows = append(rows, r)
	}
	var marks []mark
	step := tick(scale)
	for i := 0; float64(i)*step <= scale*0.97; i++ {
		marks = append(marks, mark{float64(i) * step / scale * 100, fmt.Sprintf("%g", math.Round(float64(i)*step*1000)/1000)})
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, map[string]any{"D": d, "Head": d.head(), "Rows": rows, "Marks": marks}); err != nil {
		return []byte("the page could not be written") // strings and numbers always print
	}
	return b.Bytes()
}
