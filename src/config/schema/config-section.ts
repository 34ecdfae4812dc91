import * as z from "zod";
import { listenAddress } from "../../contract/config/address.ts";
import { extension, maybe, notYet, notYetValues, orDefault } from "../../contract/config/combinators.ts";
import { duration } from "../../contract/config/duration.ts";
import { celExpression } from "../../cel/config-type.ts";
import { httpUrl } from "../../contract/config/files.ts";
import { headerMap, headerName } from "../../contract/config/http-names.ts";
import { maxUint32, uint } from "../../contract/config/numbers.ts";
import { isLogLevel } from "../../telemetry/log/levels.ts";
import { keepalives } from "./keepalive.ts";
import { modelCatalog } from "./not-yet/model-catalog.ts";
import { expressionsByName, fieldChanges, sampling } from "./telemetry-values.ts";

/** Settings of the process itself. They are read at the start, not on reload. */

const xds = "a control plane (xDS)";
const mesh = "service mesh identity";
const later = (what: string) => maybe(notYet(z.string(), what));

const database = z.strictObject({
  url: z.string().describe("`sqlite://...` or `postgres://...`."),
  maxConnections: maybe(uint(maxUint32).min(1)).describe("How many connections to open; 5 when absent."),
});

const tracing = z.strictObject({
  otlpEndpoint: maybe(httpUrl()).describe("URL of the OpenTelemetry collector."),
  otlpProtocol: z.enum(["grpc", "http"]).default("grpc").describe("How to send."),
  headers: headerMap(z.string()).prefault({}).describe("Headers to send along, such as a key."),
  path: maybe(z.string()).describe("Path, for HTTP; `/v1/traces` when absent."),
  fields: maybe(fieldChanges).describe("Attributes to add to spans and to leave out."),
  randomSampling: maybe(sampling).describe("Which requests without a trace start one; none when absent."),
  clientSampling: maybe(sampling).describe("Which requests with a trace go on with it; all when absent."),
});

const logLevelText = "expected off, error, warn, info, debug or trace, or `request=` and one of these";

const logging = z.strictObject({
  level: maybe(
    z.union([z.string(), z.array(z.string()).transform((levels) => levels.join(","))]).refine(isLogLevel, logLevelText),
  ).describe("`off`, `error`, `warn`, `info`, `debug` or `trace`; `request=level` is the access log's. Several with commas or as a list."),
  format: maybe(z.enum(["text", "json"])).describe("How lines are written; `text` when absent."),
  filter: maybe(celExpression()).describe("CEL that tells which requests are logged."),
  fields: maybe(fieldChanges).describe("Fields of the access log to add and to leave out."),
  database: maybe(notYet(database, "keeping the access log in a database")).describe("Keep the log in a database."),
});

const metrics = z.strictObject({
  remove: z.array(z.string()).default([]).describe("Names of metrics to leave out."),
  fields: maybe(z.strictObject({ add: expressionsByName.default({}).describe("Labels to add, CEL by name.") })).describe(
    "Labels of our own.",
  ),
});

const backend = z.strictObject({
  keepalives: keepalives.prefault({}).describe("Keepalive probes."),
  connectTimeout: duration().prefault("10s").describe("Deadline for opening a connection."),
  poolIdleTimeout: duration().prefault("1m30s").describe("How long an unused connection is kept."),
  poolMaxSize: maybe(uint()).describe("How many unused connections are kept per host; any number when absent."),
});

const hbone = z.strictObject({
  windowSize: maybe(uint(maxUint32)),
  connectionWindowSize: maybe(uint(maxUint32)),
  frameSize: maybe(uint(maxUint32)),
  poolMaxStreamsPerConn: maybe(uint(65_535)),
  poolUnusedReleaseTimeout: maybe(duration()),
});

const dns = z.strictObject({
  lookupFamily: maybe(z.enum(["All", "Auto", "V4Preferred", "V4Only", "V6Only"])),
  edns0: maybe(z.boolean()),
});

const state = z.strictObject({
  // not one of the files that are read at load and watched: we write it ourselves
  file: z.string().min(1, "expected the path of a file").describe("SQLite file; made when it is not there."),
  key: maybe(z.string().regex(/^[0-9a-fA-F]{64}$/, "expected 64 hexadecimal digits, such as `openssl rand -hex 32` prints")).describe(
    "32 bytes as hexadecimal digits, which secrets in the file are encrypted with. Without it secrets are not written to the file, and are forgotten at the end of the process. `STATE_KEY` in the environment comes first.",
  ),
});

