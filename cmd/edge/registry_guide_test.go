package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestRegistryGuide runs the commands of the guide in their order, in the folder that each block names.
func TestRegistryGuide(t *testing.T) {
	page, err := os.ReadFile("../../docs/guides/registry.md")
	if err != nil {
		t.Fatal(err)
	}
	w := npmWorld(t, registryConfig{Enabled: true})
	at := map[string]string{"# in the package's folder": w.folder("originals-rows"), "# in an app": w.project("app")}
	ran := 0
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		lines := strings.Split(strings.TrimSpace(block[1]), "\n")
		dir, ok := at[lines[0]]
		if !ok {
			t.Fatalf("%q names no folder", lines[0])
		}
		for _, line := range lines[1:] {
			args := words(line)
			if args[0] != "npm" {
				t.Fatalf("%s: the guide is npm's", line)
			}
			w.good("originals", dir, "", args[1:]...)
			ran++
		}
	}
	if ran < 8 {
		t.Errorf("the guide has %d commands", ran)
	}
}
