// Relay: its compiler takes the schema, and a fragment refetches through node(id:).
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import compiler from "relay-compiler";
import runtime from "relay-runtime";
import { differ, same, sdl, url } from "./world.mjs";

const { Environment, Network, RecordSource, Store, fetchQuery, createOperationDescriptor, getSingularSelector } = runtime;
const dir = mkdtempSync(join(import.meta.dirname, "node_modules", ".relay-"));
process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
mkdirSync(join(dir, "artifacts"));
writeFileSync(join(dir, "schema.graphql"), sdl);
writeFileSync(join(dir, "package.json"), `{"type":"commonjs"}`);
writeFileSync(join(dir, "relay.config.json"), JSON.stringify({ src: ".", schema: "./schema.graphql", language: "javascript", artifactDirectory: "./artifacts", eagerEsModules: false }));
writeFileSync(join(dir, "app.js"), `
graphql\`query appFilmQuery($id: ID!) { film(id: $id) { id ...app_card } }\`;
graphql\`fragment app_card on Card @refetchable(queryName: "appCardRefetchQuery") @argumentDefinitions(n: { type: "Int", defaultValue: 1 }) {
  title progress { state } similar(first: $n) { id title } }\`;
graphql\`mutation appSetMutation($title: ID!, $at: Int!) { setBookmark(title: $title, positionSeconds: $at) { id progress { state } } }\`;
`);
try {
  execFileSync(compiler, ["relay.config.json"], { cwd: dir, encoding: "utf8" });
} catch (e) {
  console.log(e.stdout + e.stderr);
  process.exit(1);
}
const require = createRequire(join(dir, "app.js"));
const [filmQuery, card, refetch, set] = ["appFilmQuery", "app_card", "appCardRefetchQuery", "appSetMutation"].map((n) => require(`./artifacts/${n}.graphql.js`));

const environment = new Environment({
  store: new Store(new RecordSource()),
  network: Network.create(async (op, variables) => {
    const res = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
      body: JSON.stringify({ query: op.text, variables }),
    });
    return res.json();
  }),
});
const read = (query, variables) => {
  const d = createOperationDescriptor(query, variables);
  return environment.lookup(d.fragment).data;
};
await fetchQuery(environment, filmQuery, { id: "t11" }).toPromise();
const { film } = read(filmQuery, { id: "t11" });
const shown = (owner) => environment.lookup(getSingularSelector(card, owner)).data;
same("the fragment", shown(film).title, 'Film "11" ü');
same("one similar film", shown(film).similar.length, 1);

const set1 = createOperationDescriptor(set, { title: "t11", at: 60 });
await new Promise((resolve, reject) => environment.executeMutation({ operation: set1 }).subscribe({ complete: resolve, error: reject }));
same("after the mutation", shown(film).progress.state, "STARTED");

await fetchQuery(environment, refetch, { id: film.id, n: 2 }).toPromise();
const again = read(refetch, { id: film.id, n: 2 }).node;
same("the refetched fragment", shown(again).similar.map((x) => x.title), ['Film "12" ü', 'Film "13" ü']);
differ("the refetch", shown(again).similar, shown(film).similar);
console.log("ok");
