// Holds REST answers against the OpenAPI document that describes them: standard input is {openapi, answers: [{path, method, status, body}]}.
import { readFileSync } from "node:fs";
import formats from "ajv-formats";
import Ajv from "ajv/dist/2020.js";

const { openapi, answers } = JSON.parse(readFileSync(0, "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true });
formats(ajv);
ajv.addFormat("int32", { type: "number", validate: (n) => Number.isInteger(n) && Math.abs(n) < 2 ** 31 });
ajv.addSchema({ $id: "https://openapi.test/", ...openapi });
for (const { path, method, status, body } of answers) {
  const response = openapi.paths[path]?.[method]?.responses[status === 200 ? "200" : "default"];
  const schema = status === 200 ? response?.content["application/json"].schema : { $ref: "#/components/schemas/facet.Problem" };
  if (!response) {
    console.log(`${method} ${path} is not described`);
    process.exit(1);
  }
  const text = JSON.stringify(schema).replaceAll('"#/', '"https://openapi.test/#/');
  const check = ajv.compile(JSON.parse(text));
  if (!check(body)) {
    console.log(`${method} ${path} ${status}: ${JSON.stringify(check.errors?.slice(0, 3))}\n${JSON.stringify(body).slice(0, 500)}`);
    process.exit(1);
  }
}
console.log("ok " + answers.length);
