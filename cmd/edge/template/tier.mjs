// A backend to start with: replace it by your own, or point SHOP_URL at one.
import { createServer } from "node:http";

const products = [
  { id: "tea", name: "Green tea", cents: 450 },
  { id: "cup", name: "A cup", cents: 1200 },
  { id: "pot", name: "A pot", cents: 3900 },
];

const server = createServer((request, response) => {
  const send = (body) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(body));
  };
  if (request.url === "/products") return send({ products });
  if (request.url !== "/products:batchGet") return response.writeHead(404).end();
  let body = "";
  request.on("data", (part) => {
    if ((body += part).length > 100_000) request.destroy();
  });
  request.on("end", () => {
    try {
      const { ids } = JSON.parse(body);
      send({ products: products.filter((p) => ids.includes(p.id)) });
    } catch {
      response.writeHead(400).end();
    }
  });
});

server.listen(0, "127.0.0.1", () => {
  console.log(`SHOP_URL=http://127.0.0.1:${server.address().port}`);
  console.log("ready");
});
process.stdin.on("end", () => process.exit(0)).resume(); // it ends with the edge that started it
process.on("SIGINT", () => process.exit(0));
