// The falcor Model over its own HTTP data source, with the requests that it made.
import falcor from "falcor";
import HttpDataSource from "falcor-http-datasource";
import { invalidatingSource } from "@facet/sdk/falcor";
import { at, plain, same } from "./edge.mjs";

/** A client of a device schema. */
export class Client {
  requests = [];

  constructor(route, headers = {}, helped = true) {
    this.route = route;
    this.headers = headers;
    const inner = new HttpDataSource(at(route, "model.json"), { timeout: 30_000, headers: { ...headers } });
    const source = {};
    for (const method of ["get", "set", "call"]) {
      source[method] = (...args) => {
        this.requests.push({ method, args });
        return inner[method](...args);
      };
    }
    this.model = new falcor.Model({ source: helped ? invalidatingSource(source, () => this.model) : source });
  }

  /** get gives the JSON of paths; errors of values reject. */
  get = (...paths) => this.ask(this.model.get(...paths));
  set = (...values) => this.ask(this.model.set(...values));
  call = (...args) => this.ask(this.model.call(...args));

  ask(response) {
    let last;
    return new Promise((resolve, reject) => response.subscribe((v) => (last = v), (e) => reject(e instanceof Error ? e : new Error(JSON.stringify(e))), () => resolve(plain(last?.json))));
  }

  /** agrees says that this warm Model and a cold one give the same for the paths. */
  async agrees(what, paths) {
    const warm = await this.get(...paths);
    same(what, warm, await new Client(this.route, this.headers).get(...paths));
    return warm;
  }
}
