// Relay: its compiler takes the schema, a mutation writes its store, a fragment refetches through node(id:).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import compiler from "relay-compiler";
import { printSchema } from "graphql";
import runtime from "relay-runtime";
import { at, differ, run, same, schemaOf } from "./edge.mjs";

const { Environment, Network, RecordSource, Store, createOperationDescriptor, fetchQuery, getSingularSelector } = runtime;
const dir = mkdtempSync(join(tmpdir(), "relay-"));
process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
mkdirSync(join(dir, "artifacts"));
writeFileSync(join(dir, "schema.graphql"), printSchema(await schemaOf("tv/v2")));
writeFileSync(join(dir, "relay.config.json"), JSON.stringify({ src: ".", schema: "./schema.graphql", language: "javascript", artifactDirectory: "./artifacts", eagerEsModules: false }));
writeFileSync(join(dir, "app.js"), `
graphql\`query appFilmQuery($id: ID!) { film(id: $id) { id ...app_card } }\`;
graphql\`query appHomeQuery { home { name rows(first: 3) { name items(first: 4) { __typename ... on Card { id ...app_card } ... on SeriesCard { id title seasons } } } } }\`;
graphql\`query appMeQuery { me { id name ...app_lists } }\`;
graphql\`fragment app_card on Card @refetchable(queryName: "appCardRefetchQuery") @argumentDefinitions(n: { type: "Int", defaultValue: 1 }) {
  title position progress { minutesLeft state } similar(first: $n) { id title } }\`;
graphql\`fragment app_lists on Profile @refetchable(queryName: "appListsRefetchQuery") { myList { id title } myListPage { length } }\`;
graphql\`mutation appSetMutation($title: ID!, $at: Int!) { setBookmark(title: $title, positionSeconds: $at) { id position progress { minutesLeft state } } }\`;
graphql\`mutation appAddMutation($title: ID!) { addToMyList(title: $title) { id } }\`;
`);
try {
  execFileSync(compiler, ["relay.config.json"], { cwd: dir, encoding: "utf8" });
} catch (e) {
  console.log("FAIL relay-compiler\n" + e.stdout + e.stderr);
  process.exit(1);
}
const load = createRequire(join(dir, "artifacts", "index.js"));
const names = ["appFilmQuery", "appHomeQuery", "appMeQuery", "app_card", "app_lists", "appCardRefetchQuery", "appListsRefetchQuery", "appSetMutation", "appAddMutation"];
const docs = Object.fromEntries(names.map((n) => [n, load(`./${n}.graphql.js`)]));

const environment = () =>
  new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(async (op, variables) => {
      const res = await fetch(at("tv/v2", "graphql"), {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
        body: JSON.stringify({ query: op.text, variables }),
      });
      return res.json();
    }),
  });
async function ask(env, name, variables = {}) {
  await fetchQuery(env, docs[name], variables).toPromise();
  return env.lookup(createOperationDescriptor(docs[name], variables).fragment).data;
}
const shown = (env, fragment, owner) => env.lookup(getSingularSelector(docs[fragment], owner)).data;
const mutate = (env, name, variables) =>
  new Promise((resolve, reject) => env.executeMutation({ operation: createOperationDescriptor(docs[name], variables) }).subscribe({ complete: resolve, error: reject }));

await run({
  async "a mutation writes what it returned, wherever it is shown"() {
    const env = environment();
    const { film } = await ask(env, "appFilmQuery", { id: "inception-2010" });
    const { home } = await ask(env, "appHomeQuery");
    const before = shown(env, "app_card", film);
    assert.equal(before.title, "Inception");
    await mutate(env, "appSetMutation", { title: "inception-2010", at: 60 });
    const after = shown(env, "app_card", film);
    assert.equal(after.position, 60);
    differ("progress", after.progress, before.progress);
    same("in the home", shown(env, "app_card", home.rows[0].items.find((x) => x.id === film.id)).position, 60);
    const cold = environment();
    same("cold", shown(cold, "app_card", (await ask(cold, "appFilmQuery", { id: "inception-2010" })).film), after);
  },

  async "a fragment refetches with other arguments"() {
    const env = environment();
    const { film } = await ask(env, "appFilmQuery", { id: "jaws-1975" });
    assert.equal(shown(env, "app_card", film).similar.length, 1);
    const { node } = await ask(env, "appCardRefetchQuery", { id: film.id, n: 3 });
    const again = shown(env, "app_card", node);
    assert.equal(again.similar.length, 3);
    same("the first", again.similar[0], shown(env, "app_card", film).similar[0]);
  },

  async "a refetch after a mutation gives what a cold store has"() {
    const env = environment();
    const { me } = await ask(env, "appMeQuery");
    const before = shown(env, "app_lists", me);
    await mutate(env, "appAddMutation", { title: "up-2009" });
    await ask(env, "appListsRefetchQuery", { id: me.id });
    const after = shown(env, "app_lists", me);
    assert.equal(after.myListPage.length, before.myListPage.length + 1);
    assert.equal(after.myList[0].id, "Card:up-2009");
    const cold = environment();
    same("cold", shown(cold, "app_lists", (await ask(cold, "appMeQuery")).me), after);
  },
});
