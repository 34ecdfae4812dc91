import { redactData } from "../../base/redact.ts";
import { visible } from "../../mcp/integrity/hidden-text.ts";
import { isGrave } from "../../mcp/integrity/findings.ts";
import type { Pin } from "../../mcp/integrity/pin.ts";
import type { Pins } from "../../mcp/integrity/pins.ts";
import type { PinRegistry } from "../../mcp/integrity/registry.ts";
import { changesOf } from "../../mcp/integrity/reports.ts";
import { type AdminReply, type Endpoint, jsonReply, textReply } from "../endpoint.ts";

/** Definitions in one answer. */
const defaultLimit = 500;
const maxLimit = 10_000;
/** Digits of a fingerprint that name it. */
const minDigits = 8;
/** Definitions that a text answer lists. */
const maxListed = 20;

interface Found {
  readonly pins: Pins;
  readonly pin: Pin;
}

/** The pinned definitions of MCP tools and prompts, and what is decided about them. */
export function tools(registry: PinRegistry): Endpoint[] {
  const decide = (state: "approved" | "rejected") => (query: URLSearchParams) => decideOne(registry, query, state);
  return [
    {
      method: "GET",
      path: "/tools",
      summary: `definitions of MCP tools and prompts that are pinned; ?backend= &target= &tool= &prompt= &state=approved|pending|changed|rejected &limit=${defaultLimit}`,
      handle: ({ query }) => list(registry, query),
    },
    {
      method: "POST",
      path: "/tools/approve",
      summary:
        "?target= &tool= (or &prompt=) &fingerprint= approves a definition; ?target= &all=true those of a target that are not suspicious",
      handle: ({ query }) => (query.get("all") === "true" ? approveAll(registry, query) : decide("approved")(query)),
    },
    {
      method: "POST",
      path: "/tools/reject",
      summary: "?target= &tool= (or &prompt=) &fingerprint= rejects a definition, also one that was approved",
      handle: ({ query }) => decide("rejected")(query),
    },
  ];
}

/** Those that the query means. Waits until they have been read from the store. */
async function select(registry: PinRegistry, query: URLSearchParams): Promise<Found[]> {
  const wanted = (name: string, value: string): boolean => (query.get(name) ?? value) === value;
  const kind = query.has("prompt") ? "prompt" : query.has("tool") ? "tool" : undefined;
  const found: Found[] = [];
  for (const pins of registry.backends) {
    if (!wanted("backend", pins.backend)) continue;
    await pins.ready();
    for (const pin of pins.all()) {
      if (!wanted("target", pin.target) || !wanted("state", pin.state)) continue;
      if (kind === undefined || (kind === pin.kind && (wanted(kind, pin.name) || wanted(kind, visible(pin.name)))))
        found.push({ pins, pin });
    }
  }
  return found;
}

async function list(registry: PinRegistry, query: URLSearchParams): Promise<AdminReply> {
  const limit = Number(query.get("limit") ?? defaultLimit);
  if (!(limit >= 1 && limit <= maxLimit)) return textReply(400, `limit must be a number up to ${maxLimit}`);
  const found = await select(registry, query);
  const shown: unknown[] = [];
  for (const one of found.slice(0, limit)) shown.push(await describe(one));
  return jsonReply({ total: found.length, tools: shown });
}

async function describe({ pins, pin }: Found): Promise<unknown> {
  const { kind, target, name, state, since, by, fingerprint, findings } = pin;
  const changes = state === "approved" ? [] : await changesOf(pins, pin);
  return redactData({
    backend: pins.backend,
    target,
    [kind]: visible(name),
    state,
    since: new Date(since).toISOString(),
    by,
    fingerprint,
    findings,
    ...(changes.length === 0 ? {} : { changes }),
  });
}

async function decideOne(registry: PinRegistry, query: URLSearchParams, state: "approved" | "rejected"): Promise<AdminReply> {
  if (!query.has("tool") && !query.has("prompt")) return textReply(400, "say which with ?tool= or ?prompt=; GET /tools lists them");
  const given = query.get("fingerprint")?.toLowerCase() ?? "";
  if (given !== "" && !new RegExp(`^[0-9a-f]{${minDigits},64}$`).test(given))
    return textReply(400, `fingerprint must be hexadecimal digits, at least the first ${minDigits}; GET /tools shows them`);
  const all = await select(registry, query);
  if (all.length === 0) return textReply(404, "no such tool or prompt is pinned; GET /tools lists those that are");
  // what is said without a fingerprint is meant for what waits; to reject what was approved it has to be named
  const found = all.filter(({ pin }) =>
    given === "" ? pin.state === "pending" || pin.state === "changed" : pin.fingerprint.startsWith(given),
  );
  const [one] = found;
  if (one === undefined) return textReply(404, `none of these is meant; name one with &fingerprint=\n${listing(all)}`);
  if (found.length > 1) return textReply(409, `several are meant; name one with &backend= &target= &fingerprint=\n${listing(found)}`);
  if (one.pin.state === state) return textReply(200, `${describeShortly(one)} was ${state} already`);
  try {
    await one.pins.decide(one.pin, state);
  } catch (error) {
    return textReply(409, `${describeShortly(one)} stays as it was: ${error instanceof Error ? error.message : String(error)}`);
  }
  return textReply(200, `${describeShortly(one)}; clients find out with their next list at the latest`);
}

/** What is suspicious is approved one by one. */
async function approveAll(registry: PinRegistry, query: URLSearchParams): Promise<AdminReply> {
  if (!query.has("target")) return textReply(400, "say whose with ?target=");
  const waiting = (await select(registry, query)).filter(({ pin }) => pin.state === "pending" || pin.state === "changed");
  const left = waiting.filter(({ pin }) => pin.findings.some(isGrave));
  const approved = waiting.filter((one) => !left.includes(one));
  for (const { pins, pin } of approved) {
    try {
      await pins.decide(pin, "approved");
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      return textReply(409, `stopped at ${describeShortly({ pins, pin })}: ${what}; GET /tools shows what was approved`);
    }
  }
  const rest = left.length === 0 ? "" : `\n${left.length} suspicious left; look at them and approve them one by one:\n${listing(left)}`;
  return textReply(200, `${approved.length} approved${approved.length === 0 ? "" : `:\n${listing(approved)}`}${rest}`);
}

function listing(found: readonly Found[]): string {
  const lines = found.slice(0, maxListed).map((one) => `  ${describeShortly(one)}`);
  return [...lines, ...(found.length > maxListed ? [`  ... and ${found.length - maxListed} more`] : [])].join("\n");
}

function describeShortly({ pins, pin: { kind, target, name, fingerprint, state } }: Found): string {
  return `${state}: ${kind} ${JSON.stringify(visible(name))} of target ${target}, backend ${pins.backend}, fingerprint ${fingerprint}`;
}
