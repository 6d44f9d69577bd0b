package jsongraph_test

import (
	"net/url"
	"testing"
)

func TestLiveSetThatFails(t *testing.T) {
	l := newLive(t)
	rec := post(l.handler, url.Values{"method": {"set"}, "jsonGraph": {`{"jsonGraph":{"Card":{"t0":{"progress":60},"t1":{"progress":70}}},"paths":[["Card",["t0","t1"],"progress"]]}`}})
	compare(t, rec, 200, `{"Card":{"t0":{"progress":{"$expires":-1000,"$type":"error","value":{"code":"unavailable","message":"the tier failed"}}},
		"t1":{"progress":{"$type":"atom","value":{"minutesLeft":70,"state":"STARTED"}}}}}`, `[["Card","t1","progress"],["home"]]`)
}
