import type { ListenerNames } from "./exchange.ts";
import type { OutgoingPurpose } from "./outgoing.ts";

/**
 * What is counted outside of finished exchanges. Everybody who has something to count gets this; how it is counted and
 * shown is telemetry's business. Durations are milliseconds. No method throws.
 */
export interface GatewayMetrics {
  /** A client connected to a bind. */
  connectionOpened(names: ListenerNames, protocol: DownstreamProtocol): void;
  /** Bytes since the last call for this connection, TLS and HTTP framing included. */
  connectionBytes(names: ListenerNames, protocol: DownstreamProtocol, bytes: ConnectionBytes): void;
  /** A client's TLS handshake succeeded. */
  tlsHandshake(names: ListenerNames, protocol: DownstreamProtocol, durationMs: number): void;
  /** A connection to a backend was opened, its TLS handshake included. */
  upstreamConnected(transport: "plaintext" | "tls", durationMs: number): void;
  /** A backend answered with its headers, or the call failed before. */
  upstreamCalled(purpose: OutgoingPurpose, durationMs: number): void;
  /** Whether the last load or reload of the configuration succeeded. */
  configSynchronized(synchronized: boolean): void;
  /** A CEL rule failed to evaluate: `place` is the policy or the kind of rule, never text from a request. */
  ruleFailed(place: string): void;
  /** An MCP guardrail processor gave no usable answer; `skipped` says that its failureMode lets messages pass. */
  guardrailFailed(processor: string, skipped: boolean): void;
  /** Where to read, at each scrape, how many MCP sessions are held. A later call replaces the reader. */
  countSessions(read: () => number): void;
  /** A definition of a target's tool changed, or something in it is suspicious (the kind of finding; a closed set). */
  toolChanged(backend: string, target: string, kind: string): void;
  /** Where to read, at each scrape, how many definitions wait for a decision. A later call replaces the reader. */
  countPendingTools(read: () => readonly PendingTools[]): void;
}

export type DownstreamProtocol = "http" | "https";

/** Definitions of a target's tools and prompts that are neither approved nor rejected. */
export interface PendingTools {
  readonly backend: string;
  readonly target: string;
  readonly count: number;
}

export interface ConnectionBytes {
  readonly received: number;
  readonly sent: number;
}
