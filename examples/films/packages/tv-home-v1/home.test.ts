import { expect, render, test, tiers } from "@facet/sdk/test";
import { film, home } from "./src/index";

const demo = tiers.from("./fixtures/demo.json");

test("films in lists; what old apps do not know is null", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo });
  expect(r.errors).toEqual([]);
  expect(r.data.profileName).toBe("Ada");
  expect(r.data.lists[1].title).toBe("Sagas and sequels");
  expect(r.data.lists[1].films[0]).toBeNull();
  expect(r.data.lists[1].films[1]).toMatchObject({ name: "Casablanca", year: 1941, boxArt: "https://art.example/casablanca-1941-240.svg" });
});

test("it costs four calls: profile and rows, then titles and posters", async () => {
  const r = await render(home, { viewer: "demo", tiers: demo });
  expect(r.calls).toBe(4);
  expect(r.levels).toBe(2);
});

test("one film", async () => {
  const r = await render(film, { viewer: "demo", tiers: demo, args: { id: "jaws-1975" } });
  expect(r.data).toMatchObject({ name: "Jaws", year: 1975 });
});
