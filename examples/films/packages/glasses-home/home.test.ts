import { expect, render, test, tiers } from "@facet/sdk/test";
import { addToMyList, clearBookmark, play, removeFromMyList, resume, setBookmark } from "./src/index";

const demo = tiers.from("./fixtures/demo.json");
const budget = 600; // bytes of an answer's data
const bytes = (data: unknown) => JSON.stringify(data).length;

test("a film by voice", async () => {
  const r = await render(play, { viewer: "demo", tiers: demo, args: { text: "play jaws" } });
  expect(r.errors).toEqual([]);
  expect(r.data.films.map((f: any) => [f.key, f.at, f.say])).toEqual([
    ["jaws-1975", 1260, "Jaws, from minute 21"],
    ["inception-2010", 8700, "Inception, from minute 145"],
  ]);
});

test("it costs three calls on two levels", async () => {
  const r = await render(play, { viewer: "demo", tiers: demo, args: { text: "play jaws" } });
  expect(r.calls).toBe(3); // search; titles, bookmarks
  expect(r.levels).toBe(2);
});

test("every answer is tiny", async () => {
  for (const r of [
    await render(play, { viewer: "demo", tiers: demo, args: { text: "play jaws" } }),
    await render(resume, { viewer: "demo", tiers: demo }),
    await render(setBookmark, { viewer: "demo", tiers: demo, args: { title: "jaws-1975", positionSeconds: 1260 } }),
  ]) {
    expect(bytes(r.data)).toBeLessThanOrEqual(budget);
  }
});

test("what nobody has heard of is an empty list", async () => {
  const nothing = demo.answer("search.Query.search", { total: 0, titles: [] });
  const r = await render(play, { viewer: "demo", tiers: nothing, args: { text: "qwertz" } });
  expect(r.data).toEqual({ films: [] });
});

test("a dead bookmark tier starts the film at the beginning", async () => {
  const r = await render(play, { viewer: "demo", tiers: demo.fail("bookmarks"), args: { text: "play inception" } });
  expect(r.data.films[0]).toMatchObject({ at: null, say: "Jaws, 1975" });
  expect(r.errors).toEqual([]);
});

test("going on where it stopped", async () => {
  const r = await render(resume, { viewer: "demo", tiers: demo });
  expect(r.data.films.map((f: any) => f.say)).toEqual(["Inception, from minute 145", "Jaws, from minute 21"]);
});

test("bookmarks and the list from the glasses", async () => {
  const args = { title: "jaws-1975" };
  expect((await render(setBookmark, { viewer: "demo", tiers: demo, args: { ...args, positionSeconds: 1260 } })).data.at).toBe(1260);
  expect((await render(clearBookmark, { viewer: "demo", tiers: demo, args })).data.key).toBe("jaws-1975");
  expect((await render(addToMyList, { viewer: "demo", tiers: demo, args })).data.total).toBe(2);
  expect((await render(removeFromMyList, { viewer: "demo", tiers: demo, args })).data.total).toBe(1);
});
