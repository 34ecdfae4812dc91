import { readFileSync } from "node:fs";
import { parse } from "yaml";
import * as z from "zod";

/**
 * A scenario file: a configuration, and what then happens step by step. A wanted text that begins with "~ " is a regular
 * expression, every other one is exact; a wanted null is the absence of the thing. `{{NAME}}` stands for the address of a
 * backend, `{{JWKS}}` for the keys that `{{token NAME}}` are signed with.
 */

const wanted = z.union([z.string(), z.number(), z.null()]);
const fields = z.record(z.string(), wanted);

const backendReply = z.strictObject({
  status: z.int().default(200),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().default(""),
  /** Pause before the reply: milliseconds. */
  delayMs: z.int().optional(),
  /** Closes the connection instead. */
  breaks: z.literal(true).optional(),
});

const step = z.strictObject({
  /** What this step shows. */
  about: z.string(),
  request: z.strictObject({
    method: z.string().default("GET"),
    path: z.string().default("/"),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.string().optional(),
    /** The body's length is not announced. */
    chunked: z.boolean().default(false),
    /** Asks to switch to WebSocket; sends this text then and takes what comes back for the body. */
    upgrade: z.string().optional(),
  }),
  /** How often the request is sent, one after the other. */
  times: z.int().min(1).default(1),
  /** What the client gets; of several replies, each. */
  reply: z.strictObject({ status: z.int(), headers: fields.default({}), body: z.string().optional() }),
  /** What the backends get, in order. */
  upstream: z
    .array(
      z.strictObject({
        to: z.string(),
        method: z.string().optional(),
        path: z.string().optional(),
        headers: fields.default({}),
        body: z.string().optional(),
      }),
    )
    .optional(),
  /** How many of the requests each backend gets: from, to. */
  spread: z.record(z.string(), z.tuple([z.int(), z.int()])).optional(),
  /** Fields of the access log's line for the last request; null = no line. */
  log: z.union([fields, z.null()]).default({}),
});

const scenario = z.strictObject({
  /** What it shows, as one sentence. */
  about: z.string(),
  /** Claims of tokens, by name. They are valid for some minutes. */
  tokens: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  /** Replies of each backend, by name: the first request gets the first, and so on; the last is repeated. */
  backends: z.record(z.string(), z.array(backendReply).min(1)).default({ BACKEND: [{ status: 200, headers: {}, body: "ok" }] }),
  config: z.record(z.string(), z.unknown()),
  steps: z.array(step).min(1),
});

export type Scenario = z.output<typeof scenario>;
export type Step = Scenario["steps"][number];
export type BackendReply = z.output<typeof backendReply>;
export type Wanted = z.output<typeof wanted>;

/** Reads a scenario. @throws Error that names what is wrong in the file */
export function readScenario(file: URL): Scenario {
  const read = scenario.safeParse(parse(readFileSync(file, "utf8")));
  if (!read.success) throw new Error(`${file.pathname}: ${z.prettifyError(read.error)}`);
  return read.data;
}

/** Puts values in the places of `{{NAME}}`, in every text of the tree. */
export function fill<T>(tree: T, values: ReadonlyMap<string, string>): T {
  if (typeof tree === "string") {
    return tree.replace(/\{\{(.*?)\}\}/g, (_all, name: string) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`the scenario has no ${name}; there are ${[...values.keys()].join(", ")}`);
      return value;
    }) as T;
  }
  if (Array.isArray(tree)) return tree.map((item: unknown) => fill(item, values)) as T;
  if (tree === null || typeof tree !== "object") return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, fill(value, values)])) as T;
}
