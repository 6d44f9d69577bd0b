// Reads {schemas: [SDL], pairs: [[before, after]]} and prints, for each pair, what graphql-js finds: [{level, type, description}].
import { readFileSync } from "node:fs";
import { buildSchema, findBreakingChanges, findDangerousChanges } from "graphql";

const { schemas, pairs } = JSON.parse(readFileSync(0, "utf8"));
const built = new Map();
const schema = (i) => {
  if (!built.has(i)) {
    built.set(i, buildSchema(schemas[i], { noLocation: true }));
  }
  return built.get(i);
};
const out = pairs.map(([before, after]) => {
  const [b, a] = [schema(before), schema(after)];
  return [
    ...findBreakingChanges(b, a).map((c) => ({ level: "breaking", ...c })),
    ...findDangerousChanges(b, a).map((c) => ({ level: "dangerous", ...c })),
  ];
});
console.log(JSON.stringify(out));
