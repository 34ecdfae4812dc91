import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { HeaderList } from "../src/base/headers.ts";
import type { RequestBody } from "../src/contract/body.ts";
import { GatewayError } from "../src/contract/errors.ts";
import { Exchange, type RequestHead } from "../src/contract/exchange.ts";
import type { GatewayMetrics } from "../src/contract/metrics.ts";
import { createOutgoing, type Outgoing } from "../src/contract/outgoing.ts";
import type { PolicyDefinition, RoutePolicy } from "../src/contract/policy.ts";
import { isReplyStream, Reply, type ReplySink, type ReplyStream } from "../src/contract/reply.ts";
import type { CompileContext } from "../src/contract/runtime.ts";
import type { SessionStore } from "../src/contract/stores.ts";
import { compose } from "../src/pipeline/compose.ts";
import { MemoryState } from "../src/store/memory-state.ts";
import { createMemoryRateLimits } from "../src/store/rate-limit-store.ts";

/** What tests of policies need: exchanges without sockets, a context without a gateway, and a clock that is told the time. */

export interface TestClock {
  now: number;
  wall(): number;
  monotonic(): number;
}

export function testClock(now = 1_800_000_000_000): TestClock {
  return {
    now,
    wall() {
      return this.now;
    },
    monotonic() {
      return this.now;
    },
  };
}

export interface TestContext extends CompileContext {
  readonly clock: TestClock;
  readonly warnings: string[];
  readonly logged: string[];
  readonly expected: Promise<void>[];
  /** Places whose CEL rules failed. */
  readonly failedRules: string[];
}

export function testContext(overrides: Partial<CompileContext> & { files?: Readonly<Record<string, string>> } = {}): TestContext {
  const { files = {}, ...rest } = overrides;
  const clock = testClock();
  const warnings: string[] = [];
  const logged: string[] = [];
  const expected: Promise<void>[] = [];
  const failedRules: string[] = [];
  const resources = new Map<string, unknown>();
  const write = (message: string, fields?: unknown): void => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const missing = (): never => assert.fail("this test's context has no backends");
  const noSessions: SessionStore = { get: missing, set: missing, delete: missing, hasEnded: missing, size: 0 };
  return {
    path: "routes[0].policies.test",
    destination: "http://backend.test:80",
    clock,
    warnings,
    logged,
    expected,
    failedRules,
    metrics: { ruleFailed: (place: string) => void failedRules.push(place) } as GatewayMetrics,
    resources: {
      acquire<T>(key: string, create: () => T): T {
        if (!resources.has(key)) resources.set(key, create());
        return resources.get(key) as T;
      },
    },
    stores: { rateLimits: createMemoryRateLimits(clock), sessions: noSessions, state: new MemoryState(), secrets: new MemoryState() },
    log: { debug: write, info: write, warn: write, error: write },
    readFile: (path) => files[path] ?? assert.fail(`no file ${path}`),
    environment: {},
    upstream: missing,
    send: missing,
    backend: missing,
    expect: (ready) => void expected.push(ready),
    warn: (message) => void warnings.push(message),
    pages: () => {},
    needsCaller: () => {},
    ...rest,
  } as TestContext;
}

export interface TestRequest {
  readonly method?: string;
  readonly scheme?: "http" | "https";
  readonly authority?: string;
  readonly localAddress?: string;
  readonly remoteAddress?: string;
  readonly path?: string;
  readonly search?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** Whether the length of the body is announced. */
  readonly chunked?: boolean;
  readonly upgrade?: string;
  readonly startedMonotonic?: number;
  readonly maxBufferSize?: number;
}

export function testExchange(request: TestRequest = {}): Exchange {
  const head: RequestHead = {
    method: request.method ?? "GET",
    scheme: request.scheme ?? "http",
    authority: request.authority ?? "gateway.test",
    path: request.path ?? "/",
    search: request.search ?? "",
    headers: HeaderList.fromRecord(request.headers ?? {}),
  };
  const startedMonotonic = request.startedMonotonic ?? testClock().now;
  return new Exchange({
    connection: {
      remoteAddress: request.remoteAddress ?? "192.0.2.7",
      remotePort: 50_000,
      localAddress: request.localAddress ?? "192.0.2.1",
      localPort: 80,
    },
    listener: { bind: "80", gateway: "default", listener: "default" },
    request: head,
    body: testBody(request.body ?? "", request.chunked ?? false),
    httpVersion: "1.1",
    upgrade: request.upgrade,
    limits: { maxBufferSize: request.maxBufferSize ?? 2_097_152 },
    startedAt: startedMonotonic,
    startedMonotonic,
  });
}

