package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"facet/composer"
	"facet/fault"
	"facet/view"
)

// TestHandlerLines: lines carry who wrote them, not what is secret; a flood is cut, and said.
func TestHandlerLines(t *testing.T) {
	var out strings.Builder
	m := newMetrics()
	b := m.business
	b.log = zerolog.New(&out)
	o := origin{"tv", "v2", "@tv/player", "1.0.0", "canary"}
	def := &view.Handler{Name: "ended"}
	run := func(err *fault.Error, lines ...view.LogLine) {
		b.handled(t.Context(), o, &composer.Run{Def: def, Did: &view.HandlerRun{Log: lines}, Err: err, Took: time.Millisecond})
	}
	run(nil, view.LogLine{Level: "warn", Text: "hello", Fields: json.RawMessage(`{"title":"jaws","accessToken":"abc","in":[{"Email":"a@b"}]}`)})
	var line map[string]any
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil {
		t.Fatal(err, out.String())
	}
	delete(line, "at")
	if got, want := fmt.Sprint(line), "map[device:tv fields:map[accessToken:(hidden) in:[map[Email:(hidden)]] title:jaws] handler:ended level:warn message:hello package:@tv/player schema:v2 track:canary version:1.0.0]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	out.Reset()
	run(&fault.Error{Kind: fault.Internal, Message: "ended failed", Err: fmt.Errorf("src/ended.ts:3:5: Error: no")})
	run(&fault.Error{Kind: fault.NotFound, Message: "no such film"}) // the device's own
	if got := out.String(); !strings.Contains(got, "src/ended.ts:3:5") || strings.Count(got, "\n") != 1 {
		t.Error(got)
	}
	out.Reset()
	many := make([]view.LogLine, 20)
	for i := range many {
		many[i] = view.LogLine{Level: "info", Text: "flood"}
	}
	for range 1000 {
		run(nil, many...)
	}
	if n := strings.Count(out.String(), "\n"); n > linesAtOnce+10*linesPerSecond {
		t.Errorf("%d lines of a flood", n)
	}
	time.Sleep(3 * time.Second / linesPerSecond)
	out.Reset()
	run(nil, many[0])
	if !strings.Contains(out.String(), `"dropped":`) {
		t.Errorf("nothing says what was dropped: %s", out.String())
	}
	sums := map[string]float64{}
	for _, l := range scraped(t, m, "edge_handler_") {
		name, value, _ := strings.Cut(l, "} ")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		sums[name] = n
	}
	if n := sums[`edge_handler_log_lines_total{outcome="written",package="@tv/player"`] + sums[`edge_handler_log_lines_total{outcome="dropped",package="@tv/player"`]; n != 20_003 {
		t.Errorf("%v lines: %v", n, sums)
	}
	good, all := sums[`edge_handler_good_total{handler="ended",package="@tv/player"`], sums[`edge_handler_requests_total{handler="ended",outcome="ok",package="@tv/player"`]
	if all != 1002 || good != all+1 { // a device's own mistake keeps the objective
		t.Errorf("%v kept the objective, %v were ok", good, all)
	}
}
