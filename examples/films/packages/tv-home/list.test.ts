import { expect, render, test, tiers } from "@facet/sdk/test";
import { addToMyList, film, me, setBookmark } from "./src/index";

const demo = tiers.from("./fixtures/demo.json");

test("a bookmark is set, and the card comes back", async () => {
  const r = await render(setBookmark, { viewer: "demo", tiers: demo, args: { title: "jaws-1975", positionSeconds: 1260 } });
  expect(r.errors).toEqual([]);
  expect(r.data).toMatchObject({ title: "Jaws", position: 1260, progress: { minutesLeft: null, state: "STARTED" } });
});

test("a position before the start is refused", async () => {
  const r = await render(setBookmark, { viewer: "demo", tiers: demo, args: { title: "jaws-1975", positionSeconds: -1 } });
  expect(r.errors[0].code).toBe("invalid");
  expect(r.calls).toBe(0);
});

test("a film joins the list", async () => {
  const r = await render(addToMyList, { viewer: "demo", tiers: demo, args: { title: "jaws-1975" } });
  expect(r.errors).toEqual([]);
  expect(r.data).toMatchObject({ title: "Jaws" });
});

test("the profile with its lists", async () => {
  const { data } = await render(me, { viewer: "demo", tiers: demo });
  expect(data).toMatchObject({ name: "Ada", color: "#e4572e", maturity: "ADULTS" });
  expect(data.myList.map((card: any) => card.title)).toEqual(["Casablanca"]);
  expect(data.continueWatching.map((card: any) => card.title)).toEqual(["Inception", "Jaws"]);
});

test("films that are alike, as far as one asks", async () => {
  const r = await render(film, { viewer: "demo", tiers: demo, args: { id: "inception-2010" }, fields: "title,similar(title,similar(title))" });
  expect(r.data.title).toBe("Inception");
  expect(r.data.similar[0].similar.map((card: any) => card.title)).toContain("Inception");
});

test("a film that does not exist", async () => {
  const r = await render(film, { viewer: "demo", tiers: demo, args: { id: "no-such-film" } });
  expect(r.data).toBeNull();
});
