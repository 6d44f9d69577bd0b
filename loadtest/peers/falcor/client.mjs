// What the falcor client makes of the contest page: node client.mjs <url of model.json>. It prints the page as JSON.
import falcor from "falcor";
import HttpDataSource from "falcor-http-datasource";

const to = (n) => ({ from: 0, to: n - 1 });
const model = new falcor.Model({ source: new HttpDataSource(process.argv[2], { timeout: 10_000 }) });
const profile = ["profilesById", "p1"];
model
  .get(
    [...profile, "name"],
    [...profile, "recent", to(3)],
    [...profile, "rows", to(20), "name"],
    [...profile, "rows", to(20), "items", to(20), ["id", "title", "year", "runtimeMinutes", "rating", "synopsis", "art", "at"]],
  )
  .subscribe(
    // $__path is what the Model adds for itself.
    (page) => process.stdout.write(JSON.stringify(page.json.profilesById.p1, (key, v) => (key === "$__path" ? undefined : v))),
    (e) => {
      console.error(e);
      process.exitCode = 1;
    },
  );
