import { expect, render, test, tiers } from "@facet/sdk/test";
import { home } from "./src/index";

const demo = tiers.from("./fixtures/demo.json");

test("the first screen", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo });
  expect(r.errors).toEqual([]);
  expect(r.data.name).toBe("Ada");
  expect(r.data.recent).toEqual(["heist films", "steven spielberg", "something with sharks"]);
  expect(r.data.rows.map((row: any) => row.name)).toEqual(["Originals", "Sagas and sequels", "Horror"]);
  expect(r.data.rows[0].items[0]).toMatchObject({
    title: "Star Wars Ep. II: Attack of the Clones",
    art: "https://art.example/star-wars-ep-ii-attack-of-the-clones-2002-342.svg",
    badge: "ORIGINAL",
    score: null, // nobody judged it
    progress: { minutesLeft: 142, state: "NEW" },
  });
});

test("it costs eight calls on two levels: a row has a series", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo });
  expect(r.calls).toBe(8); // profile, searches, rows; titles, series, posters, bookmarks, reviews
  expect(r.levels).toBe(2);
  expect(r.data.rows[2].items[0].score).toBe(100);
});

test("what is not asked for costs nothing", async () => {
  const names = await render(home, { viewer: "demo", tiers: demo, fields: "rows(name)" });
  expect(names.calls).toBeLessThanOrEqual(2); // the rows, and the profile that decides whether there is a view
});

test("progress says how much is left", async () => {
  const { data } = await render(home, { viewer: "demo", tiers: demo });
  const [originals, sagas, horror] = data.rows;
  expect(originals.items[1].progress).toEqual({ minutesLeft: 2, state: "DONE" }); // 8,700 s of 147 minutes
  expect(originals.items[2].progress).toEqual({ minutesLeft: 92, state: "STARTED" });
  expect(horror.items[0].progress).toEqual({ minutesLeft: null, state: "STARTED" }); // nobody knows how long Jaws is
  expect(sagas.items[0]).toMatchObject({ title: "Jaws", seasons: 3 });
});

test("a film in two rows is one film", async () => {
  const { data } = await render(home, { viewer: "demo", tiers: demo });
  expect(data.rows[2].items[1].id).toBe(data.rows[0].items[1].id);
});

test("a dead bookmark tier costs no card", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo.fail("bookmarks") });
  expect(r.data.rows[0].items[0].progress).toEqual({ minutesLeft: 142, state: "NEW" });
  expect(r.calls).toBe(8);
  expect(r.errors).toEqual([]);
  expect(r.degraded.length).toBeGreaterThan(0); // and no cache keeps it
});

test("a slow bookmark tier is not waited for", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo.delay("bookmarks", "120ms") });
  expect(r.data.rows[0].items[1].progress).toEqual({ minutesLeft: 147, state: "NEW" });
  expect(r.errors).toEqual([]);
});

test("dead reviews cost the score alone", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo.fail("reviews") });
  expect(r.data.rows[2].items[0]).toMatchObject({ title: "Jaws", score: null });
  expect(r.errors).toEqual([]);
});

test("a dead catalog costs the cards, not the page", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo.fail("catalog") });
  expect(r.data.name).toBe("Ada");
  expect(r.data.rows[0].name).toBe("Originals");
  expect(r.data.rows[0].items[0]).toBeNull();
  expect(r.errors.length).toBeGreaterThan(0);
});

test("nobody's profile is not found", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo.answer("profiles.Profile", null) });
  expect(r.data).toBeNull();
});
