// Composes subgraphs to a supergraph: node compose.mjs <to> <name> <file> <url> … three arguments for each subgraph.
import { readFileSync, writeFileSync } from "node:fs";
import { composeServices } from "@theguild/federation-composition";
import { parse } from "graphql";

const [to, ...rest] = process.argv.slice(2);
const services = [];
for (let i = 0; i + 2 < rest.length; i += 3) services.push({ name: rest[i], typeDefs: parse(readFileSync(rest[i + 1], "utf8")), url: rest[i + 2] });
const result = composeServices(services);
if (result.errors?.length) {
  for (const e of result.errors) console.error(e.message);
  process.exit(1);
}
writeFileSync(to, result.supergraphSdl);
