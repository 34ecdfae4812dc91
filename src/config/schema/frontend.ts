import * as z from "zod";
import { backendReferenceKeys } from "../../contract/config/backend-reference.ts";
import { exactlyOne, maybe, notYet, notYetValues, oneSpelling } from "../../contract/config/combinators.ts";
import { duration } from "../../contract/config/duration.ts";
import { celExpression } from "../../cel/config-type.ts";
import { maxUint32, uint } from "../../contract/config/numbers.ts";
import { ruleSet } from "../../contract/config/rules.ts";
import { callPolicies } from "./call-policies.ts";
import { cipherSuites } from "./cipher-suites.ts";
import { keepalives } from "./keepalive.ts";
import { plainExtAuthz } from "./not-yet/external-processors.ts";
import { expressionsByName, sampling } from "./telemetry-values.ts";
import { tlsVersion } from "./tls.ts";

/** Settings for every connection and every request, wherever it arrives. */

const http2 = "HTTP/2 settings";
function http2Size() {
  return maybe(notYet(uint(maxUint32), http2));
}

const http = z
  .strictObject({
    maxBufferSize: uint()
      .default(2_097_152)
      .describe("How many bytes of a body may be held in memory where something has to read it in whole."),
    http1MaxHeaders: maybe(uint()).describe("How many headers a request may have."),
    http1IdleTimeout: duration()
      .prefault("10m0s")
      .describe("How long a connection may wait for a request, and a request for the rest of its headers (for that 30s at most)."),
    http1HeaderCase: notYetValues(
      z.enum(["lowercase", "preserve"]).default("lowercase"),
      ["preserve"],
      "keeping the case of header names",
    ).describe("How header names are written."),
    http2WindowSize: http2Size().describe("HTTP/2: flow-control window of a stream, bytes."),
    http2ConnectionWindowSize: http2Size().describe("HTTP/2: flow-control window of a connection, bytes."),
    http2FrameSize: http2Size().describe("HTTP/2: largest frame, bytes."),
    http2MaxHeaderSize: http2Size().describe("HTTP/2: largest header block, bytes."),
    http2KeepaliveInterval: maybe(notYet(duration(), http2)).describe("HTTP/2: time between pings."),
    http2KeepaliveTimeout: maybe(notYet(duration(), http2)).describe("HTTP/2: how long to wait for the answer to a ping."),
    maxConnectionDuration: maybe(duration()).describe("How long a connection may live; the request in flight is finished."),
  })
  .meta({ id: "FrontendHttp" });

const tls = z
  .strictObject({
    handshakeTimeout: duration().prefault("15s").describe("Deadline for the handshake."),
    minVersion: maybe(tlsVersion).describe("Lowest version to accept where a listener says nothing about it."),
    maxVersion: maybe(tlsVersion).describe("Highest version to accept where a listener says nothing about it."),
    alpn: maybe(notYet(z.array(z.array(uint(255))), "choosing ALPN protocols")).describe("Protocols to offer, each as a list of bytes."),
    cipherSuites: maybe(cipherSuites()).describe("Cipher suites to allow where a listener says nothing about it."),
    keyExchangeGroups: maybe(notYet(z.array(z.string()), "choosing key exchange groups")).describe("Key exchange groups to allow."),
  })
  .meta({ id: "FrontendTls" });

const proxyProtocol = z.strictObject({
  version: z.enum(["v1", "v2", "all"]).default("v2"),
  mode: z.enum(["strict", "optional"]).default("strict"),
});

const otlpPath = z.string();

const otlpLog = exactlyOne(backendReferenceKeys(), {
  policies: maybe(callPolicies),
  filter: maybe(celExpression()),
  fields: maybe(z.strictObject({ remove: uniqueNames().optional(), add: expressionsByName.optional() })),
  protocol: z.enum(["grpc", "http"]).default("grpc"),
  path: otlpPath.optional(),
});

const databaseLog = z.strictObject({ llm: maybe(z.enum(["metadata", "full"])), add: expressionsByName.optional() });

const accessLog = z
  .strictObject({
    filter: maybe(celExpression()).describe("CEL that tells which requests are logged."),
    add: expressionsByName.default({}).describe("Fields to add, CEL by name."),
    remove: uniqueNames().default([]).describe("Names of fields to leave out."),
    otlp: maybe(notYet(otlpLog, "sending the access log to a collector")).describe("Send the log to an OpenTelemetry collector."),
    database: maybe(notYet(databaseLog, "keeping the access log in a database")).describe("Keep the log in a database."),
  })
  .meta({ id: "AccessLog" });

const tracing = exactlyOne(backendReferenceKeys(), {
  protocol: z.enum(["grpc", "http"]).default("grpc").describe("How to send, OTLP over gRPC or HTTP."),
  path: otlpPath.default("/v1/traces").describe("Path, for HTTP."),
  attributes: expressionsByName.default({}).describe("Attributes to add to spans, CEL by name."),
  resources: expressionsByName.default({}).describe("Attributes of the resource, such as `service.name`, CEL by name."),
  remove: z.array(z.string()).default([]).describe("Names of attributes to leave out; done before any are added."),
  randomSampling: maybe(sampling).describe("Which requests without a trace start one; none when absent."),
  clientSampling: maybe(sampling).describe("Which requests with a trace go on with it; all when absent."),
  filter: maybe(celExpression()).describe("CEL that tells which spans are kept."),
  policies: maybe(notYet(callPolicies, "policies for the connection to the collector")).describe("How to talk to the collector."),
}).meta({ id: "Tracing" });

function uniqueNames() {
  return z.array(z.string()).refine((names) => new Set(names).size === names.length, "names a field twice");
}

const proxy = () => maybe(notYet(proxyProtocol, "the PROXY protocol"));

export const frontendPolicies = oneSpelling(
  z.strictObject({
    http: maybe(http).describe("HTTP connections."),
    tls: maybe(tls).describe("TLS connections."),
    tcp: maybe(z.strictObject({ keepalives: keepalives.describe("Keepalive probes.") })).describe("TCP connections."),
    networkAuthorization: maybe(ruleSet(celExpression())).describe("Who may connect, by CEL rules on `source.*`."),
    networkExtAuthz: maybe(notYet(plainExtAuthz, "external authorization")).describe("Asks another server who may connect."),
    proxyProtocol: proxy().describe("Reads the client's address from a PROXY protocol header."),
    proxy: proxy().describe("The same as `proxyProtocol`."),
    connect: maybe(
      notYetValues(
        z.strictObject({ mode: z.enum(["deny", "route", "tunnel"]).describe("`deny`: refused with 405.") }).transform(({ mode }) => mode),
        ["route", "tunnel"],
        "CONNECT requests",
      ),
    ).describe("What happens to CONNECT requests."),
    accessLog: maybe(accessLog).describe("What is logged of each request."),
    logging: maybe(accessLog).describe("The same as `accessLog`."),
    tracing: maybe(tracing).describe("Where traces are sent and what is in them."),
  }),
  [
    ["proxyProtocol", "proxy"],
    ["accessLog", "logging"],
  ],
)
  .transform(({ http, tls, tcp, networkAuthorization, accessLog, logging, tracing }) => ({
    http,
    tls,
    tcp,
    networkAuthorization,
    accessLog: accessLog ?? logging,
    tracing,
  }))
  .meta({ id: "FrontendPolicies" });

export type AccessLog = z.output<typeof accessLog>;
export type Tracing = z.output<typeof tracing>;
export type FrontendPolicies = z.output<typeof frontendPolicies>;
