import * as z from "zod";
import { backendReference } from "../../contract/config/backend-reference.ts";
import { maybe, notYet } from "../../contract/config/combinators.ts";
import { duration } from "../../contract/config/duration.ts";
import { backendAuthConfig } from "../../policies/backend-auth/config.ts";
import type { BackendAuthConfig } from "../../policies/backend-auth/config.ts";
import { backendTLSConfig } from "../../policies/backend-tls/config.ts";
import type { BackendTLSConfig } from "../../policies/backend-tls/config.ts";
import { httpConfig } from "../../policies/http/config.ts";
import type { HttpConfig } from "../../policies/http/config.ts";
import { requestHeaderModifierConfig } from "../../policies/request-header-modifier/config.ts";
import type { RequestHeaderModifierConfig } from "../../policies/request-header-modifier/config.ts";
import { plainTransformationsConfig } from "../../policies/transformations/config.ts";
import type { TransformationsConfig } from "../../policies/transformations/config.ts";
import { keepalives } from "./keepalive.ts";

/** Policies for calls that the gateway makes itself: to MCP servers, to collectors, to a server that a policy asks. */
export interface CallPolicies {
  requestHeaderModifier?: RequestHeaderModifierConfig | undefined;
  transformations?: TransformationsConfig | undefined;
  backendTLS?: BackendTLSConfig | undefined;
  backendAuth?: BackendAuthConfig | undefined;
  http?: HttpConfig | undefined;
  tcp?: BackendTcp | undefined;
}

/** Recursive: a credential may come from a server whose call has policies of its own. */
export const callPolicies: z.ZodType<CallPolicies> = z.lazy(() => z.strictObject(callPolicyKeys)).meta({ id: "CallPolicies" });

const backendTunnel = z.strictObject({
  proxy: backendReference().describe("The proxy."),
  policies: maybe(callPolicies).describe("How to talk to the proxy."),
});

/** The connections to one backend, in place of what `config.backend` says for all. */
const tcp = z.strictObject({
  keepalives: keepalives.describe("Keepalive probes."),
  connectTimeout: duration().describe("Deadline for opening a connection."),
});

export type BackendTcp = z.output<typeof tcp>;

/** The keys of the policies above, for objects that have more. */
export const callPolicyKeys = {
  requestHeaderModifier: maybe(requestHeaderModifierConfig.meta({ id: "requestHeaderModifier" })).describe(
    "Changes headers on the way to the backend.",
  ),
  transformations: maybe(plainTransformationsConfig.meta({ id: "plainTransformations" })).describe("Computes headers and bodies."),
  backendTLS: maybe(backendTLSConfig.meta({ id: "backendTLS" })).describe("TLS towards the backend; `{}` is enough to switch it on."),
  backendAuth: maybe(backendAuthConfig(callPolicies).meta({ id: "backendAuth" })).describe(
    "The credential that the backend wants from us.",
  ),
  http: maybe(httpConfig.meta({ id: "backendHttp" })).describe("HTTP settings towards the backend."),
  tcp: maybe(tcp.meta({ id: "backendTcp" })).describe("TCP settings towards the backend."),
  backendTunnel: maybe(notYet(backendTunnel, "reaching backends through a proxy").meta({ id: "backendTunnel" })).describe(
    "Reach the backend through an HTTP CONNECT proxy.",
  ),
};

/** The policies around calls of a gRPC server. */
export const grpcCallPolicies = z
  .strictObject({
    ...callPolicyKeys,
    transformations: maybe(notYet(plainTransformationsConfig, "transformations around gRPC calls")).describe(
      "Computes headers and bodies.",
    ),
    tcp: maybe(notYet(tcp, "TCP settings of gRPC connections")).describe("TCP settings towards the backend."),
  })
  .meta({ id: "GrpcCallPolicies" });
