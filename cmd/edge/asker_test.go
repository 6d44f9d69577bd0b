package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRenderContext: a test says what its request brings: time, random, bandwidth, app version, region.
func TestRenderContext(t *testing.T) {
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
	write("src/index.ts", `import { view } from "@facet/sdk";
export const asked = view({ build: (_a, { now, random, device, region }) => ({ now, random, band: device.bandwidth, app: device.appVersion, region }) });
`)
	for _, name := range []string{"home.test.ts", "src/index.test.ts"} {
		_ = os.Remove(filepath.Join(pkg, name)) // of the template's view, if it has one of that name
	}
	write("asked.test.ts", `import { expect, render, test, tiers } from "@facet/sdk/test";
import { asked } from "./src/index";
const none = tiers.of({});
test("by default the same every day", async () => {
  expect((await render(asked, { tiers: none })).data).toEqual({ now: 1767225600000, random: 0.5, band: null, app: null, region: null });
});
test("stated", async () => {
  const at = { random: 0.25, bandwidth: "low", appVersion: "2.5", region: "eu-1", tiers: none };
  const want = { now: 1795341600000, random: 0.25, band: "low", app: "2.5", region: "eu-1" };
  for (const now of ["2026-11-22T10:00:00.9Z", 1795341600999]) expect((await render(asked, { ...at, now })).data).toEqual(want);
});
test("wrong", async () => {
  let text = "";
  try { render(asked, { random: 1, tiers: none }); } catch (e) { text += e.message; }
  try { render(asked, { now: "soon", tiers: none }); } catch (e) { text += e.message; }
  expect(text).toContain("random is a number from 0 to below 1, not 1");
  expect(text).toContain("now is a text");
});
`)
	code, out := edge(t, "test", "--run", "same|stated|wrong", pkg)
	if code != exitOK || !strings.Contains(out, "3 tests passed") {
		t.Errorf("exit %d\n%s", code, out)
	}
}
