import * as z from "zod";
import { hostnamePattern } from "../../contract/config/address.ts";
import { maybe, notYet, notYetValues } from "../../contract/config/combinators.ts";
import { port } from "../../contract/config/numbers.ts";
import { gatewayPolicies } from "./policies.ts";
import { route, tcpRoute } from "./routes.ts";
import { listenerTls } from "./tls.ts";

const listener = z
  .strictObject({
    name: maybe(z.string()).describe("Name, for logs, metrics and `policies[].target`."),
    namespace: maybe(notYet(z.string(), "namespaces of listeners")).describe("Namespace of the name."),
    hostname: maybe(hostnamePattern()).describe("Host name that it serves, such as `api.example.com` or `*.example.com`; absent: all."),
    protocol: notYetValues(
      z.enum(["HTTP", "HTTPS", "TLS", "TCP", "HBONE"]).default("HTTP"),
      ["TLS", "TCP", "HBONE"],
      "this protocol",
    ).describe("What is spoken on it."),
    tls: maybe(listenerTls).describe("Certificate, for HTTPS."),
    routes: maybe(z.array(route)).describe("HTTP routes."),
    tcpRoutes: maybe(z.array(tcpRoute)).describe("TCP routes."),
    policies: maybe(gatewayPolicies).describe("Policies before a route is chosen."),
  })
  .meta({ id: "Listener" });

/** The older form: a port with everything on it. */
export const bind = z
  .strictObject({
    port: maybe(port()).describe("Port to listen on."),
    mode: notYetValues(z.enum(["standard", "internal"]).default("standard"), ["internal"], "binds without a socket").describe(
      "`standard`: a socket is opened. `internal`: none.",
    ),
    tunnelProtocol: notYetValues(
      z.enum(["direct", "hboneWaypoint", "hboneGateway", "proxy", "connect"]).default("direct"),
      ["hboneWaypoint", "hboneGateway", "proxy", "connect"],
      "this tunnel protocol",
    ).describe("How connections arrive."),
    listeners: z.array(listener).describe("What is served on the port, by host name."),
  })
  .meta({ id: "Bind" });

export type Listener = z.output<typeof listener>;
export type Bind = z.output<typeof bind>;
