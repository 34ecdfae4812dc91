import { request, type IncomingHttpHeaders } from "node:http";
import { loadRuntime, type Loaded } from "../../../src/config/compile/load-runtime.ts";
import { createProcessParts } from "../../../src/commands/process-parts.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { Config } from "../../../src/config/schema/document.ts";
import { textSource } from "../../../src/config/source.ts";
import { startTestGateway, type TestGateway } from "../../gateway-harness.ts";
import { Upstream } from "./upstream.ts";

/** A configuration as a test writes it; `$` in texts is written as `$$`, as in a file. */
export type Draft = Readonly<Record<string, unknown>>;

/** A running gateway with something behind it. */
export interface Site {
  readonly gateway: TestGateway;
  readonly upstream: Upstream;
  /** Sends a request to the only port, or to that of the bind. */
  readonly ask: (path?: string, options?: AskOptions) => Promise<Answer>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Key of the bind, where there are several. */
  readonly bind?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Runs a gateway on a configuration for as long as `look` takes. */
export async function onSite(
  draft: (upstream: Upstream) => Draft,
  look: (site: Site) => Promise<void>,
  environment: Record<string, string> = {},
): Promise<void> {
  const upstream = await Upstream.start();
  try {
    const gateway = await startTestGateway(JSON.stringify(draft(upstream)), environment);
    try {
      await look({ gateway, upstream, ask: (path = "/", options = {}) => ask(gateway.url(options.bind) + path, options) });
    } finally {
      await gateway.close();
    }
  } finally {
    await upstream.close();
  }
}

/** One request on a connection of its own. A status of 0 means that there was no answer. */
export function ask(url: string, { method = "GET", headers = {}, body }: AskOptions = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const outgoing = request(url, { method, headers, agent: false }, (reply) => {
      let text = "";
      reply.setEncoding("utf8");
      reply.on("data", (chunk: string) => (text += chunk));
      reply.on("close", () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: text }));
    });
    outgoing.on("error", () => resolve({ status: 0, headers: {}, body: "" }));
    outgoing.end(body);
  });
}

/** One port with one listener, which sends everything to the upstream. */
export function oneRoute(upstream: Upstream, route: object = {}, listener: object = {}): Draft {
  return { binds: [{ port: 0, listeners: [{ ...listener, routes: [{ backends: [{ host: upstream.host }], ...route }] }] }] };
}

/** The configuration as its schema makes it. */
export function read(draft: Draft): Config {
  return loadConfig(JSON.stringify(draft), { file: "test.yaml", environment: {} }).config;
}

/** The compiled configuration, for as long as `look` takes; nothing is opened. */
export async function compiled(draft: Draft, look: (loaded: Loaded) => void): Promise<void> {
  const source = textSource(JSON.stringify(draft), "test.yaml");
  const silent = { write: (_text: string, done: () => void) => done() };
  const io = {
    environment: {},
    out: () => {},
    logOutput: silent,
    error: () => {},
    input: () => "",
    onSignal: () => {},
    onUnhandledRejection: () => {},
  };
  const parts = createProcessParts(source, io);
  try {
    const loaded = loadRuntime(source, parts);
    look(loaded);
    await loaded.release();
  } finally {
    await parts.close();
  }
}
