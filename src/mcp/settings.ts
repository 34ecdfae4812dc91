import type { Clock } from "../base/clock.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { McpCall } from "../contract/mcp.ts";
import type { Send } from "../contract/outgoing.ts";
import type { Resources } from "../contract/resources.ts";
import type { Log } from "../contract/runtime.ts";
import type { SessionStore } from "../contract/stores.ts";
import type { GuardrailSettings } from "./guardrails/settings.ts";
import type { PinRegistry } from "./integrity/registry.ts";
import type { ApiSource } from "./upstream/openapi/api-source.ts";

/** An MCP backend, as the configuration describes it after everything in it was resolved. */
export interface McpBackendSettings {
  /** Its config key (`mcp:default`); sessions belong to it and to no other. */
  readonly name: string;
  readonly targets: readonly McpTargetSettings[];
  readonly statefulMode: "stateful" | "stateless";
  readonly prefixMode: "conditional" | "always" | "never";
  /** Characters of the name of a tool or prompt, where it is not a lone target's own. */
  readonly maxNameLength: number;
  /** Elements of a merged list that a client gets at once. */
  readonly pageSize: number;
  readonly failureMode: "failClosed" | "failOpen";
  /** Whether Host and Origin must be local; undefined = Origin alone, on loopback connections, unless `cors` allows it. */
  readonly dnsRebindingProtection: boolean | undefined;
  /** Idle milliseconds after which a session is forgotten. */
  readonly sessionTtlMs: number;
  /** The compiled mcpAuthorization rules; undefined when there are none. */
  readonly authorize: Authorize | undefined;
  /** The processors of mcpGuardrails, in the order in which they are asked; undefined when there are none. */
  readonly guardrails?: readonly GuardrailSettings[] | undefined;
  /** Undefined = definitions of tools are not pinned. */
  readonly toolIntegrity?: ToolIntegritySettings | undefined;
}

export interface ToolIntegritySettings {
  /** Whether what is not approved is only reported or hidden. */
  readonly mode: "warn" | "block";
  /** Whether a tool that is new is approved as it is, or waits for the operator. */
  readonly approve: "firstSight" | "explicit";
}

/**
 * Whether the caller may see and use one item.
 * @param item what CEL sees as `mcp`: one of tool, prompt, resource and task, and nothing of the message around it
 */
export type Authorize = (exchange: Exchange, item: Pick<McpCall, "tool" | "prompt" | "resource" | "task">) => boolean;

export type McpTargetSettings = HttpTargetSettings | SseTargetSettings | StdioTargetSettings | OpenApiTargetSettings;

/** A server behind streamable HTTP. */
export interface HttpTargetSettings extends RemoteServer {
  readonly kind: "http";
}

/** A server behind the older HTTP+SSE transport. */
export interface SseTargetSettings extends RemoteServer {
  readonly kind: "sse";
}

/** A server that speaks MCP over HTTP. */
export interface RemoteServer {
  readonly name: string;
  readonly scheme: "http" | "https";
  readonly authority: string;
  readonly path: string;
  /** Whether it is its backend's only target: a login of the caller is then meant for it. */
  readonly lone?: boolean;
  /** The upstream with the target's and the backend's policies around it. */
  readonly send: Send;
}

/** A server that is a child process. */
export interface StdioTargetSettings {
  readonly kind: "stdio";
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The process does not inherit the gateway's environment. */
  readonly clearEnv: boolean;
  /** Processes at most, and idle milliseconds of the one that stateless callers share; without them the limits for all. */
  readonly maxProcesses?: number;
  readonly poolIdleMs?: number;
}

/** A REST service, described by OpenAPI. */
export interface OpenApiTargetSettings {
  readonly kind: "openapi";
  readonly name: string;
  readonly scheme: "http" | "https";
  readonly authority: string;
  /** In front of every path, instead of what the description's `servers` say; undefined = what they say. */
  readonly prefix: string | undefined;
  readonly source: ApiSource;
  /** Whether it is its backend's only target. */
  readonly lone?: boolean;
  /** The upstream with the target's and the backend's policies around it. */
  readonly send: Send;
}

/** What an MCP backend uses of the world around it. */
export interface McpContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessions: SessionStore;
  /** 32 bytes that session ids are sealed with; without it they are good in this process alone. */
  readonly sessionKey?: Buffer | undefined;
  readonly resources: Resources;
  /** The pinned definitions of tools; without them `toolIntegrity` cannot be. */
  readonly pins?: PinRegistry | undefined;
  /** The gateway's own environment, for child processes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly spawn: SpawnProcess;
  /** The gateway's version, for `serverInfo` and `clientInfo`. */
  readonly version: string;
  readonly limits?: Partial<McpLimits>;
}

