package resolvers

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGuide runs the operations of the guide in their order, and compares the answers that it shows.
func TestGuide(t *testing.T) {
	page, err := os.ReadFile("../docs/guides/control-api.md")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, Limits{})
	w.films()
	package342 := tarball(t, "@tv/home@3.4.2", `"device": ["tv"], "schema": "v3"`, ``, "view home\nview more")
	var last *answer
	ran := 0
	for _, block := range regexp.MustCompile("(?ms)^```(graphql|json)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		if block[1] == "json" {
			var want, got any
			if err := json.Unmarshal([]byte(plain(block[2])), &want); err != nil {
				t.Fatalf("%s: %v", block[2], err)
			}
			if err := json.Unmarshal([]byte(plain(string(last.Data))), &got); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("the guide's answer (-guide +got):\n%s", d)
			}
			continue
		}
		ran++
		if strings.Contains(block[2], "Upload!") {
			last = w.upload("root", block[2], nil, package342)
		} else {
			last = w.ask("root", block[2], nil)
		}
		if last.status != 200 || len(last.Errors) > 0 {
			t.Errorf("%s\n%d %s", block[2], last.status, last.text)
		}
	}
	if ran < 7 {
		t.Errorf("the guide has %d operations", ran)
	}
}
