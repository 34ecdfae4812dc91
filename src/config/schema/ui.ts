import * as z from "zod";
import { maybe, notYet } from "../../contract/config/combinators.ts";
import { gatewayReferences } from "./gateway-references.ts";
import { uiPolicies } from "./policies.ts";

/** The admin UI served through a gateway, besides the admin address. */
export const uiSection = notYet(
  z.strictObject({ gateways: gatewayReferences, policies: maybe(uiPolicies).describe("Who may use it.") }),
  "the UI behind a gateway",
).meta({ id: "Ui" });
