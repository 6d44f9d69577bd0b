package jsongraph_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestLiveSetThatFails(t *testing.T) {
	l := newLive(t)
	rec := post(l.handler, url.Values{"method": {"set"}, "jsonGraph": {`{"jsonGraph":{"Card":{"t0":{"progress":60},"t1":{"progress":70}}},"paths":[["Card",["t0","t1"],"progress"]]}`}})
	compare(t, rec, 200, `{"Card":{"t0":{"progress":{"$expires":-1000,"$type":"error","value":{"code":"unavailable","message":"the tier failed"}}},
		"t1":{"progress":{"$type":"atom","value":{"minutesLeft":70,"state":"STARTED"}}}}}`, `[["Card","t1","progress"],["home"],["Watched","demo","t1","at"]]`) // Watched is of the package beside
}

func TestLiveCalls(t *testing.T) {
	for name, c := range map[string]struct {
		path, args string
		status     int
		text       string
	}{
		"a wrong argument":   {`["setBookmark"]`, `["t1","x"]`, 400, "positionSeconds"},
		"one below its min":  {`["setBookmark"]`, `["t1",-1]`, 400, "positionSeconds"},
		"too few":            {`["setBookmark"]`, `["t1"]`, 400, "positionSeconds"},
		"a dead tier":        {`["setBookmark"]`, `["t0",1]`, 503, "failed"},
		"another's list":     {`["Profile","kid","myList","push"]`, `["t1"]`, 403, "profile in use"},
		"one that can be":    {`["me","myList","push"]`, `["t1"]`, 200, `"invalidated":[["Profile","demo","myList"]]`},
		"a film that is not": {`["setBookmark"]`, `["nobody",1]`, 200, `["setBookmark","result"]`},
	} {
		t.Run(name, func(t *testing.T) {
			rec := post(newLive(t).handler, url.Values{"method": {"call"}, "callPath": {c.path}, "arguments": {c.args}, "pathSuffixes": {`[["title"]]`}})
			if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.text) {
				t.Errorf("got %d %s, want %d with %s", rec.Code, rec.Body, c.status, c.text)
			}
			if rec.Code == 200 {
				compareInvariant(t, rec.Body.Bytes())
			}
		})
	}
}

func compareInvariant(t *testing.T, body []byte) {
	t.Helper()
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	if err := check(e.JSONGraph, e.Paths); err != nil {
		t.Errorf("%v in %s", err, body)
	}
}
