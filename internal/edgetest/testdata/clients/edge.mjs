// What the clients share: the edge's address, how to ask it by hand, and comparing.
import assert from "node:assert/strict";
import { isAbstractType, buildClientSchema, getIntrospectionQuery } from "graphql";

/** The edge: "http://127.0.0.1:4000". */
export const edge = process.argv[2];

/** at gives the address of something below a device schema: at("tv/v2", "graphql"). */
export const at = (route, rest) => `${edge}/${route}/${rest}`;

/** post asks GraphQL without a client. */
export async function post(route, query, variables, headers) {
  const res = await fetch(at(route, "graphql"), {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const body = await res.json();
  assert.equal(body.errors, undefined, JSON.stringify(body.errors));
  return body.data;
}

/** get asks REST; what is not there is null. */
export async function get(route, rest) {
  const res = await fetch(at(route, rest));
  if (res.status === 404) return null;
  const body = await res.json();
  assert.equal(res.status, 200, JSON.stringify(body));
  assert.equal(body.errors, undefined, JSON.stringify(body.errors));
  return body.data;
}

/** schemaOf reads a device's schema as tools do: by introspection. */
export const schemaOf = async (route) => buildClientSchema(await post(route, getIntrospectionQuery()));

/** possibleTypesOf tells a client which members unions and interfaces have. */
export const possibleTypesOf = (schema) =>
  Object.fromEntries(
    Object.values(schema.getTypeMap())
      .filter(isAbstractType)
      .map((t) => [t.name, schema.getPossibleTypes(t).map((m) => m.name)]),
  );

/** plain is the data alone, without what a client keeps beside it. */
export const plain = (v) => JSON.parse(JSON.stringify(v ?? null, (key, x) => (key === "$__path" ? undefined : x)));

export const same = (what, got, want) => assert.deepEqual(plain(got), plain(want), `${what}: got ${JSON.stringify(plain(got))}, want ${JSON.stringify(plain(want))}`);
export const differ = (what, got, other) => assert.notDeepEqual(plain(got), plain(other), `${what}: nothing changed: ${JSON.stringify(plain(got))}`);

/** run runs tests by name, one after another, and ends the process: 1 if one failed. */
export async function run(tests) {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok   ${name}`);
    } catch (e) {
      failed++;
      console.log(`FAIL ${name}\n${e?.stack ?? JSON.stringify(e)}`);
    }
  }
  process.exit(failed === 0 ? 0 : 1);
}
