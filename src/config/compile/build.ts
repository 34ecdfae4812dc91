import type { Clock } from "../../base/clock.ts";
import type { GatewayMetrics } from "../../contract/metrics.ts";
import type { BackendNames, Send } from "../../contract/outgoing.ts";
import type { CompileContext, Log, NamedBackend, Page, UpstreamAddress } from "../../contract/runtime.ts";
import type { Stores } from "../../contract/stores.ts";
import type { PinRegistry } from "../../mcp/integrity/registry.ts";
import { backendPolicies } from "../../policies/index.ts";
import { compileBackendTls } from "../../policies/backend-tls/index.ts";
import { createUpstream } from "../../upstream/pool.ts";
import type { PoolSettings } from "../../upstream/pool-settings.ts";
import type { ResourceScope } from "../resources.ts";
import type { Config } from "../schema/document.ts";
import type { BackendTcp } from "../schema/call-policies.ts";
import { layerOf, mergeLayers, type PolicyLayer, type PolicySlot, slotOf } from "./slots.ts";
import { targetedLayers } from "./targeted.ts";
import { tcpKeepAlive } from "./tcp.ts";

/** Everything with side effects that compiling needs; given by the composition root. */
export interface CompileDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: GatewayMetrics;
  readonly stores: Stores;
  readonly resources: ResourceScope;
  readonly pool: PoolSettings;
  /** Reads a file named in the configuration, as UTF-8 text. */
  readonly readFile: (path: string) => string;
  /** Environment of the process, for child processes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Definitions of MCP tools that were approved. */
  readonly toolPins: PinRegistry;
}

/** Something in the configuration that its schema accepts and that cannot be used: a file that is not there, say. */
export interface CompileProblem {
  readonly path: string;
  readonly message: string;
}

/** One compilation: the configuration with what is gathered while it is compiled. */
export class Build {
  readonly config: Config;
  readonly deps: CompileDeps;
  readonly warnings: CompileProblem[] = [];
  /** What could not be compiled; gathered, so that all of it is reported at once. */
  readonly problems: CompileProblem[] = [];
  /** Remote documents that the configuration needs. */
  readonly expected: Promise<void>[] = [];
  /** Named backends whose policies are being compiled: a policy of theirs that calls them again would never end. */
  private readonly naming = new Set<string>();
  /** What is compiled once although several places refer to it. */
  readonly memo = new Map<string, unknown>();
  /** Pages for browsers, by the path that they are below. Complete once everything is compiled. */
  readonly pages = new Map<string, Page[]>();
  /** Places that are of no use to anonymous callers, as they are compiled. */
  readonly needCallers: string[] = [];

  constructor(config: Config, deps: CompileDeps) {
    this.config = config;
    this.deps = deps;
  }

  /** What a policy or backend written at `path` compiles itself with. */
  at(path: string): CompileContext {
    const { clock, log, metrics, stores, resources, readFile, environment } = this.deps;
    return {
      path,
      clock,
      log,
      metrics,
      stores,
      resources,
      readFile,
      environment,
      upstream: (address) => this.upstream(address),
      send: (address, policies) => this.send(address, [{ path, policies }]),
      backend: (reference, own) => this.namedBackend(reference, path, own === undefined ? [] : layerOf(own.path, own.policies)),
      expect: (ready) => {
        ready.catch(() => {}); // awaited by --validate-only; while serving, the policy itself answers 503
        this.expected.push(ready);
      },
      warn: (message) => this.warn(path, message),
      pages: (prefix, page) => void this.pages.set(prefix, [...(this.pages.get(prefix) ?? []), page]),
      needsCaller: () => void this.needCallers.push(path),
    };
  }

  /** Compiles one part; what it throws becomes a problem of its place, and the rest is compiled all the same. */
  attempt<T>(path: string, compile: () => T): T | undefined {
    try {
      return compile();
    } catch (thrown) {
      this.problems.push(placed(path, thrown instanceof Error ? thrown.message : String(thrown)));
      return undefined;
    }
  }

  /** A connection pool; shared by all who mean the same address with the same settings, also across reloads. */
  upstream(address: UpstreamAddress) {
    const { resources, pool, clock, metrics } = this.deps;
    const key = `upstream ${JSON.stringify([address, pool])}`;
    return resources.acquire(
      key,
      () => createUpstream(address, pool, { clock, metrics }),
      (upstream) => upstream.close(),
    );
  }