/** A body in memory that obeys the contract: collected once, limited, replaceable. */
export function testBody(text: string, chunked = false): RequestBody & { readonly reads: number } {
  let bytes: Buffer = Buffer.from(text);
  let collected = false;
  let reads = 0;
  return {
    get reads() {
      return reads;
    },
    get length() {
      return chunked ? undefined : bytes.length;
    },
    get collected() {
      return collected ? bytes : undefined;
    },
    async collect(limit) {
      if (!collected) reads += 1;
      if (bytes.length > limit) throw new GatewayError("body_too_large");
      collected = true;
      return bytes;
    },
    stream: () => Readable.from([bytes]),
    recorded: undefined,
    record: () => {},
    replace(replacement) {
      bytes = replacement;
      collected = true;
    },
  };
}

export interface Ran {
  readonly reply: Reply;
  readonly exchange: Exchange;
  /** How often what lies below the policy was called. */
  readonly calls: number;
}

/** A policy from its configuration as a file would have it. */
export function compilePolicy<Config>(
  definition: PolicyDefinition<Config>,
  config: unknown,
  context: CompileContext = testContext(),
): RoutePolicy {
  assert.ok(definition.compile, `${definition.name} is no route policy`);
  return definition.compile(definition.config.parse(config), context);
}

/** Sends an exchange through one policy the way the pipeline does: throws become replies. */
export async function run(
  policy: RoutePolicy,
  exchange: Exchange,
  below: (exchange: Exchange) => Reply | Promise<Reply> = () => new Reply(200),
): Promise<Ran> {
  let calls = 0;
  const reply = await compose([policy])(exchange, async () => {
    calls += 1;
    return below(exchange);
  });
  return { reply, exchange, calls };
}

/** A request on its way to a backend, and what a backend policy makes of it. */
export async function runBackend<Config>(
  definition: PolicyDefinition<Config>,
  config: unknown,
  given: { exchange?: Exchange; context?: CompileContext; reply?: Reply; callerAuthorization?: string } = {},
): Promise<{ outgoing: Outgoing; reply: Reply; calls: number }> {
  assert.ok(definition.compileBackend, `${definition.name} is no backend policy`);
  const policy = definition.compileBackend(definition.config.parse(config), given.context ?? testContext());
  const outgoing = createOutgoing(given.exchange ?? testExchange(), {
    purpose: { kind: "Primary", subtype: "Http" },
    backend: { name: "backend", type: "static", protocol: "http" },
    body: null,
    timeoutMs: 0,
  });
  outgoing.callerAuthorization = given.callerAuthorization;
  let calls = 0;
  const reply = await policy(outgoing, async () => {
    calls += 1;
    return given.reply ?? new Reply(200);
  });
  return { outgoing, reply, calls };
}

/** The reply's fields as an object; repeated ones joined by " | ". */
export function fields(reply: Reply | { headers: HeaderList }): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of reply.headers.entries()) found[name] = name in found ? `${found[name]} | ${value}` : value;
  return found;
}

/** The whole body as text, however it is held. */
export function bodyText({ body }: Reply): Promise<string> {
  if (body === null) return Promise.resolve("");
  if (typeof body === "string") return Promise.resolve(body);
  if (body instanceof Uint8Array) return Promise.resolve(Buffer.from(body).toString());
  if (!isReplyStream(body)) return Promise.reject(new Error("an upgraded connection has no body"));
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    body.start({ data: (chunk) => chunks.push(chunk) > 0, end: () => resolve(Buffer.concat(chunks).toString()), fail: reject });
  });
}

/** A reply body in pieces that obeys back-pressure; `cancelled` tells whether it was let go of. */
export function chunkedBody(chunks: readonly string[], failure?: Error): ReplyStream & { readonly cancelled: boolean } {
  let sink: ReplySink | undefined;
  let next = 0;
  let cancelled = false;
  function flow(): void {
    while (next < chunks.length) {
      if (sink === undefined) return;
      next += 1;
      if (!sink.data(Buffer.from(chunks[next - 1]!)) && next < chunks.length) return;
    }
    const ended = sink;
    sink = undefined;
    if (failure === undefined) ended?.end();
    else ended?.fail(failure);
  }
  return {
    get cancelled() {
      return cancelled;
    },
    start(receiver) {
      sink = receiver;
      flow();
    },
    resume: flow,
    cancel() {
      cancelled = true;
      sink = undefined;
    },
  };
}
