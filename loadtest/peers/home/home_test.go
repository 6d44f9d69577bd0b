package home

import (
	"encoding/json"
	"testing"
)

func TestProgress(t *testing.T) {
	n := func(v int) *int { return &v }
	for _, c := range []struct {
		runtime, at *int
		want        string
	}{
		{nil, nil, `{"minutesLeft":null,"state":"NEW"}`},
		{n(100), nil, `{"minutesLeft":100,"state":"NEW"}`},
		{nil, n(60), `{"minutesLeft":null,"state":"STARTED"}`},
		{n(100), n(119), `{"minutesLeft":99,"state":"STARTED"}`},
		{n(100), n(5699), `{"minutesLeft":6,"state":"STARTED"}`},
		{n(100), n(5700), `{"minutesLeft":5,"state":"DONE"}`},
		{n(100), n(9000), `{"minutesLeft":0,"state":"DONE"}`},
	} {
		if got, err := json.Marshal(progressOf(c.runtime, c.at)); err != nil || string(got) != c.want {
			t.Errorf("%s %v, want %s", got, err, c.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	if _, err := New(map[string]string{}); err == nil {
		t.Error("no addresses are no mistake")
	}
}
