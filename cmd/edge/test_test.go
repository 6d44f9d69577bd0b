package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// edge runs one command line and gives its exit code and what it printed.
func edge(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var b bytes.Buffer
	code = Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &b, Err: &b})
	return code, b.String()
}

// The tests of every package that comes with the repository pass.
func TestPackagesTests(t *testing.T) {
	for dir, least := range map[string]int{"../../examples/films": 30, "template": 1} {
		code, out := edge(t, "test", dir)
		if code != exitOK || strings.Count(out, "\nok ")+1 < least {
			t.Errorf("edge test %s: exit %d\n%s", dir, code, out)
		}
	}
}

func TestTestFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("template")); err != nil {
		t.Fatal(err)
	}
	pkg := filepath.Join(dir, "packages", "web-home")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(pkg, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("more.test.ts", `import { expect, render, test, tiers } from "@facet/sdk/test";
import { home } from "./src/index";
test("nothing is there", async () => {
  await render(home, { tiers: tiers.of({}) });
});
test("kept", async () => {
  const r = await render(home, { tiers: tiers.from("./fixtures/shelf.json") });
  expect(r.data.products[0].price).toMatchSnapshot();
});
`)
	code, out := edge(t, "test", pkg)
	for _, want := range []string{"FAIL ", "more.test.ts:4:", "the test has no answer of shop.Query.products", "2 tests passed, 1 failed"} {
		if code != exitFailed || !strings.Contains(out, want) {
			t.Fatalf("exit %d, want %q in\n%s", code, want, out)
		}
	}
	snap := "more.test.ts.snap.json"
	kept, err := os.ReadFile(filepath.Join(pkg, snap))
	if err != nil || !strings.Contains(string(kept), `"kept": "4.50"`) {
		t.Fatalf("got %s, %v", kept, err)
	}
	write(snap, `{"kept": "5.00"}`)
	if code, out = edge(t, "test", "--run", "kept", pkg); code != exitFailed || !strings.Contains(out, `got "4.50", want "5.00"`) {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if code, out = edge(t, "test", "--run", "kept", "--update", "--json", pkg); code != exitOK || !strings.Contains(out, `"ok": true`) {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if code, out = edge(t, "test", "--run", "kept", pkg); code != exitOK {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if code, _ = edge(t, "test", "--run", "("); code != exitUsage {
		t.Errorf("a wrong pattern: exit %d", code)
	}
}
