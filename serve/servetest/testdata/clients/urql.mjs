// urql with its document cache: after a mutation a warm client equals a cold one.
import { Client, cacheExchange, fetchExchange } from "@urql/core";
import { FILM, HOME, SET, differ, same, url } from "./world.mjs";

const client = () => new Client({ url, exchanges: [cacheExchange, fetchExchange], preferGetMethod: false });
async function ask(c, text, variables) {
  const r = await c.query(text, variables ?? {}).toPromise();
  if (r.error) throw r.error;
  return r.data;
}
const warm = client();
const before = await ask(warm, FILM, { id: "t7" });
await ask(warm, HOME);
const r = await warm.mutation(SET, { title: "t7", at: 300 }).toPromise();
if (r.error) throw r.error;
same("a warm film", await ask(warm, FILM, { id: "t7" }), await ask(client(), FILM, { id: "t7" }));
differ("the film", await ask(warm, FILM, { id: "t7" }), before);
same("a warm home", await ask(warm, HOME), await ask(client(), HOME));

const get = new Client({ url, exchanges: [cacheExchange, fetchExchange], preferGetMethod: "force" });
same("a film by GET", await ask(get, FILM, { id: "t7" }), await ask(client(), FILM, { id: "t7" }));
console.log("ok");
