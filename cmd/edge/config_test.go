package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const configFile = "../../docs/config.md"

// TestConfigPage compares docs/config.md with what the struct says.
func TestConfigPage(t *testing.T) {
	want, err := configPage()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(configFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(configFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("docs/config.md is not what cmd/edge/config.go says; write it with -update (-want +got):\n%s", d)
	}
}

// TestConfigDocumented: each key has a sentence, and a variable of its own.
func TestConfigDocumented(t *testing.T) {
	docs, err := configDocs()
	if err != nil {
		t.Fatal(err)
	}
	c := defaultConfig()
	seen := map[string]string{}
	for _, k := range configKeys(reflect.ValueOf(c), "") {
		if before, taken := seen[k.env]; taken {
			t.Errorf("%s and %s have one variable, %s", before, k.path, k.env)
		}
		seen[k.env] = k.path
	}
	for name, doc := range docs {
		if doc == "" || !strings.HasSuffix(doc, ".") && !strings.HasSuffix(doc, "`") {
			t.Errorf("%s has no sentence: %q", name, doc)
		}
	}
}

// TestConfigPrinted: what is printed reads as what it was.
func TestConfigPrinted(t *testing.T) {
	env := []string{"FACET_STORE_SECRET_KEY=hush", `FACET_TIERS_ENV={A: "x: y", B: 7}`, "FACET_SERVE_CORS=https://a.example, https://b.example",
		"FACET_LIMITS_DEVICES={tv: {perViewer: {rate: 5, burst: 9}}}", "FACET_TIERS_CONFIG={deep: {list: [1, two, 3.5, true, null]}}",
		"FACET_SERVE_MAX_BODY=3MiB", "FACET_SERVE_DRAIN_FOR=90s", "FACET_STORE_TIMEOUT=1h0m5s", "FACET_CONTROL_TOKENS=[{name: ci, sha256: ab, scopes: [read]}]",
		"FACET_TIERS_SOURCES={catalog: {timeout: 2s}}"}
	c, ds := readConfig("", nil, env)
	if ds.Failed() {
		t.Fatal(ds)
	}
	text, err := printConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hush") {
		t.Error("the secret is printed")
	}
	again, ds := readConfig("printed.yaml", text, env[:1])
	if ds.Failed() {
		t.Fatalf("what is printed cannot be read: %v\n%s", ds, text)
	}
	if d := cmp.Diff(c, again, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("(-printed +read):\n%s", d)
	}
}

