import { expect, render, test, tiers } from "@facet/sdk/test";
import { home } from "./src/index";

test("the home shows what is on the shelf", async () => {
  const r = await render(home, { tiers: tiers.from("./fixtures/shelf.json") });
  expect(r.data.products[0]).toMatchObject({ name: "Green tea", price: "4.50" });
  expect(r.calls).toBe(2);
});
