// The contest page by falcor-router on node:http: GET /model.json?paths=…&method=get. It prints where it is, and ends with its input.
import http from "node:http";
import { Routes } from "./routes.mjs";
import { tiers } from "./tiers.mjs";

const server = http.createServer({ maxHeaderSize: 64 << 10 }, (request, response) => {
  const send = (status, body) => {
    const text = JSON.stringify(body);
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
  };
  const url = new URL(request.url, "http://localhost");
  if (request.method !== "GET" || url.pathname !== "/model.json" || url.searchParams.get("method") !== "get") return send(404, { message: "only GET /model.json?method=get" });
  let paths;
  try {
    paths = JSON.parse(url.searchParams.get("paths"));
  } catch {
    return send(400, { message: "paths is no JSON" });
  }
  new Routes(tiers()).get(paths).subscribe(
    (envelope) => send(200, envelope),
    (e) => send(500, { message: String(e?.message ?? e) }),
  );
});

server.listen(0, "127.0.0.1", () => console.log(`URL=http://127.0.0.1:${server.address().port}\nready`));
process.stdin.on("end", () => process.exit(0)).resume();
