import type { HttpRequest } from "../wire/message.ts";

/** What the process that makes the load is told, and what it tells. */

/** The traffic of one candidate in one case. */
export interface Plan {
  readonly port: number;
  readonly connections: number;
  /** Sent once on each connection; an `Mcp-Session-Id` in a reply goes with everything after it. */
  readonly opening: readonly HttpRequest[];
  /** Sent over and over; connection n starts with the nth. */
  readonly requests: readonly HttpRequest[];
  /** Texts that the first reply on each connection must hold, all of them. */
  readonly markers: readonly string[];
}

/** As many requests as the candidate serves: a connection sends the next when it has the reply to the last. */
export interface ClosedLoop {
  readonly kind: "closed";
  readonly plan: Plan;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

/** A fixed number of requests a second, come what may. */
export interface OpenLoop {
  readonly kind: "open";
  readonly plan: Plan;
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** Requests a second. */
  readonly rate: number;
}

/** Opens a stream on each connection and then does nothing. */
export interface HoldStreams {
  readonly kind: "hold";
  readonly plan: Plan;
  readonly windowMs: number;
}

export type Job = ClosedLoop | OpenLoop | HoldStreams;

export interface ClosedResult {
  readonly requests: number;
  readonly seconds: number;
}

/** Latencies in milliseconds, from the moment a request was due: waiting for a free connection counts. */
export interface OpenResult {
  readonly p50: number;
  readonly p99: number;
  /** The same up to the reply's first body byte. */
  readonly firstByteP50: number;
  readonly firstByteP99: number;
  readonly requests: number;
  /** Requests that had no reply two seconds after the end; they count with the time they had waited. */
  readonly unanswered: number;
}

/** `window-start` and `window-end` enclose what the result is about, for whoever reads CPU times. */
export type Told =
  | { readonly tell: "window-start" }
  | { readonly tell: "window-end" }
  | { readonly tell: "result"; readonly result: ClosedResult | OpenResult | undefined }
  | { readonly tell: "failed"; readonly message: string };
