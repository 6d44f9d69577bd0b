package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// An Answer is what a device was told, and what it cost.
type Answer struct {
	Status int
	Body   []byte
	Data   map[string]json.RawMessage // of the view
	Code   string                     // of the error of the field bad; "" if it has none
	Text   string                     // its message
	Log    string                     // the access line
	Wall   time.Duration
	CPU    time.Duration // of the instance with its workers, whoever else it worked for
	Grown  int64         // bytes: the peak of resident memory over what it was before
}

var requests atomic.Int64

// Ask asks for fields of a view.
func (i *Instance) Ask(ctx context.Context, device, viewer, view, fields string) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	name := view
	if n, _, ok := strings.Cut(view, "("); ok {
		name = n
	}
	operation := "{ "
	if view == "go" {
		operation = "mutation { "
	}
	query, err := json.Marshal(map[string]string{"query": operation + view + " { " + fields + " } }"})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.URL+"/"+device+"/v1/graphql", bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	id := "attack-" + strconv.FormatInt(requests.Add(1), 36)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Request-Id", id)
	if viewer != "" {
		req.Header.Set("Facet-Viewer", viewer)
		req.Header.Set("Facet-Profile", viewer)
	}
	i.resetPeak()
	before, began := i.use(), time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, err
	}
	wall, after := time.Since(began), i.use()
	a := &Answer{Status: resp.StatusCode, Body: body, Wall: wall, CPU: after.cpu - before.cpu, Grown: after.peak - before.rss, Log: i.log.find(id, `"method":`)}
	var answer struct {
		Data   map[string]json.RawMessage
		Errors []struct {
			Message    string
			Path       []any
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("%s: %.300s", resp.Status, body)
	}
	if page := answer.Data[name]; page != nil {
		_ = json.Unmarshal(page, &a.Data) // null or no object: there is no data
	}
	for _, e := range answer.Errors {
		if a.Code == "" || len(e.Path) > 1 && e.Path[1] == "bad" {
			a.Code, a.Text = e.Extensions.Code, e.Message
		}
	}
	return a, nil
}

// limitWords are what the sentences of broken limits are told apart by.
var limitWords = []string{"memory", "output", "depth", "string", "array", "regex", "stack", "share", "cpu"}

var position = regexp.MustCompile(`([\w./@-]+\.ts):(\d+)`)

// Outcome is what became of the field bad: "limit cpu at src/attack.ts:2", "throws at …", "wrong" (a result of another type), or
// "harmless " with its value.
func (a *Answer) Outcome() string {
	at := ""
	if m := position.FindStringSubmatch(a.Log); m != nil {
		at = " at " + m[1] + ":" + m[2]
	}
	switch a.Code {
	case "":
		return "harmless " + string(a.Data["bad"])
	case "timeout":
		return "limit cpu" + at
	case "limit":
		for _, w := range limitWords {
			if strings.Contains(strings.ToLower(a.Log), w) || strings.Contains(strings.ToLower(a.Text), w) {
				return "limit " + w + at
			}
		}
		return "limit" + at
	case "bad_answer":
		return "wrong" + at
	case "internal":
		return "throws" + at
	}
	return a.Code + at
}
