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
const bad = tsc(`export const t = (f: FilmQuery): string => f.film.title;
export const some: SetMutationVariables = { title: "t1" };`);
for (const [what, code] of [["a view that may be null", /TS(18047|18049|2531|2533)/], ["a variable that is missing", /TS2741/]]) {
  if (!code.test(bad)) {
    console.log(`${what} is not flagged: ${bad}`);
    process.exit(1);
  }
}
console.log("ok");
