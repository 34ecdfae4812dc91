import { compileRules } from "../../cel/rules.ts";
import type { Connection } from "../../contract/exchange.ts";
import type { FrontendPolicies } from "../schema/frontend.ts";
import type { Build } from "./build.ts";
import { connectionView } from "../../cel/environment.ts";

/** Compiles frontendPolicies.networkAuthorization: rules on `source.*`, asked once per connection before anything is read from it. */
export function compileNetworkRules(
  rules: NonNullable<FrontendPolicies["networkAuthorization"]>,
  build: Build,
): (connection: Connection) => boolean {
  const compiled = compileRules([rules], () => build.deps.metrics.ruleFailed("networkAuthorization"));
  return (connection) => compiled.allows(connectionView(connection));
}
