// graphql-codegen makes types of the schema and of documents, and tsc --strict takes code that uses them and refuses code that misuses them.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse } from "graphql";
import { FILM, HOME, SET, schema, sdl } from "./world.mjs";

const dir = mkdtempSync(join(import.meta.dirname, "node_modules", ".codegen-"));
process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
const types = await codegen({
  filename: "types.ts",
  schema: parse(sdl),
  schemaAst: schema,
  documents: [HOME, FILM, SET].map((d, i) => ({ location: `${i}.graphql`, document: parse(d) })),
  config: { enumsAsTypes: true },
  plugins: [{ operations: {} }],
  pluginMap: { operations },
});
writeFileSync(join(dir, "types.ts"), types);
const use = (line) => `import type { HomeQuery, FilmQuery, SetMutationVariables } from "./types";
export function lengths(h: HomeQuery): number[] { return (h.home?.rows ?? []).map((r) => r.items.length + r.name.length); }
export function left(f: FilmQuery): number { return f.film?.progress?.minutesLeft ?? 0; }
export const vars: SetMutationVariables = { title: "t1", at: 3 };
${line}
`;
function tsc(line) {
  writeFileSync(join(dir, "use.ts"), use(line));
  try {
    execFileSync(process.execPath, [join(import.meta.dirname, "node_modules/typescript/bin/tsc"), "--noEmit", "--strict", "--skipLibCheck", "--target", "es2020", "--moduleResolution", "bundler", "--module", "esnext", "use.ts"], { cwd: dir, encoding: "utf8" });
    return "";
  } catch (e) {
    return e.stdout;
  }
}
const good = tsc("");
if (good) {
  console.log(good);
  process.exit(1);
}
for (const [line, code] of [
  ["export const t = (f: FilmQuery): string => f.film.title;", "TS18047"],
  ["export const bad: SetMutationVariables = { title: \"t1\" };", "TS2741"],
]) {
  const out = tsc(line);
  if (!out.includes(code) && !out.includes("TS2533") && !out.includes("TS18049") && !out.includes("TS2531")) {
    console.log(`${line}\nwants ${code}, tsc says: ${out}`);
    process.exit(1);
  }
}
console.log("ok");
