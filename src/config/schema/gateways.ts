import * as z from "zod";
import { hostnamePattern } from "../../contract/config/address.ts";
import { maybe, notYetValues } from "../../contract/config/combinators.ts";
import { port } from "../../contract/config/numbers.ts";
import { gatewayPolicyKeys } from "./policies.ts";
import { listenerTls } from "./tls.ts";

const protocol = maybe(notYetValues(z.enum(["HTTP", "HTTPS", "TCP", "TLS"]), ["TCP", "TLS"], "this protocol")).describe(
  "What is spoken; HTTP when absent, HTTPS with `tls`.",
);

const tls = maybe(listenerTls).describe("Certificate; makes it HTTPS.");

const gatewayListener = z
  .strictObject({
    name: maybe(z.string()).describe("Name to refer to; `listener<number>` when absent."),
    hostname: maybe(hostnamePattern()).describe("Host name that it serves; absent: all."),
    protocol,
    tls,
    ...gatewayPolicyKeys,
  })
  .meta({ id: "GatewayListener" });

/** A port, for routes, `llm`, `mcp` and `ui` to attach to. */
export const gateway = z
  .strictObject({
    port: maybe(port()).describe("Port to listen on."),
    protocol,
    tls,
    listeners: z
      .array(gatewayListener)
      .optional()
      .describe("Several listeners on the port, by host name. With them only `port` stands beside."),
    ...gatewayPolicyKeys,
  })
  .meta({ id: "Gateway" });

export type GatewayListener = z.output<typeof gatewayListener>;
export type Gateway = z.output<typeof gateway>;
