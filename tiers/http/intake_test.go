package http

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	nethttp "net/http"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// A noted is an Intake that keeps what it is told.
type noted struct {
	whole   []byte
	came    int
	stopped bool
	bad     string
}

func (n *noted) Begin(whole []byte) tiers.Arrival { n.whole = whole; return n }
func (n *noted) Stop()                            { n.stopped = true }
func (n *noted) Came(to int) {
	if to < n.came || to > len(n.whole) || bytes.IndexByte(n.whole[n.came:to], 'z') < 0 && to > n.came {
		n.bad = fmt.Sprintf("%d bytes after %d", to, n.came)
	}
	n.came = to
}

// TestIntake: a large answer of a known length is told of while it comes; one that breaks off is stopped, small ones are not told of.
func TestIntake(t *testing.T) {
	srv := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		size, _ := strconv.Atoi(r.URL.Query().Get("size"))
		body := `"` + strings.Repeat("z", size-2) + `"`
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(size))
		if r.URL.Path == "/cut" {
			body = body[:size/2]
		}
		_, _ = w.Write([]byte(body))
	}))
	defer srv.Close()
	for _, c := range []struct {
		path string
		size int
		told bool
	}{{"/all", 3 << 20, true}, {"/all", tiers.IntakeSize, true}, {"/all", tiers.IntakeSize - 1, false}, {"/cut", 3 << 20, true}} {
		w := NewWire(Settings{})
		e := &endpoint{op: &graph.Operation{ID: "test"}, whole: true}
		res, err := nethttp.Get(srv.URL + c.path + "?size=" + strconv.Itoa(c.size))
		if err != nil {
			t.Fatal(err)
		}
		n := &noted{}
		reply, err := w.read(t.Context(), e, &tiers.Call{Intake: n}, res)
		cut := c.path == "/cut"
		if (fault.KindOf(err) == fault.Unavailable) != cut || n.stopped != cut || (n.whole != nil) != c.told || n.bad != "" {
			t.Errorf("%s of %d: %v; told %v, stopped %v %s", c.path, c.size, err, n.whole != nil, n.stopped, n.bad)
		}
		if !cut && c.told && (n.came != c.size || &reply.Body[0] != &n.whole[0] || len(reply.Body) != c.size) {
			t.Errorf("%s of %d: %d came", c.path, c.size, n.came)
		}
		if reply.Release != nil {
			reply.Release()
		}
		w.Close()
	}
}