/** Bounds that keep one target or client from taking what belongs to the others. */
export interface McpLimits {
  /** Milliseconds one target has in a fan-out (initialize, lists) when failureMode is failOpen. */
  readonly openDeadlineMs: number;
  /** The same for a while after it missed that. */
  readonly shortDeadlineMs: number;
  /** The same when it is failClosed: a slow first start of a child process must fit. */
  readonly closedDeadlineMs: number;
  /** Milliseconds a server of the older HTTP+SSE transport has to say where it takes messages. */
  readonly endpointDeadlineMs: number;
  /** Milliseconds a GET waits for slow targets before it answers with those that are there. */
  readonly streamGraceMs: number;
  /** Failures in a row after which a target is left out where others do (failOpen). */
  readonly maxFailures: number;
  /** Milliseconds it is left out for at first, and at most. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Milliseconds for which the last lists of a target that is out are shown. */
  readonly staleListMs: number;
  /** Milliseconds between two notifications to a client that lists of a kind have changed. */
  readonly changeWindowMs: number;
  /** Pages of a list that are followed. */
  readonly maxPages: number;
  /** Milliseconds for which a list that a caller was shown says what names stand for, and is paged through. */
  readonly keptListMs: number;
  /** Bytes of all such lists. */
  readonly maxKeptBytes: number;
  /** Bytes of one message of a server. */
  readonly maxMessageBytes: number;
  /** Bytes that may wait for a slow client, a stream. */
  readonly maxWaitingBytes: number;
  /** Messages of a server kept until the client opens its stream. */
  readonly maxHeldMessages: number;
  /** Sessions at servers that the gateway keeps for callers without one, a backend. */
  readonly maxSharedSessions: number;
  /** Calls that wait for what a server asked their caller, a backend and a caller; and milliseconds they wait. */
  readonly maxParkedCalls: number;
  readonly maxParkedCallsEach: number;
  readonly parkMs: number;
  /** How often a server may ask back in one call, where the gateway asks for it. */
  readonly maxRounds: number;
  /** Milliseconds in which a child process has to say whether it speaks a revision without sessions. */
  readonly probeMs: number;
  /** Calls in flight, a child process. */
  readonly maxPendingCalls: number;
  /** Child processes, a target. */
  readonly maxProcesses: number;
  /** Milliseconds after its last call when the process that stateless callers share is ended. */
  readonly poolIdleMs: number;
  /** Milliseconds of silence at most in an event stream to a client: then it gets a comment. */
  readonly keepAliveMs: number;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly killAfterMs: number;
}

export const defaultLimits: McpLimits = {
  openDeadlineMs: 10_000,
  shortDeadlineMs: 1_000,
  closedDeadlineMs: 60_000,
  endpointDeadlineMs: 10_000,
  streamGraceMs: 2_000,
  maxFailures: 3,
  firstPauseMs: 1_000,
  longestPauseMs: 60_000,
  staleListMs: 600_000,
  changeWindowMs: 200,
  maxPages: 64,
  keptListMs: 300_000,
  maxKeptBytes: 67_108_864,
  maxMessageBytes: 16_777_216,
  maxWaitingBytes: 16_777_216,
  maxHeldMessages: 64,
  maxSharedSessions: 1_024,
  maxParkedCalls: 1_024,
  maxParkedCallsEach: 32,
  parkMs: 600_000,
  maxRounds: 10,
  probeMs: 5_000,
  maxPendingCalls: 1_024,
  maxProcesses: 256,
  poolIdleMs: 300_000,
  keepAliveMs: 15_000,
  killAfterMs: 3_000,
};

export interface SpawnSettings {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a process in a group of its own. */
export type SpawnProcess = (settings: SpawnSettings) => SpawnedProcess;

export interface SpawnedProcess {
  readonly stdin: NodeJS.WritableStream & { readonly writableLength: number };
  readonly stdout: NodeJS.ReadableStream;
  readonly stderr: NodeJS.ReadableStream;
  /** Calls back once: when it ended, or could not be started. The reason is for people: `exit code 1`. */
  onExit(listener: (reason: string) => void): void;
  /** Signals the whole group; does nothing when nobody of it is left. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}
