package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// shellWords splits a command as a shell does, as far as the runbook goes: words, quotes, comments, and the end by a pipe or
// a semicolon.
func shellWords(line string) (words []string) {
	var word strings.Builder
	in, quoted := false, rune(0)
	end := func() {
		if in {
			words = append(words, word.String())
		}
		word.Reset()
		in = false
	}
	for _, c := range line {
		switch {
		case quoted != 0:
			if c == quoted {
				quoted = 0
			} else {
				word.WriteRune(c)
			}
		case c == '"' || c == '\'':
			quoted, in = c, true
		case c == ' ':
			end()
		case !in && (c == '#' || c == '|' || c == '&'), c == ';':
			end()
			return words
		default:
			word.WriteRune(c)
			in = true
		}
	}
	end()
	return words
}

// TestRunbookCommands: each edge command in the runbook exists and takes the arguments that are shown.
func TestRunbookCommands(t *testing.T) {
	text := readText(t, "docs/runbook.md")
	var lines []string
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		lines = append(lines, strings.Split(m[1], "\n")...)
	}
	for _, m := range regexp.MustCompile("`(edge [^`]+)`").FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1])
	}
	found := 0
	for _, line := range lines {
		i := strings.Index(line, "edge ")
		if i < 0 || i > 0 && !strings.HasSuffix(line[:i], "until ") {
			continue
		}
		found++
		root := &cobra.Command{Use: "edge"}
		root.AddCommand(commands(Streams{})...)
		words := shellWords(line[i:])
		c, args, err := root.Find(words[1:])
		if err == nil {
			err = c.ParseFlags(args)
		}
		if err == nil {
			err = c.ValidateArgs(c.Flags().Args())
		}
		if err != nil || c == root {
			t.Errorf("%s: %v", line, err)
		}
	}
	if found < 15 {
		t.Errorf("only %d commands were found", found)
	}
}

// TestAlerts: the file has the shape that Prometheus reads, each metric is one of ours, and each alert has a section in the runbook.
func TestAlerts(t *testing.T) {
	var rules struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(readText(t, "deploy/alerts.yml")), &rules, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{"process_resident_memory_bytes": true, "up": true}
	literal := regexp.MustCompile(`"(edge_[a-z_]+)"`)
	for _, f := range sources {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(b), -1) {
			names[m[1]] = true
		}
	}
	runbook := readText(t, "docs/runbook.md")
	metric := regexp.MustCompile(`\b(edge_[a-z_]+|process_[a-z_]+)\b`)
	for _, m := range metric.FindAllString(runbook, -1) {
		if !names[m] && !strings.HasPrefix(m, "process_") {
			t.Errorf("the runbook names %s, which is no metric", m)
		}
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || r.Expr == "" || r.For == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
				t.Errorf("%+v is not whole", r)
			}
			if !strings.Contains(runbook, "\n### "+r.Alert+"\n") {
				t.Errorf("%s has no section in the runbook", r.Alert)
			}
			for _, m := range metric.FindAllString(r.Expr, -1) {
				if !names[strings.TrimSuffix(m, "_bucket")] {
					t.Errorf("%s reads %s, which is no metric", r.Alert, m)
				}
			}
		}
	}
	for _, m := range regexp.MustCompile(`\]\(#([a-z-]+)\)`).FindAllStringSubmatch(runbook, -1) {
		if !regexp.MustCompile(`(?im)^##+ ` + strings.ReplaceAll(m[1], "-", " ") + `$`).MatchString(runbook) {
			t.Errorf("the runbook links to #%s, which is not there", m[1])
		}
	}
}

// TestDeployed: the example configuration is good, and the unit and the image start what they should.
func TestDeployed(t *testing.T) {
	if _, err := loadConfig(filepath.Join("..", "..", "deploy", "edge.yaml"), []string{"FACET_STORE_SECRET_KEY=x"}); err != nil {
		t.Error(err)
	}
	unit := readText(t, "deploy/edge.service")
	for _, want := range []string{"DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "RestartPreventExitStatus=1 2", "Type=exec"} {
		if !strings.Contains(unit, "\n"+want+"\n") {
			t.Errorf("the unit lacks %s", want)
		}
	}
	image := readText(t, "deploy/Containerfile")
	for _, want := range []string{"CGO_ENABLED=0", "\nUSER 65532:65532\n", "\nFROM scratch\n", "\nHEALTHCHECK ", "\nSTOPSIGNAL SIGTERM\n"} {
		if !strings.Contains(image, want) {
			t.Errorf("the image lacks %s", want)
		}
	}
	c := defaultConfig()
	if pause := c.Serve.DrainDelay + c.Serve.DrainFor; pause >= 60e9 {
		t.Errorf("the unit's TimeoutStopSec=60 is below the drain of %v", pause)
	}
	for _, m := range regexp.MustCompile(`\b(FACET_[A-Z_]+)=`).FindAllStringSubmatch(unit+image, -1) {
		if _, ds := readConfig("", nil, []string{m[1] + "=/x"}); ds.Failed() {
			t.Error(ds)
		}
	}
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return // what can be read without it was
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "edge.service")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(unit, "/usr/local/bin/edge", self)), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(verify, "verify", "--man=no", file).CombinedOutput()
	if strings.Contains(string(out), filepath.Base(file)+":") || strings.Contains(string(out), "edge.service: ") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	t.Logf("systemd-analyze verify: %v %s", err, out)
}
