// The contest's graph as falcor-router's routes: profilesById with rows of references, titlesById from three tiers.
import { atom, error, ref } from "falcor-json-graph";
import Router from "falcor-router";

const fields = ["id", "title", "year", "runtimeMinutes", "rating", "synopsis"];
const value = (v) => (v === undefined ? atom(undefined) : v);

// titles makes the values of a key for each id from what a batch found.
function titles(ids, found, names, read) {
  const out = [];
  for (const id of ids) {
    const row = found.get(String(id));
    for (const name of names) out.push({ path: ["titlesById", id, name], value: value(read(row, name)) });
  }
  return out;
}

const Base = Router.createClass([
  {
    route: "profilesById[{keys:ids}].name",
    async get({ ids }) {
      const out = [];
      for (const id of ids) out.push({ path: ["profilesById", id, "name"], value: (await this.tiers.profile(id)).name });
      return out;
    },
  },
  {
    route: "profilesById[{keys:ids}].recent[{integers:at}]",
    async get({ ids, at }) {
      const out = [];
      for (const id of ids) {
        const { recentSearches } = await this.tiers.profile(id);
        for (const i of at) out.push({ path: ["profilesById", id, "recent", i], value: value(recentSearches[i]) });
      }
      return out;
    },
  },
  {
    route: "profilesById[{keys:ids}].rows[{integers:rows}].name",
    async get({ ids, rows }) {
      const out = [];
      for (const id of ids) {
        const shelf = await this.tiers.rows(id);
        for (const r of rows) out.push({ path: ["profilesById", id, "rows", r, "name"], value: value(shelf[r]?.name) });
      }
      return out;
    },
  },
  {
    route: "profilesById[{keys:ids}].rows[{integers:rows}].items[{integers:items}]",
    async get({ ids, rows, items }) {
      const out = [];
      for (const id of ids) {
        const shelf = await this.tiers.rows(id);
        for (const r of rows) {
          for (const i of items) {
            const title = shelf[r]?.items[i];
            out.push({ path: ["profilesById", id, "rows", r, "items", i], value: title ? ref(["titlesById", title.id]) : atom(undefined) });
          }
        }
      }
      return out;
    },
  },
  {
    route: `titlesById[{keys:ids}][${fields.map((f) => JSON.stringify(f)).join(",")}]`,
    async get(path) {
      return titles(path.ids, await this.tiers.titles(path.ids), path[2], (row, name) => (row ? row[name] : error("no such title")));
    },
  },
  {
    route: "titlesById[{keys:ids}].art",
    async get({ ids }) {
      return titles(ids, await this.tiers.artwork(ids), ["art"], (row) => row?.url ?? null);
    },
  },
  {
    route: "titlesById[{keys:ids}].at",
    async get({ ids }) {
      return titles(ids, await this.tiers.bookmarks(ids), ["at"], (row) => row?.positionSeconds ?? null);
    },
  },
]);

/** The routes over the tiers of one request. */
export class Routes extends Base {
  constructor(tiers) {
    super();
    this.tiers = tiers;
  }
}
