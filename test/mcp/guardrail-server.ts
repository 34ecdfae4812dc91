import { fileURLToPath } from "node:url";
import {
  loadPackageDefinition,
  type Metadata,
  type sendUnaryData,
  Server,
  type ServerCredentials,
  ServerCredentials as Credentials,
  type ServerUnaryCall,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** A policy server made from ext-mcp.proto by another implementation of protobuf than ours. */

const definition = loadSync(fileURLToPath(new URL("../../src/mcp/guardrails/ext-mcp.proto", import.meta.url)), {
  keepCase: true,
  enums: String,
  longs: Number,
  defaults: false,
  oneofs: true,
});

/** A question as the server got it, its JSON and Structs as data. */
export interface Asked {
  readonly rpc: "CheckRequest" | "CheckResponse";
  readonly targets: readonly string[];
  readonly method: string;
  readonly context: Record<string, unknown> | undefined;
  /** `params` or `result`; undefined where there are none. */
  readonly json: unknown;
  /** The same as it came. */
  readonly text: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** gRPC metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** The other end of the connection. */
  readonly peer: string;
}

/** The answer in the words of ext-mcp.proto; texts for bytes, data for Structs. */
export interface Said {
  readonly pass?: object;
  readonly mutated?: unknown;
  readonly error?: { readonly code?: string; readonly reason?: string; readonly mcp_error?: string };
  readonly header_mutation?: { readonly set?: readonly { key: string; value: string }[]; readonly remove?: readonly string[] };
  readonly metadata?: Record<string, unknown>;
}

/** An answer, bytes in the place of one, or an error with a gRPC status. */
export type Answer = Said | Buffer | { readonly code: number; readonly details: string };

export interface GuardrailServerOptions {
  readonly answer?: (asked: Asked) => Answer | Promise<Answer>;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly port?: number;
}

export class GuardrailServer {
  readonly asked: Asked[] = [];
  answer: (asked: Asked) => Answer | Promise<Answer>;
  port = 0;
  private readonly server = new Server({ "grpc.max_receive_message_length": 64_000_000, "grpc.max_send_message_length": 64_000_000 });

  private constructor(options: GuardrailServerOptions) {
    this.answer = options.answer ?? (() => ({ pass: {} }));
  }

  static async start(options: GuardrailServerOptions = {}): Promise<GuardrailServer> {
    const server = new GuardrailServer(options);
    const loaded = loadPackageDefinition(definition) as unknown as {
      agentgateway: { dev: { ext_mcp: { ExtMcp: { service: ServiceDefinition } } } };
    };
    const { service } = loaded.agentgateway.dev.ext_mcp.ExtMcp;
    // a Buffer is sent as it is, so that a test can send what no library would
    const raw = Object.fromEntries(
      Object.entries(service).map(([name, method]) => [
        name,
        { ...method, responseSerialize: (value: object) => (Buffer.isBuffer(value) ? value : method.responseSerialize(value)) },
      ]),
    );
    server.server.addService(raw as ServiceDefinition, {
      CheckRequest: (call: Call, done: Done) => void server.handle("CheckRequest", call, done),
      CheckResponse: (call: Call, done: Done) => void server.handle("CheckResponse", call, done),
    });
    const { tls, port = 0 } = options;
    const secure = (): ServerCredentials =>
      tls === undefined
        ? Credentials.createInsecure()
        : Credentials.createSsl(null, [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }]);
    server.port = await new Promise<number>((resolve, reject) => {
      server.server.bindAsync(`127.0.0.1:${port}`, secure(), (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
    return server;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The last question. */
  get last(): Asked {
    const last = this.asked.at(-1);
    if (last === undefined) throw new Error("nobody asked");
    return last;
  }

  /** Methods asked about, with the phase. */
  get methods(): string[] {
    return this.asked.map(({ rpc, method }) => `${rpc === "CheckRequest" ? "request" : "response"} ${method}`);
  }

  close(): void {
    this.server.forceShutdown();
  }

  private async handle(rpc: Asked["rpc"], call: Call, done: Done): Promise<void> {
    const { request } = call;
    const json = request.mcp_request ?? request.mcp_response;
    const asked: Asked = {
      rpc,
      targets: request.service_names ?? [],
      method: request.method ?? "",
      context: request.metadata_context === undefined || request.metadata_context === null ? undefined : plain(request.metadata_context),
      json: json === undefined || json === null ? undefined : JSON.parse(json.toString()),
      text: json?.toString(),
      headers: Object.fromEntries((request.headers ?? []).map(({ key, value }) => [key, value.toString("latin1")])),
      metadata: Object.fromEntries(Object.entries(call.metadata.getMap()).map(([name, value]) => [name, String(value)])),
      deadlineMs: Number(call.getDeadline()) - Date.now(),
      peer: call.getPeer(),
    };
    this.asked.push(asked);
    const answer = await this.answer(asked);
    if (Buffer.isBuffer(answer)) done(null, answer);
    else if ("code" in answer) done({ name: "refused", message: answer.details, ...answer });
    else done(null, worded(answer));
  }
}

type Call = ServerUnaryCall<WireRequest, object> & { readonly metadata: Metadata };
type Done = sendUnaryData<object>;

interface WireRequest {
  readonly service_names?: readonly string[];
  readonly method?: string;
  readonly metadata_context?: WireStruct | null;
  readonly mcp_request?: Buffer | null;
  readonly mcp_response?: Buffer | null;
  readonly headers?: readonly { readonly key: string; readonly value: Buffer }[];
}

interface WireStruct {
  readonly fields?: Readonly<Record<string, WireValue>>;
}

interface WireValue {
  readonly kind?: string;
  readonly [kind: string]: unknown;
}

function plain({ fields = {} }: WireStruct): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: WireValue): unknown {
  if (value.kind === "structValue") return plain(value["structValue"] as WireStruct);
  if (value.kind === "listValue") return ((value["listValue"] as { values?: WireValue[] }).values ?? []).map(plainValue);
  return value.kind === "nullValue" || value.kind === undefined ? null : value[value.kind];
}

function worded({ mutated, error, header_mutation, metadata, ...rest }: Said): object {
  const { set = [], remove = [] } = header_mutation ?? {};
  return {
    ...rest,
    ...(mutated === undefined ? {} : { mutated: Buffer.from(typeof mutated === "string" ? mutated : JSON.stringify(mutated)) }),
    ...(error === undefined
      ? {}
      : { error: { ...error, ...(error.mcp_error === undefined ? {} : { mcp_error: Buffer.from(error.mcp_error) }) } }),
    ...(header_mutation === undefined
      ? {}
      : { header_mutation: { set: set.map(({ key, value }) => ({ key, value: Buffer.from(value, "latin1") })), remove } }),
    ...(metadata === undefined ? {} : { metadata: structOf(metadata) }),
  };
}

function structOf(value: Record<string, unknown>): WireStruct {
  return { fields: Object.fromEntries(Object.entries(value).map(([name, member]) => [name, valueOf(member)])) };
}

function valueOf(value: unknown): WireValue {
  if (value === null) return { nullValue: "NULL_VALUE" };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number") return { numberValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (Array.isArray(value)) return { listValue: { values: value.map(valueOf) } };
  return { structValue: structOf(value as Record<string, unknown>) };
}
