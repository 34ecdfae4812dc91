import { createServer } from "node:http";
import { createServer as createHttp2Server, type Http2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Server } from "node:net";

/** A span as a collector received it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly statusCode: number;
  readonly traceState: string;
}

export interface Received {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly path: string;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly spans: readonly ReceivedSpan[];
}

/** A trace collector on a loopback port. `next()` resolves with the next export. */
export interface TestCollector {
  readonly port: number;
  readonly received: Received[];
  next(): Promise<Received>;
  close(): Promise<void>;
}

class Inbox {
  readonly received: Received[] = [];
  private readonly waiting: ((one: Received) => void)[] = [];
  private taken = 0;

  add(one: Received): void {
    this.received.push(one);
    this.waiting.shift()?.(one);
  }

  next(): Promise<Received> {
    const one = this.received[this.taken++];
    return one === undefined ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve(one);
  }
}

async function listening(server: Server, inbox: Inbox, end: () => void): Promise<TestCollector> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received: inbox.received,
    next: () => inbox.next(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        end();
      }),
  };
}

/** OTLP over HTTP with JSON. @param status the answer to every export */
export function startHttpCollector(status = 200): Promise<TestCollector> {
  const inbox = new Inbox();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const message = JSON.parse(Buffer.concat(chunks).toString()) as OtlpJson;
      const group = message.resourceSpans[0];
      inbox.add({
        headers: request.headers,
        path: request.url ?? "",
        resource: fromJson(group?.resource.attributes ?? []),
        spans: (group?.scopeSpans ?? []).flatMap(({ spans }) =>
          spans.map((span) => ({
            ...span,
            parentSpanId: span.parentSpanId ?? "",
            traceState: span.traceState ?? "",
            statusCode: span.status.code,
            attributes: fromJson(span.attributes),
          })),
        ),
      });
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });
  return listening(server, inbox, () => server.closeAllConnections());
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpJson {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, "attributes" | "statusCode" | "parentSpanId" | "traceState"> & {
        readonly attributes: readonly OtlpAttribute[];
        readonly status: { readonly code: number };
        readonly parentSpanId?: string;
        readonly traceState?: string;
      })[];
    }[];
  }[];
}

function fromJson(attributes: readonly OtlpAttribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** OTLP over gRPC: HTTP/2, a five byte frame head, protobuf. */
export async function startGrpcCollector(): Promise<TestCollector> {
  const inbox = new Inbox();
  const sessions = new Set<Http2Session>();
  const server = createHttp2Server();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      inbox.add(readExport(Buffer.concat(chunks).subarray(5), headers));
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from([0, 0, 0, 0, 0]));
    });
  });
  return listening(server, inbox, () => {
    for (const session of sessions) session.destroy();
  });
}

/** ExportTraceServiceRequest of opentelemetry-proto, as far as the tests look. */
function readExport(message: Buffer, headers: Readonly<Record<string, unknown>>): Received {
  const group = fields(fields(message).get(1)?.[0] as Buffer);
  const resource = fields((group.get(1)?.[0] as Buffer | undefined) ?? Buffer.alloc(0));
  const spans = (group.get(2) ?? []).flatMap((scope) => fields(scope as Buffer).get(2) ?? []);
  return {
    headers,
    path: String(headers[":path"]),
    resource: readAttributes(resource.get(1)),
    spans: spans.map((bytes) => {
      const span = fields(bytes as Buffer);
      const one = (number: number): Buffer => (span.get(number)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
      return {
        traceId: one(1).toString("hex"),
        spanId: one(2).toString("hex"),
        traceState: one(3).toString(),
        parentSpanId: one(4).toString("hex"),
        name: one(5).toString(),
        kind: Number(span.get(6)?.[0] ?? 0),
        attributes: readAttributes(span.get(9)),
        statusCode: Number(fields(one(15)).get(3)?.[0] ?? 0),
      };
    }),
  };
}

type ProtoValue = Buffer | bigint;

function readAttributes(pairs: readonly ProtoValue[] = []): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const keyValue = fields(pair as Buffer);
      const any = fields(keyValue.get(2)?.[0] as Buffer);
      const [kind, [value]] = [...any][0] as [number, [ProtoValue]];
      const read = kind === 1 ? String(value) : kind === 4 ? (value as Buffer).readDoubleLE() : Number(value);
      return [String(keyValue.get(1)?.[0]), kind === 2 ? read === 1 : read];
    }),
  );
}

/** The members of a protobuf message by field number. */
function fields(message: Buffer): Map<number, ProtoValue[]> {
  const found = new Map<number, ProtoValue[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const bytes = (length: number): Buffer => message.subarray(at, (at += length));
  while (at < message.length) {
    const tag = Number(varint());
    const wireType = tag & 7;
    const value = wireType === 0 ? varint() : wireType === 1 ? bytes(8) : wireType === 5 ? bytes(4) : bytes(Number(varint()));
    const list = found.get(tag >> 3) ?? [];
    list.push(value);
    found.set(tag >> 3, list);
  }
  return found;
}
