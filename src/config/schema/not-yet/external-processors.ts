import * as z from "zod";
import { backendReferenceKeys } from "../../../contract/config/backend-reference.ts";
import { conditional, exactlyOne, maybe } from "../../../contract/config/combinators.ts";
import { celExpression } from "../../../cel/config-type.ts";
import { headerMap, headerName, headerOrPseudoName } from "../../../contract/config/http-names.ts";
import { maxUint32, statusCode, uint } from "../../../contract/config/numbers.ts";
import { callPolicies } from "../call-policies.ts";

/** Policies that ask another server: external authorization, external processing, remote rate limits. */

const expressions = z.record(z.string(), celExpression());

const protocol = exactlyOne({
  grpc: z
    .strictObject({ context: maybe(z.record(z.string(), z.string())), metadata: maybe(expressions) })
    .describe("Envoy's ext_authz v3 over gRPC."),
  http: z
    .strictObject({
      path: maybe(celExpression()),
      redirect: maybe(celExpression()),
      body: maybe(celExpression()),
      includeResponseHeaders: z.array(headerName()).optional(),
      addRequestHeaders: headerMap(celExpression()).optional(),
      metadata: z.record(z.string(), celExpression()).optional(),
    })
    .describe("One plain HTTP request."),
});

const extAuthzKeys = {
  policies: maybe(callPolicies).describe("How to talk to the server."),
  protocol: protocol.prefault({ grpc: {} }).describe("How to ask."),
  failureMode: z
    .union([z.enum(["allow", "deny"]), z.strictObject({ denyWithStatus: statusCode() })])
    .default("deny")
    .describe("What happens when nobody answers."),
  includeRequestHeaders: z.array(headerOrPseudoName()).optional().describe("Request headers to send along."),
  includeRequestBody: maybe(
    z.strictObject({
      maxRequestBytes: uint(maxUint32).default(0),
      allowPartialMessage: z.boolean().default(false),
      packAsBytes: z.boolean().default(false),
    }),
  ).describe("Whether the body is sent along."),
  cache: maybe(z.strictObject({ key: z.array(celExpression()), ttl: celExpression(), maxEntries: uint().default(10_000) })).describe(
    "How long answers are kept.",
  ),
};

export const plainExtAuthz = exactlyOne(backendReferenceKeys(), extAuthzKeys);
export const extAuthz = conditional(celExpression(), (extra) => exactlyOne(backendReferenceKeys(), { ...extAuthzKeys, ...extra }));

const bodyMode = z.enum(["none", "buffered", "bufferedPartial", "fullDuplexStreamed"]).default("fullDuplexStreamed");
const sendMode = z.enum(["send", "skip"]).default("send");

const extProcKeys = {
  policies: maybe(callPolicies).describe("How to talk to the server."),
  failureMode: z.enum(["failClosed", "failOpen"]).default("failClosed").describe("What happens when nobody answers."),
  metadataContext: maybe(z.record(z.string(), expressions)),
  requestAttributes: maybe(expressions),
  responseAttributes: maybe(expressions),
  processingOptions: z
    .strictObject({
      requestBodyMode: bodyMode,
      responseBodyMode: bodyMode,
      requestHeaderMode: sendMode,
      responseHeaderMode: sendMode,
      requestTrailerMode: sendMode,
      responseTrailerMode: sendMode,
      allowModeOverride: z.boolean().default(false),
    })
    .prefault({})
    .describe("Which parts are sent to the server."),
};

export const extProc = conditional(celExpression(), (extra) => exactlyOne(backendReferenceKeys(), { ...extProcKeys, ...extra }));

const remoteRateLimitKeys = {
  domain: z.string().describe("Domain of the limits on the server."),
  policies: maybe(callPolicies).describe("How to talk to the server."),
  descriptors: z
    .array(
      z.strictObject({
        entries: z.array(z.strictObject({ key: z.string(), value: celExpression() })),
        type: z.enum(["requests", "tokens"]).default("requests"),
        cost: maybe(celExpression()),
        limitOverride: maybe(celExpression()),
      }),
    )
    .describe("What is counted together."),
  failureMode: z
    .enum(["failClosed", "FailClosed", "failOpen", "FailOpen"])
    .transform((mode) => (mode.toLowerCase() === "failopen" ? "failOpen" : "failClosed"))
    .prefault("failClosed")
    .describe("What happens when nobody answers."),
};

export const plainRemoteRateLimit = exactlyOne(backendReferenceKeys(), remoteRateLimitKeys);
export const remoteRateLimit = conditional(celExpression(), (extra) =>
  exactlyOne(backendReferenceKeys(), { ...remoteRateLimitKeys, ...extra }),
);
