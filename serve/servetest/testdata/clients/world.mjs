// What the clients share: the server's address, documents, and a check that exits with what differs.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual, inspect } from "node:util";
import { buildSchema, isAbstractType } from "graphql";

export const url = process.argv[2];
export const sdl = readFileSync(0, "utf8");
export const schema = buildSchema(sdl);

// possibleTypes tells a client which members unions and interfaces have.
export const possibleTypes = Object.fromEntries(
  Object.values(schema.getTypeMap())
    .filter(isAbstractType)
    .map((t) => [t.name, schema.getPossibleTypes(t).map((m) => m.name)]),
);

export const HOME = `query Home { home { name rows(first: 2) { name items(first: 4) {
  __typename ... on Card { id title art progress { minutesLeft state } } ... on SeriesCard { id title seasons } } } } }`;
export const FILM = `query Film($id: ID!) { film(id: $id) { id key title progress { minutesLeft state } similar(first: 2) { id title } } }`;
export const SET = `mutation Set($title: ID!, $at: Int!) { setBookmark(title: $title, positionSeconds: $at) { id progress { minutesLeft state } } }`;
export const SET_BARE = `mutation SetBare($title: ID!, $at: Int!) { setBookmark(title: $title, positionSeconds: $at) { id } }`;

export function same(what, got, want) {
  if (isDeepStrictEqual(plain(got), plain(want))) return;
  console.log(what + "\ngot  " + inspect(got, { depth: 9 }) + "\nwant " + inspect(want, { depth: 9 }));
  process.exit(1);
}

export function differ(what, got, other) {
  if (!isDeepStrictEqual(plain(got), plain(other))) return;
  console.log(what + ": nothing changed: " + inspect(got, { depth: 9 }));
  process.exit(1);
}

const plain = (v) => JSON.parse(JSON.stringify(v ?? null));
