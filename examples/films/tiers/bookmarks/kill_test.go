package bookmarks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/examples/films/data"
	"facet/examples/films/tiers/wire"
)

var kills = flag.Int("kills", 5, "how often TestKilled kills the tier in the middle of writes")

// TestMain is the tier itself where the environment says so: a process that TestKilled may kill.
func TestMain(m *testing.M) {
	if path := os.Getenv("BOOKMARKS_TEST_DB"); path != "" {
		if err := child(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(path string) error {
	tier, err := Open(path, data.Load(), time.Now)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); os.Exit(0) }()
	return wire.Server(tier).Serve(l)
}

// TestKilled kills the tier with SIGKILL in the middle of writes, again and again: nothing that was acknowledged is lost, nothing is
// done twice, and a write that was not acknowledged is told by its key.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	const writers = 4
	type writer struct {
		sent, acked int // seconds of its bookmark
		pushed      int // films that it put on its list, acknowledged
		pending     string
	}
	films := data.Load().Titles
	state := make([]writer, writers)
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: writers}}
	defer client.CloseIdleConnections()
	send := func(url, method, body, key string) (map[string]any, bool) {
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return nil, false
		}
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		resp, err := client.Do(r)
		if err != nil {
			return nil, false // it was killed
		}
		defer resp.Body.Close()
		var out map[string]any
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || json.NewDecoder(bytes.NewReader(b)).Decode(&out) != nil {
			return nil, false
		}
		return out, true
	}
	total := 0
	for round := range *kills + 1 {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), "BOOKMARKS_TEST_DB="+path)
		cmd.Stderr = os.Stderr
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err1 != nil || err2 != nil || cmd.Start() != nil {
			t.Fatal(err1, err2)
		}
		addr, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatalf("it does not come back: %v", err)
		}
		base := "http://" + strings.TrimSpace(addr)
		for n := range state { // what is there is what was acknowledged
			s, profile := &state[n], fmt.Sprint("guest-", n)
			got, ok := send(base+"/bookmarks/"+profile, http.MethodGet, "", "")
			if !ok {
				t.Fatalf("round %d: no answer", round)
			}
			if marks := got["bookmarks"].([]any); s.acked > 0 {
				if at := int(marks[0].(map[string]any)["positionSeconds"].(float64)); at < s.acked || at > s.sent {
					t.Errorf("round %d: the bookmark stands at %d, acknowledged was %d and sent %d", round, at, s.acked, s.sent)
				}
			}
			if s.pending != "" { // the push that nobody heard of: asked again with its key, it is done once
				if got, ok := send(base+"/my-list/"+profile, http.MethodPost, fmt.Sprintf(`{"title":%q}`, films[s.pushed].ID), s.pending); !ok || int(got["total"].(float64)) != s.pushed+1 {
					t.Errorf("round %d: a push again: %v, want %d", round, got, s.pushed+1)
				}
				s.pushed, s.pending = s.pushed+1, ""
			}
			if got, ok := send(base+"/my-list/"+profile+"?limit=0", http.MethodGet, "", ""); !ok || int(got["total"].(float64)) != s.pushed {
				t.Errorf("round %d: %v on the list, acknowledged were %d", round, got["total"], s.pushed)
			}
		}
		if round == *kills {
			in.Close()
			_ = cmd.Wait()
			break
		}
		var all sync.WaitGroup
		for n := range state {
			all.Go(func() {
				s, profile := &state[n], fmt.Sprint("guest-", n)
				for i := 0; s.sent < maxSeconds && s.pushed < 900; i++ {
					s.sent++
					if _, ok := send(base+"/bookmarks/"+profile+"/up-2009", http.MethodPut, fmt.Sprintf(`{"positionSeconds":%d}`, s.sent), fmt.Sprint("mark", n, ".", s.sent)); !ok {
						return
					}
					s.acked = s.sent
					key := fmt.Sprint("push", n, ".", s.pushed)
					if _, ok := send(base+"/my-list/"+profile, http.MethodPost, fmt.Sprintf(`{"title":%q}`, films[s.pushed].ID), key); !ok {
						s.pending = key
						return
					}
					s.pushed++
				}
			})
		}
		time.Sleep(time.Duration(60+round*37%150) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		all.Wait()
	}
	for _, s := range state {
		total += s.acked + s.pushed
	}
	t.Logf("%d writes acknowledged over %d kills", total, *kills)
	if total < *kills {
		t.Errorf("only %d writes were acknowledged", total)
	}
}