  /** An upstream with its backend policies around it, in the order of the registry. */
  send(address: UpstreamAddress, layers: readonly PolicyLayer[]): Send {
    const slots = mergeLayers(layers, backendPolicies);
    const merged: Record<string, unknown> = Object.assign({}, ...layers.map(({ policies }) => policies));
    const tls = merged["backendTLS"] === undefined ? address.tls : compileBackendTls(merged["backendTLS"], this.deps.readFile);
    const tcp = merged["tcp"] as BackendTcp | undefined;
    const upstream = this.upstream({
      ...address,
      ...(tls === undefined ? {} : { tls }),
      ...(tcp === undefined ? {} : { connectTimeoutMs: tcp.connectTimeout, keepAlive: tcpKeepAlive(tcp.keepalives) ?? "off" }),
    });
    const { host, port } = address;
    const destination = `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
    return this.around(slots, upstream.send, destination);
  }

  /** Backend policies around what sends, in the order of the registry. @param destination URL of the server's origin */
  around(slots: ReadonlyMap<string, PolicySlot>, send: Send, destination?: string): Send {
    return backendPolicies.reduceRight<Send>((rest, definition) => {
      const slot = slotOf(slots, definition);
      if (slot === undefined || definition.compileBackend === undefined) return rest;
      const policy = definition.compileBackend(slot.config, {
        ...this.at(slot.path),
        ...(destination === undefined ? {} : { destination }),
      });
      return (outgoing) => policy(outgoing, rest);
    }, send);
  }

  /** The entry of `backends` with that name. The loader has checked that it is there. */
  entry(name: string): Config["backends"][number] {
    const found = this.config.backends.find((backend) => backend.name === name);
    if (found === undefined) throw new Error(`no backend is called ${name}`);
    return found;
  }

  /** Where the entry of `backends` with that name is written. */
  entryPath(name: string): string {
    return `backends[${this.config.backends.findIndex((backend) => backend.name === name)}]`;
  }

  /** Policies of the entry of `backends`, as a layer. */
  entryLayers(name: string): PolicyLayer[] {
    return layerOf(`${this.entryPath(name)}.policies`, this.entry(name).policies);
  }

  /** Policies that the list `policies` has for an entry of `backends`, and for one MCP target or provider in it. */
  layersFor(name: string, section?: string): PolicyLayer[] {
    return targetedLayers(this.config, "route", { kind: "backend", name, section });
  }

  /** Reports what deserves a warning at load, once. */
  warn(path: string, message: string): void {
    if (!this.warnings.some((known) => known.path === path && known.message === message)) this.warnings.push({ path, message });
  }

  /** A backend that a policy names: `{host}` or `{backend}`. `own` is what the policy wants around its calls. */
  private namedBackend(reference: unknown, path: string, own: readonly PolicyLayer[]): NamedBackend {
    const { kind, host, backend } = reference as { kind: string; host?: UpstreamAddress; backend?: string };
    if (kind === "host" && host !== undefined)
      return { names: staticNames(host), send: this.send(host, own), settings: settingsOf(host, own) };
    if (kind === "backend" && backend !== undefined) {
      const entry = this.entry(backend);
      if (entry.kind === "host") {
        if (this.naming.has(backend)) throw new Error(`${path}: the policies of the backend ${backend} call that backend again`);
        this.naming.add(backend);
        try {
          const layers = [...this.layersFor(backend), ...this.entryLayers(backend), ...own];
          const names = { ...staticNames(entry.host), name: backend };
          return { names, send: this.send(entry.host, layers), settings: settingsOf(entry.host, layers) };
        } finally {
          this.naming.delete(backend);
        }
      }
      throw new Error(`${path}: the backend ${backend} is no HTTP server`);
    }
    throw new Error(`${path}: a ${kind} cannot be called from a policy`);
  }
}

/** Without paths: moving it in the file changes nothing. */
function settingsOf(host: UpstreamAddress, layers: readonly PolicyLayer[]): unknown {
  return [host, ...layers.map(({ policies }) => policies)];
}

/** A message that begins with a more precise place says so itself. */
function placed(path: string, message: string): CompileProblem {
  const colon = message.indexOf(": ");
  const isPrecise = colon > 0 && message.startsWith(path) && !/\s/.test(message.slice(0, colon));
  return isPrecise ? { path: message.slice(0, colon), message: message.slice(colon + 2) } : { path, message };
}

/** Names of a backend that is just an address. */
export function staticNames({ host, port }: { host: string; port: number }): BackendNames {
  return { name: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`, type: "static", protocol: "http", host };
}