const sessionKey = z.string().regex(/^[0-9a-fA-F]{64}$/, "expected 64 hexadecimal digits, such as `openssl rand -hex 32` prints");

export const configSection = z
  .strictObject({
    adminAddr: orDefault(listenAddress(), "localhost:15000").describe("Where the admin interface listens."),
    statsAddr: orDefault(listenAddress(), "[::]:15020").describe("Where metrics are served."),
    readinessAddr: orDefault(listenAddress(), "[::]:15021").describe("Where readiness is told."),
    enableIpv6: orDefault(z.boolean(), true).describe("Whether IPv6 is used."),
    session: maybe(
      z.strictObject({
        key: sessionKey.describe(
          "32 bytes as hexadecimal digits, which MCP session ids are sealed with. With the same key, replicas go on with each other's sessions, and a restart loses none. `SESSION_KEY` in the environment comes first.",
        ),
      }),
    ).describe("Protection of what clients carry for us. Without a key, each process makes one of its own."),
    mcp: maybe(z.strictObject({ sessionTtl: orDefault(duration(), "30m").describe("How long an unused MCP session is kept.") })).describe(
      "MCP sessions.",
    ),
    state: maybe(extension(state, "state that outlives the process")).describe(
      "Where approved tool definitions and people's logins at MCP servers are kept. When absent they are forgotten at the end of the process.",
    ),
    connectionTerminationDeadline: orDefault(duration(), "5s").describe("How long connections may take to end when the process stops."),
    connectionMinTerminationDeadline: orDefault(duration(), "0s").describe(
      "How long the process goes on serving, at least, when it is told to stop.",
    ),
    sensitiveHeaders: z
      .array(headerName())
      .prefault([])
      .describe("Request headers whose values are never shown, beyond those that are known."),
    standardAttributes: maybe(
      notYet(
        z.strictObject({
          user: maybe(celExpression()).describe("CEL that names the user."),
          group: maybe(celExpression()).describe("CEL that names the group."),
        }),
        "usage by user and group in a database",
      ),
    ).describe("Who is behind a request, in the database of usage. For metrics and logs: `config.metrics.fields`, `accessLog.add`."),
    logging: maybe(logging).describe("The process's log and, in the older form, the access log."),
    tracing: maybe(tracing).describe("Tracing, in the older form; `frontendPolicies.tracing` is the newer one."),
    metrics: maybe(metrics).describe("Metrics."),
    backend: backend.prefault({}).describe("Connections to backends."),
    histograms: notYetValues(z.enum(["classic", "native", "both"]).default("classic"), ["native", "both"], "native histograms").describe(
      "Kind of histograms.",
    ),
    modelCatalog: maybe(notYet(modelCatalog, "prices of models")).describe("Prices of models."),
    database: maybe(notYet(database, "a database")).describe("Where usage is kept."),
    storage: maybe(
      z.strictObject({
        mode: notYetValues(z.enum(["file", "hybrid", "readOnly"]).default("file"), ["hybrid", "readOnly"], "this storage mode").describe(
          "Who may write the configuration.",
        ),
      }),
    ).describe("Where the configuration is kept."),
    customFunctions: notYet(z.string(), "CEL functions of one's own").optional().describe("CEL functions for all expressions."),
    dns: maybe(notYet(dns, "settings for the resolver")).describe("Name resolution."),
    workerThreads: maybe(notYet(z.union([z.string(), z.int()]), "choosing the number of threads")).describe("How many threads work."),
    hbone: maybe(notYet(hbone, "HBONE")).describe("HBONE tunnels."),
    spiffe: maybe(notYet(z.strictObject({ endpoint: maybe(z.string()) }), "SPIFFE")).describe("SPIFFE Workload API."),
    localXdsPath: later("another file for routes").describe("Another file for everything but this section."),
    caAddress: later(mesh).describe("Certificate authority."),
    caAuthToken: later(mesh).describe("Token for it."),
    xdsAddress: later(xds).describe("Control plane."),
    xdsAuthToken: later(xds).describe("Token for it."),
    namespace: later(xds).describe("Namespace of this instance."),
    gateway: later(xds).describe("Name of this instance."),
    trustDomain: later(mesh).describe("Trust domain."),
    additionalTrustDomains: later(mesh).describe("Further trust domains, with commas."),
    skipValidateTrustDomain: maybe(notYet(z.boolean(), mesh)).describe("Whether trust domains are left unchecked."),
    serviceAccount: later(mesh).describe("Service account."),
    clusterId: later(mesh).describe("Cluster."),
    network: later(mesh).describe("Network."),
  })
  .meta({ id: "ConfigSection" });

export type ConfigSection = z.output<typeof configSection>;
