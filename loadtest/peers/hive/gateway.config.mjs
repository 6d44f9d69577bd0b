// Hive Gateway as for production: no pages for people, no polling, errors only in the log. The rest is its default.
import { defineConfig } from "@graphql-hive/gateway";

export const gatewayConfig = defineConfig({
  landingPage: false,
  graphiql: false,
  logging: "error",
});