func TestConfigMistakes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		env        []string
		want       string
	}{
		{"an unknown key", "serve:\n  lisen: :80\n", nil, `edge.yaml:2:3: error Y003: unknown key "serve.lisen". did you mean listen?`},
		{"far from all", "zzzzzzzzzz: 1\n", nil, `edge.yaml:1:1: error Y003: unknown key "zzzzzzzzzz". there are env, region, instance, store, cache, serve, ops, control, registry, trust, tiers, scripts, limits, asker, log, tracing, notice`},
		{"two at once", "evn: a\nops:\n  liste: b\n", nil, "edge.yaml:1:1: error Y003: unknown key \"evn\". did you mean env?\nedge.yaml:3:3: error Y003: unknown key \"ops.liste\". did you mean listen?"},
		{"twice", "env: a\nenv: b\n", nil, `edge.yaml:2:1: error Y001: this is no YAML: mapping key "env" already defined at [1:1]`},
		{"no YAML", "serve: [\n", nil, "Y001"},
		{"a tab", "serve:\n\tlisten: a\n", nil, "Y001"},
		{"a second document", "env: a\n---\nenv: b\n", nil, "Y001: a second document"},
		{"not a section", "serve: yes\n", nil, "edge.yaml:1:8: error Y002: serve is a section of keys"},
		{"a time", "serve:\n  drainFor: soon\n", nil, `edge.yaml:2:13: error Y002: serve.drainFor is a time, such as 500ms or 2m: not "soon"`},
		{"a time without a unit", "serve:\n  drainFor: 30\n", nil, `edge.yaml:2:13: error Y002: serve.drainFor is a time, such as 500ms or 2m: not "30"`},
		{"below 0", "serve:\n  drainFor: -3s\n", nil, "Y002"},
		{"a size", "serve:\n  maxBody: 1MB\n", nil, `edge.yaml:2:12: error Y002: serve.maxBody is a size, such as 4096 or 96KiB: not "1MB"`},
		{"a huge size", "serve:\n  maxBody: 9999999999GiB\n", nil, "Y002"},
		{"a number", "serve:\n  maxStreams: many\n", nil, "Y002"},
		{"a share", "tracing:\n  sample: NaN\n", nil, "Y002"},
		{"a truth", "serve:\n  h2c: \"yes\"\n", nil, `edge.yaml:2:8: error Y002: serve.h2c is true or false: not "yes"`},
		{"a list", "serve:\n  cors: https://a.example\n", nil, "edge.yaml:2:9: error Y002: serve.cors is a list"},
		{"within a list", "control:\n  tokens:\n    - nam: ci\n", nil, `edge.yaml:3:7: error Y003: unknown key "control.tokens[0].nam". did you mean name?`},
		{"within a table", "limits:\n  devices:\n    tv:\n      perDevice:\n        rat: 1\n", nil, `edge.yaml:5:9: error Y003: unknown key "limits.devices.tv.perDevice.rat". did you mean rate?`},
		{"an anchor", "env: &a b\n", nil, "Y002: anchors"},
		{"a secret in the file", "store:\n  secretKey: hush\n", nil, "edge.yaml:2:14: error Y005: store.secretKey is a secret, which a configuration file may not hold. take it out, and set FACET_STORE_SECRET_KEY or store.secretKeyFile"},
		{"an unknown variable", "", []string{"FACET_SERVE_LISTN=:80"}, "FACET_SERVE_LISTN: error Y004: unknown variable. did you mean FACET_SERVE_LISTEN?"},
		{"a variable's value", "", []string{"FACET_SERVE_H2C=1"}, `FACET_SERVE_H2C: error Y002: serve.h2c is true or false: not "1"`},
		{"within a variable", "", []string{"FACET_CONTROL_TOKENS=[{nam: ci}]"}, `FACET_CONTROL_TOKENS: error Y003: unknown key "control.tokens[0].nam". did you mean name?`},
		{"variables of others", "control:\n  tokens:\n    - {name: ci, env: FACET_CI_TOKEN, scopes: [read]}\n", []string{"FACET_TOKEN=x", "FACET_CONTROL=x", "FACET_OPS=x", "FACET_CI_TOKEN=x", "FACET_EDGE_SERVICE_HOST=10.0.0.1", "FACET_PORT_8080_TCP_ADDR=10.0.0.1", "FACETS=1", "FACET_SERVE_LISTEN="}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, ds := readConfig("edge.yaml", []byte(c.text), c.env)
			var lines []string
			for _, d := range ds {
				lines = append(lines, d.String())
			}
			got := strings.Join(lines, "\n")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if strings.Contains(got, "hush") {
				t.Error("the secret is in the message")
			}
		})
	}
}

