import { expect, render, test, tiers } from "@facet/sdk/test";
import { addToMyList, browse, home } from "./src/index";

const demo = tiers.from("./fixtures/demo.json");

test("what was started stands on top", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo });
  expect(r.errors).toEqual([]);
  expect(r.data.started.map((card: any) => [card.title, card.percent])).toEqual([["Inception", 98], ["Jaws", null]]);
  expect(r.data.myList.map((card: any) => card.title)).toEqual(["Casablanca"]);
});

test("a film in four places is loaded once: ten calls", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo });
  expect(r.calls).toBe(10); // profile, started, my list, originals, rows; titles, series, posters of both, bookmarks
  expect(r.levels).toBe(2);
});

test("the Originals are the module's", async () => {
  const { data } = await render(home, { viewer: "demo", tiers: demo, fields: "originals(title,year,badge)" });
  expect(data.originals[0]).toMatchObject({ title: "Star Wars Ep. II: Attack of the Clones", year: 2002, badge: "ORIGINAL" });
});

test("a dead catalog costs films, not the page", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo.fail("catalog") });
  expect([r.data.name, r.data.originals, r.data.myList]).toEqual(["Ada", [], [null]]);
  expect(r.degraded.map((d: any) => d.path)).toEqual([["originals"]]);
});

test("browsing a genre", async () => {
  const horror = demo.answer("catalog.Query.titles", { total: 1, titles: [{ id: "jaws-1975" }] });
  const { data } = await render(browse, { viewer: "demo", tiers: horror, args: { genre: "Horror" } });
  expect(data.genres).toEqual(["Drama", "Horror", "Western"]);
  expect(data.films.map((card: any) => card.title)).toEqual(["Jaws"]);
});

test("a film joins the list, which says how long it is", async () => {
  const { data } = await render(addToMyList, { viewer: "demo", tiers: demo, args: { title: "jaws-1975" } });
  expect(data.total).toBe(2);
  expect(data.card.title).toBe("Jaws");
});
