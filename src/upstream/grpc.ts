import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import type { ChannelCredentials, Client, ClientUnaryCall, Metadata } from "@grpc/grpc-js";
import type { HeaderList } from "../base/headers.ts";
import { GatewayError } from "../contract/errors.ts";
import type { Outgoing, Upstream } from "../contract/outgoing.ts";
import { type Propagation, propagate, recordSpan } from "../contract/propagation.ts";
import { Reply } from "../contract/reply.ts";
import type { UpstreamAddress, UpstreamTls } from "../contract/runtime.ts";
import { identityCheck } from "./connect.ts";
import type { PoolDeps } from "./pool-settings.ts";

export interface GrpcSettings {
  /** Bytes of one answer. */
  readonly maxMessageBytes: number;
  /** Calls at a time; further ones fail at once. */
  readonly maxCalls: number;
}

/** What of the library is used; it is loaded with the first call, as few configurations call gRPC servers. */
interface Grpc {
  readonly client: Client;
  readonly Metadata: new () => Metadata;
  /** Names by number. */
  readonly status: Readonly<Record<number, string | undefined>>;
}

/**
 * A gRPC server as an upstream, so that backend policies go around its calls like around any others. The path of a request
 * is the method (`/package.Service/Method`), its body the message, its fields the metadata; so is the reply's body.
 * `send` fails with `upstream_timeout`, `overloaded`, or `upstream_failed` with the status' name as detail; what the server
 * said about it is in the cause, for the log alone.
 */
export function createGrpcUpstream(address: UpstreamAddress, settings: GrpcSettings, { clock, metrics }: PoolDeps): Upstream {
  const endpoint = `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
  let loading: Promise<Grpc> | undefined;
  let calls = 0;

  async function send(outgoing: Outgoing): Promise<Reply> {
    if (calls >= settings.maxCalls) throw new GatewayError("overloaded", { detail: "too many calls of one gRPC server" });
    calls += 1;
    const propagation = propagate(outgoing.exchange);
    const startedAt = clock.monotonic();
    let failure: string | undefined;
    try {
      const grpc = await (loading ??= open(address, endpoint, settings));
      return new Reply(200, undefined, await call(grpc, outgoing, propagation));
    } catch (thrown) {
      failure = String(thrown);
      throw thrown;
    } finally {
      calls -= 1;
      const durationMs = clock.monotonic() - startedAt;
      metrics.upstreamCalled(outgoing.purpose, durationMs);
      note(outgoing, propagation, { endedAt: clock.wall(), durationMs, failure });
    }
  }

  return { endpoint, send, close: () => void loading?.then(({ client }) => client.close()).catch(() => {}) };
}

async function open(address: UpstreamAddress, endpoint: string, settings: GrpcSettings): Promise<Grpc> {
  const { Client, Metadata, credentials, status } = await import("@grpc/grpc-js");
  const { tls } = address;
  const secure = (given: UpstreamTls): ChannelCredentials => {
    return credentials.createSsl(pem(given.ca), pem(given.key), pem(given.cert), {
      checkServerIdentity:
        identityCheck(given).checkServerIdentity ??
        ((_, certificate) => checkServerIdentity(given.serverName ?? address.host, certificate)),
      ...(given.insecure === true ? { rejectUnauthorized: false } : {}),
    });
  };
  const client = new Client(endpoint, tls === undefined ? credentials.createInsecure() : secure(tls), {
    "grpc.max_receive_message_length": settings.maxMessageBytes,
    "grpc.max_send_message_length": -1,
    "grpc.enable_retries": 0, // a check is asked once; who repeats a call is the retry policy
    "grpc.enable_http_proxy": 0, // like our other connections, whatever the environment says
    "grpc.service_config_disable_resolution": 1, // no TXT lookups
    "grpc.use_local_subchannel_pool": 1, // so that its connections end with it
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 5_000,
    ...(tls === undefined ? {} : { "grpc.ssl_target_name_override": askedName(tls.serverName ?? address.host) }),
    ...(tls?.serverName === undefined ? {} : { "grpc.default_authority": tls.serverName }),
  });
  return { client, Metadata, status };
}

function pem(text: string | undefined): Buffer | null {
  return text === undefined ? null : Buffer.from(text);
}

/**
 * The name that TLS asks for (SNI). The library would ask for an address, which RFC 6066 does not allow and node refuses,
 * and it cannot be kept from asking: so it gets a name that no server has. The certificate is checked against the address.
 */
function askedName(name: string): string {
  return isIP(name) === 0 ? name : "address.invalid";
}

function call(grpc: Grpc, outgoing: Outgoing, propagation: Propagation | undefined): Promise<Buffer> {
  const { exchange, head, timeoutMs } = outgoing;
  const metadata = metadataOf(grpc, head.headers, propagation);
  const message = outgoing.body instanceof Uint8Array ? Buffer.from(outgoing.body) : Buffer.alloc(0);
  // the server is told when nobody waits any more; the library counts by the system's own time
  const options = {
    ...(timeoutMs > 0 ? { deadline: new Date(Date.now() + timeoutMs) } : {}),
    ...(outgoing.rewriteAuthority ? {} : { host: head.authority }),
  };
  return new Promise((resolve, reject) => {
    let leave = (): void => {};
    const same = (bytes: Buffer): Buffer => bytes;
    const sent: ClientUnaryCall = grpc.client.makeUnaryRequest(head.path, same, same, message, metadata, options, (error, answer) => {
      leave();
      if (error === null && answer !== undefined) resolve(answer);
      else reject(failureOf(error, grpc));
    });
    leave = exchange.onAbort(() => sent.cancel());
  });
}

function failureOf(cause: { readonly code?: number } | null, { status }: Grpc): GatewayError {
  const name = status[cause?.code ?? 2] ?? "UNKNOWN";
  return name === "DEADLINE_EXCEEDED"
    ? new GatewayError("upstream_timeout", { cause })
    : new GatewayError("upstream_failed", { detail: name, cause });
}

/** Fields that belong to the transport or to gRPC itself. */
function isReserved(name: string): boolean {
  return name.startsWith("grpc-") || name.startsWith(":") || name === "host" || name === "content-type" || name === "user-agent";
}

function metadataOf({ Metadata }: Grpc, headers: HeaderList, propagation: Propagation | undefined): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of headers.entries()) {
    if (isReserved(name)) continue;
    metadata.add(name, name.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  if (propagation !== undefined) {
    metadata.set("traceparent", propagation.traceparent);
    if (propagation.tracestate !== undefined) metadata.set("tracestate", propagation.tracestate);
  }
  return metadata;
}

interface Outcome {
  /** Epoch milliseconds. */
  readonly endedAt: number;
  readonly durationMs: number;
  readonly failure: string | undefined;
}

function note(outgoing: Outgoing, propagation: Propagation | undefined, { endedAt, durationMs, failure }: Outcome): void {
  const { exchange, head, purpose, backend } = outgoing;
  recordSpan(exchange, propagation, {
    name: head.path.slice(1),
    startedAt: endedAt - durationMs,
    endedAt,
    attributes: {
      "agentgateway.outbound.kind": purpose.kind,
      "agentgateway.outbound.subtype": purpose.subtype,
      "rpc.system": "grpc",
      "server.address": backend.host ?? "",
    },
    error: failure,
  });
}