func TestConfigChecks(t *testing.T) {
	t.Setenv("CI_TOKEN", "t")
	good := func() *config {
		c := defaultConfig()
		c.Store.Endpoint, c.Store.SecretKey, c.Instance = "http://s3.example", "hush", "one"
		return &c
	}
	for _, x := range []struct {
		name   string
		change func(*config)
		want   string
	}{
		{"good", func(*config) {}, ""},
		{"embedded", func(c *config) { c.Store = storeConfig{Bucket: "b"}; c.Store.Embedded.Dir = "d" }, ""},
		{"two stores", func(c *config) { c.Store.Embedded.Dir = "d" }, "store.endpoint: error Y006"},
		{"no store", func(c *config) { c.Store.Endpoint = "" }, "there is no store"},
		{"no URL", func(c *config) { c.Store.Endpoint = "s3.example:80" }, "is no URL of a server"},
		{"no secret", func(c *config) { c.Store.SecretKey = "" }, "set FACET_STORE_SECRET_KEY"},
		{"nothing listens", func(c *config) { c.Serve.Listen = "" }, "nothing listens"},
		{"only control", func(c *config) { c.Serve.Listen, c.Control.Listen = "", ":81" }, ""},
		{"no address", func(c *config) { c.Ops.Listen = "9090" }, "ops.listen: error Y006: it is an address with a port"},
		{"a name", func(c *config) { c.Region = "eu/1" }, `region: error Y006: "eu/1" cannot be a name`},
		{"a locale", func(c *config) { c.Serve.Locales = []string{"en-US", "xx-notalocale-zzz"} }, `serve.locales: error Y006: "xx-notalocale-zzz" is no locale`},
		{"too little memory", func(c *config) { c.Scripts.Memory = 1 << 10 }, "scripts.memory: error Y006: a call needs 64KiB"},
		{"less than a call", func(c *config) { c.Scripts.RequestCPU = time.Millisecond }, "scripts.requestCPU: error Y006: 1ms is less than what one call may take: scripts.cpu is 10ms"},
		{"workers of none", func(c *config) { c.Scripts.Workers.Nice = 99 }, "scripts.workers.nice: error Y006: it is from 0 to 19, not 99"},
		{"a worker's time", func(c *config) { c.Scripts.Workers.BuildTime = 0 }, "scripts.workers.buildTime: error Y006: it must be above 0"},
		{"no breaks", func(c *config) { c.Scripts.Quarantine.Breaks = 0 }, "scripts.quarantine.breaks: error Y006: no broken limit cannot bring about a quarantine. write -1"},
		{"a long first quarantine", func(c *config) { c.Scripts.Quarantine.For = time.Hour }, "scripts.quarantine.most: error Y006: 10m0s is less than the first quarantine: scripts.quarantine.for is 1h0m0s"},
		{"tokens without keys", func(c *config) { c.Asker.JWT.Issuers = []string{"https://id.example"} }, "asker.jwt.jwks: error Y006: without keys tokens are not looked at"},
		{"a rule's header", func(c *config) { c.Asker.Rules = []deviceRule{{Header: "User Agent", Form: "x"}} }, `asker.rules.0.header: error Y006: "User Agent" cannot be a header's name`},
		{"half a certificate", func(c *config) { c.Serve.TLS.Cert = "c" }, "a certificate needs its key"},
		{"an old TLS", func(c *config) { c.Serve.TLS.Min = "1.0" }, "serve.tls.min"},
		{"a choice", func(c *config) { c.Log.Level = "warning" }, "did you mean warn?"},
		{"an origin", func(c *config) { c.Serve.CORS = []string{"https://a.example/"} }, "is no origin"},
		{"a share", func(c *config) { c.Tracing.Sample = 2 }, "tracing.sample"},
		{"a token", func(c *config) {
			c.Control.Tokens = []tokenConfig{{Name: "ci", Env: "CI_TOKEN", Scopes: []string{"read"}}}
		}, ""},
		{"a token without", func(c *config) { c.Control.Tokens = []tokenConfig{{Name: "ci", Scopes: []string{"read"}}} }, "needs one of sha256 and env"},
		{"a scope", func(c *config) {
			c.Control.Tokens = []tokenConfig{{Name: "ci", Env: "CI_TOKEN", Scopes: []string{"write"}}}
		}, "write"},
		{"no shedding", func(c *config) { c.Limits.Shed = shedConfig{Off: true} }, ""},
		{"shedding", func(c *config) { c.Limits.Shed.Max = 0 }, "limits.shed.max"},
	} {
		c := good()
		x.change(c)
		got := ""
		for _, d := range checkConfig(c) {
			got += d.String() + "\n"
		}
		if x.want == "" && got != "" || !strings.Contains(got, x.want) {
			t.Errorf("%s: got %s want %s", x.name, got, x.want)
		}
		if strings.Contains(got, "hush") {
			t.Errorf("%s: the secret is in the message", x.name)
		}
	}
}

func TestConfigOrder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "edge.yaml")
	text := "store: {endpoint: \"http://s3.example\", secretKeyFile: " + filepath.Join(dir, "key") + "}\nserve: {drainFor: 7s, listen: \":1\"}\nlimits:\n  shed:\n"
	for name, s := range map[string]string{file: text, filepath.Join(dir, "key"): "hush\n"} {
		if err := os.WriteFile(name, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := loadConfig(file, []string{"FACET_SERVE_LISTEN=:2", "FACET_INSTANCE=one"})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := c.Store.secretKey()
	if err != nil || secret != "hush" || c.Serve.DrainFor != 7*time.Second || c.Serve.Listen != ":2" || c.Serve.MaxStreams != 250 || c.Limits.Shed.Queue != 200 {
		t.Errorf("got %q %v %+v", secret, err, c.Serve)
	}
}

func FuzzConfig(f *testing.F) {
	c := defaultConfig()
	text, err := printConfig(&c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, s := range []string{"", "a", "serve:", "serve: {}", "control: {tokens: [{}]}", "tiers: {env: {a: b}, sources: {x: {timeout: 1s}}}", "- a", "? a\n: b", "a: !!str b", "<<: {env: x}", "serve: {<<: *x}", "{\"env\": \"x\"}", "env: |\n  x\n", "tiers: {config: {1: 2, a: [x]}}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, ds := readConfig("edge.yaml", text, nil)
		if ds.Failed() {
			return
		}
		checkConfig(c)
		if _, err := printConfig(c); err != nil {
			t.Error(err)
		}
	})
}
