// node(id), its REST twin and its JSON Graph twin answer the same entity.
import assert from "node:assert/strict";
import { get, post, run, same } from "./edge.mjs";
import { Client } from "./model.mjs";

const tv = "tv/v2";
const { home } = await post(tv, `{ home { rows(first: 40) { items(first: 75) { __typename ... on SeriesCard { key } } } } }`);
const series = home.rows.flatMap((r) => r.items).find((x) => x?.__typename === "SeriesCard");
const shapes = {
  Card: { key: "jaws-1975", fields: ["id", "key", "title", "art", "badge", "position", "progress"], doc: "id key title art badge position progress { minutesLeft state }" },
  SeriesCard: { key: series.key, fields: ["id", "key", "title", "seasons"], doc: "id key title seasons" },
  Profile: { key: "demo", fields: ["id", "key", "name", "color", "maturity"], doc: "id key name color maturity" },
  Details: { key: "inception-2010", fields: ["id", "key", "title", "tagline", "badge", "poster", "resumeAt", "released"], doc: "id key title tagline badge poster resumeAt released" },
  NextUp: { key: "inception-2010", fields: ["id", "key", "title", "runtimeMinutes", "still"], doc: "id key title runtimeMinutes still" },
};
const tests = {};
tests["what a view gives"] = async () => {
  const { film } = await post(tv, `{ film(id: "jaws-1975") { id key title position similar(first: 2) { id } } }`);
  const { node } = await post(tv, `query($id: ID!) { node(id: $id) { ... on Card { id key title position similar(first: 2) { id } } } }`, { id: film.id });
  same("node", node, film);
  same("REST", await get(tv, `node/${encodeURIComponent(film.id)}?fields=id,key,title,position,similar(id)&similar.first=2`), film);
};
for (const [shape, { key, fields, doc }] of Object.entries(shapes)) {
  tests[shape] = async () => {
    const { node } = await post(tv, `query($id: ID!) { node(id: $id) { __typename id ... on ${shape} { ${doc} } } }`, { id: `${shape}:${key}` });
    assert.equal(node.__typename, shape);
    const { __typename, ...rest } = node;
    assert.equal(rest.id, `${shape}:${key}`);
    assert.equal(rest.key, key);
    same("REST", await get(tv, `node/${encodeURIComponent(rest.id)}?fields=${fields}`), rest);
    same("JSON Graph", (await new Client(tv).get([shape, key, fields]))[shape][key], rest);
  };
  tests[`${shape} that nobody knows`] = async () => {
    const id = `${shape}:nobody-1900`;
    if (shape !== "Profile") { // whose guard forbids it before anybody is asked
      assert.equal((await post(tv, `query($id: ID!) { node(id: $id) { ... on ${shape} { ${fields[2]} } } }`, { id })).node, null);
      assert.equal(await get(tv, `node/${id}`), null);
      same("JSON Graph", (await new Client(tv).get([shape, "nobody-1900", fields[2]]))?.[shape]?.["nobody-1900"], null);
    }
  };
}
tests["an id that is none"] = async () => {
  for (const id of ["nope", "Nope:1", "Card", ""]) {
    assert.equal((await post(tv, `query($id: ID!) { node(id: $id) { id } }`, { id })).node, null, id);
    assert.equal(await get(tv, `node/${id || "%20"}`), null, id);
  }
};
await run(tests);
