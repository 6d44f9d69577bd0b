import { expect, render, test, tiers } from "@facet/sdk/test";
import { addToMyList, browse, clearBookmark, film, find, list, putAside, removeFromMyList, setBookmark } from "./src/index";

const demo = tiers.from("./fixtures/demo.json");

test("browsing a genre", async () => {
  const r = await render(browse, { viewer: "demo", tiers: demo, args: { genre: "Horror" } });
  expect(r.errors).toEqual([]);
  expect(r.data.genres).toEqual(["Drama", "Horror", "Western"]);
  expect(r.data.films[1]).toMatchObject({ title: "Inception", year: 2010, poster: "https://art.example/inception-2010-200.svg", badge: "ORIGINAL" });
  expect(r.calls).toBe(4); // genres, films; titles, posters
  expect(r.levels).toBe(2);
});

test("films by words", async () => {
  const r = await render(find, { viewer: "demo", tiers: demo, args: { text: "jaws" } });
  expect(r.data.films.map((f: any) => f.title)).toEqual(["Jaws"]);
});

test("a film's own page", async () => {
  const r = await render(film, { viewer: "demo", tiers: demo, args: { id: "jaws-1975" } });
  expect(r.errors).toEqual([]);
  expect(r.data).toMatchObject({
    title: "Jaws",
    facts: "1975 · Horror · Steven Spielberg",
    position: 1260,
    reviews: { critics: 100, audience: 83, verdict: "ACCLAIMED" },
  });
  expect(r.data.reviews.quotes[2]).toEqual({ by: "BOX_OFFICE", text: "It made 39.2 times what it cost." });
  expect(r.data.similar.map((f: any) => f.title)).toEqual(["Star Wars Ep. II: Attack of the Clones", "Inception", "Toy Story 3"]);
  expect(r.data.saga.map((f: any) => f?.title ?? null)).toEqual(["Jaws", "Jaws 2", null]); // the fixture has no third
});

test("dead reviews cost the reviews alone", async () => {
  const r = await render(film, { viewer: "demo", tiers: demo.fail("reviews"), args: { id: "jaws-1975" } });
  expect(r.data.title).toBe("Jaws");
  expect(r.data.reviews).toEqual({ critics: null, audience: null, verdict: null, quotes: null });
  expect(r.errors).toEqual([]);
});

test("an unknown film is not found", async () => {
  const r = await render(film, { viewer: "demo", tiers: demo, args: { id: "no-such-film" } });
  expect(r.data).toBeNull();
});

test("what was put aside", async () => {
  const r = await render(list, { viewer: "demo", tiers: demo });
  expect(r.data.name).toBe("Ada");
  expect(r.data.films.map((f: any) => f.title)).toEqual(["Casablanca"]);
  expect(r.data.started.map((f: any) => f.title)).toEqual(["Inception", "Jaws"]);
});

test("bookmarks and the list from a browser", async () => {
  const args = { title: "jaws-1975" };
  const fields = "film(title),total";
  expect((await render(setBookmark, { viewer: "demo", tiers: demo, args: { ...args, positionSeconds: 1260 }, fields: "position" })).data.position).toBe(1260);
  expect((await render(clearBookmark, { viewer: "demo", tiers: demo, args, fields: "title" })).data.title).toBe("Jaws");
  expect((await render(addToMyList, { viewer: "demo", tiers: demo, args, fields })).data).toEqual({ film: { title: "Jaws" }, total: 2 });
  expect((await render(removeFromMyList, { viewer: "demo", tiers: demo, args, fields })).data).toEqual({ film: { title: "Jaws" }, total: 1 });
  expect((await render(putAside, { viewer: "demo", tiers: demo, args: { ...args, positionSeconds: 1260 }, fields: "listed,position" })).data).toEqual({ listed: 2, position: 1260 });
});
