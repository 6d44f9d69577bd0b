// Asks a server for its schema as tools do and compares that with the SDL on standard input; prints "equal" or the difference.
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema, validateSchema } from "graphql";
import { readFileSync } from "node:fs";
const res = await fetch(process.argv[2], {
  method: "POST",
  headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
  body: JSON.stringify({ query: getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true }) }),
});
const body = await res.json();
if (body.errors) {
  console.log(JSON.stringify(body.errors));
  process.exit(1);
}
const got = buildClientSchema(body.data);
const problems = validateSchema(got);
const print = (s) => printSchema(lexicographicSortSchema(s));
const want = buildSchema(readFileSync(0, "utf8"));
if (problems.length > 0) console.log(String(problems[0]));
else if (print(got) !== print(want)) console.log("got:\n" + print(got) + "\nwant:\n" + print(want));
else console.log("equal");
