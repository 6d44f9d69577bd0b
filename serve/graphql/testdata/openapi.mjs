// Validates the OpenAPI document on standard input; prints "valid" or what is wrong.
import { Validator } from "@seriousme/openapi-schema-validator";
import { readFileSync } from "node:fs";
const validator = new Validator();
const result = await validator.validate(JSON.parse(readFileSync(0, "utf8")));
if (!result.valid) console.log(JSON.stringify(result.errors));
else {
  validator.resolveRefs();
  console.log("valid");
}
