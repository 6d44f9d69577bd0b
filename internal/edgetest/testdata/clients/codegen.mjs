// graphql-codegen makes types of the schema and of documents: tsc --strict takes code that uses them right, and refuses the rest.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse, printSchema } from "graphql";
import { run, schemaOf } from "./edge.mjs";

const dir = mkdtempSync(join(tmpdir(), "codegen-"));
process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
const schema = await schemaOf("tv/v2");
const documents = [
  `query Home { home { name recent rows(first: 2) { name itemsPage { length next } items(first: 4) { __typename ... on Card { id title badge progress { minutesLeft state } } ... on SeriesCard { id seasons } } } } }`,
  `query Watch($id: ID!) { watch(id: $id) { title tagline ratings { public votes } saga { title films { id } } } }`,
  `query Node($id: ID!) { node(id: $id) { id ... on Card { title } } }`,
  `mutation Set($title: ID!, $at: Int!) { setBookmark(title: $title, positionSeconds: $at) { id position } }`,
];
const types = await codegen({
  filename: "types.ts",
  schema: parse(printSchema(schema)),
  schemaAst: schema,
  documents: documents.map((d, i) => ({ location: `${i}.graphql`, document: parse(d) })),
  config: { enumsAsTypes: true },
  plugins: [{ operations: {} }],
  pluginMap: { operations },
});
writeFileSync(join(dir, "types.ts"), types);
writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({
  compilerOptions: { strict: true, noEmit: true, skipLibCheck: true, target: "es2022", module: "esnext", moduleResolution: "bundler", types: [] },
  files: ["types.ts", "use.ts"],
}));
const imports = `import type { HomeQuery, NodeQuery, SetMutation, SetMutationVariables, WatchQuery } from "./types";\n`;
function tsc(text) {
  writeFileSync(join(dir, "use.ts"), imports + text);
  try {
    execFileSync(process.execPath, [join(import.meta.dirname, "node_modules/typescript/bin/tsc"), "-p", dir, "--pretty", "false"], { encoding: "utf8" });
    return "";
  } catch (e) {
    return e.stdout;
  }
}
const right = `
type Item = NonNullable<NonNullable<HomeQuery["home"]>["rows"]>[number]["items"][number];
export const label = (x: Item): string => x == null ? "" : x.__typename === "Card" ? x.title + (x.badge ?? "") : String(x.seasons);
export const left = (x: Item): number => x?.__typename === "Card" ? x.progress?.minutesLeft ?? 0 : 0;
export const done = (x: Item): boolean => x?.__typename === "Card" && x.progress?.state === "DONE";
export const next = (h: HomeQuery): (string | null)[] => (h.home?.rows ?? []).map((r) => r.itemsPage.next ?? null);
export const watched = (w: WatchQuery): string[] => (w.watch?.saga?.films ?? []).map((f) => f?.id ?? "");
export const id = (n: NodeQuery): string | undefined => n.node?.id;
export const set: SetMutationVariables = { title: "jaws-1975", at: 3 };
export const saved = (s: SetMutation): number | null => s.setBookmark?.position ?? null;
`;
const wrong = [
  `export const a = (h: HomeQuery): string => h.home.name;`, // the home may be null
  `export const b = (h: HomeQuery) => h.home?.nmae;`,
  `export const c = (x: NonNullable<HomeQuery["home"]>["rows"]) => x?.[0].items[0].title;`, // a series has none, and either may be null
  `export const d: SetMutationVariables = { title: "jaws-1975" };`,
  `export const e: SetMutationVariables = { title: "jaws-1975", at: "3" };`,
  `export const f = (s: SetMutation): number => s.setBookmark!.position;`,
];
await run({
  "code that uses the types passes, code that misuses them does not"() {
    const out = tsc(right + wrong.join("\n"));
    const before = (imports + right).split("\n").length - 1;
    const flagged = [...out.matchAll(/^(.*)\((\d+),\d+\): error/gm)].map((m) => (m[1].endsWith("use.ts") ? Number(m[2]) - before : m[0]));
    assert.deepEqual([...new Set(flagged)], wrong.map((_, i) => i + 1), out);
  },
});
