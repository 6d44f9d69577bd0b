// Runs graphql-http's audits against a server and prints [{id, name, status, reason}].
import { serverAudits } from "graphql-http";
const results = [];
for (const audit of serverAudits({ url: process.argv[2] })) {
  const r = await audit.fn();
  results.push({ id: r.id, name: r.name, status: r.status, reason: r.reason ?? "" });
}
console.log(JSON.stringify(results));
