import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../contract/runtime.ts";
import type { StateStore } from "../../contract/stores.ts";
import { Audience } from "./audience.ts";
import type { Definition } from "./definition.ts";
import type { KeptMember } from "./diff.ts";
import { visible } from "./hidden-text.ts";
import { backendOfKey, keptMembers, type Pin, type PinRow, type PinSubject, readRow, rowKey, writeRow } from "./pin.ts";
import { Views } from "./views.ts";

/** Kind of the rows in the state store. */
const rowKind = "tool-pin";
/** Definitions of a target that are kept, of all its tools and prompts. */
const maxDefinitions = 20_000;
/** Definitions of one tool that stand side by side: approved ones, and those that are not. */
const maxApproved = 16;
const maxOthers = 16;
/** Characters of definitions of a target that are kept for comparisons. */
const maxKeptCharacters = 16_777_216;
/** Rows that are written in one turn of the event loop. */
const rowsPerTurn = 100;

export interface PinsSettings {
  readonly backend: string;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The pinned definitions of one backend's tools and prompts, with what was decided about each. They are read from the state
 * store once and held without their texts; changes are written behind the requests that found them.
 */
export class Pins {
  readonly backend: string;
  /** What callers were last shown: like the pins, it outlives reloads. */
  readonly views = new Views();
  /** Who is told of decisions. */
  readonly audience = new Audience();
  private readonly settings: PinsSettings;
  private readonly byTool = new Map<string, Pin[]>();
  /** Definitions, by target. */
  private readonly counts = new Map<string, number>();
  private readonly keptCharacters = new Map<string, number>();
  private readonly unwritten = new Map<Pin, readonly KeptMember[] | undefined>();
  private writing: Promise<void> | undefined;
  private loading: Promise<void> | undefined;
  private loaded = false;

  constructor(settings: PinsSettings) {
    this.settings = settings;
    this.backend = settings.backend;
  }

  /** Settles when what was kept has been read; undefined when it has. @throws what the store throws; the next call tries again */
  ready(): Promise<void> | undefined {
    if (this.loaded) return undefined;
    return (this.loading ??= this.load().finally(() => (this.loading = undefined)));
  }

  get isReady(): boolean {
    return this.loaded;
  }

  /** All definitions of a tool, in the order in which they were met. */
  of(subject: PinSubject): readonly Pin[] {
    return this.byTool.get(toolKey(subject)) ?? [];
  }

  all(): Pin[] {
    return [...this.byTool.values()].flat();
  }

  /** Keeps a definition that is met for the first time; undefined when there is no more room for any of that target. */
  add(pin: Pin, definition: Definition): Pin | undefined {
    const pins = this.byTool.get(toolKey(pin)) ?? [];
    const others = pins.filter(({ state }) => state !== "approved");
    const oldest = others.find(({ state }) => state !== "rejected") ?? others[0];
    if (others.length >= maxOthers && oldest !== undefined) this.drop(oldest);
    if (!this.hasRoom(pin.target)) return undefined;
    this.hold(pin);
    const kept = this.keptCharacters.get(pin.target) ?? 0;
    const members = keptMembers(definition, kept < maxKeptCharacters);
    this.keptCharacters.set(
      pin.target,
      members.reduce((sum, { value }) => sum + (value?.length ?? 0), kept),
    );
    this.write(pin, members);
    return pin;
  }

  /** Whether one more definition of a target can be kept. */
  hasRoom(target: string): boolean {
    return (this.counts.get(target) ?? 0) < maxDefinitions;
  }

  /** Writes what has changed in a pin. */
  update(pin: Pin): void {
    if (!this.unwritten.has(pin)) this.write(pin, undefined);
  }

  /**
   * Notes an operator's decision. Resolves when it is kept.
   * @throws Error for people when there is no room for one more approval, or what the store throws
   */
  async decide(pin: Pin, state: "approved" | "rejected"): Promise<void> {
    const approved = this.of(pin).filter((other) => other.state === "approved" && other !== pin);
    if (state === "approved" && approved.length >= maxApproved)
      throw new Error(`${maxApproved} definitions of it are approved already; reject one of them first`);
    await this.flushed();
    const { state: before, since, by } = pin;
    Object.assign(pin, { state, since: this.settings.clock.wall(), by: "operator" } satisfies Partial<Pin>);
    try {
      await this.writeNow(pin, undefined);
    } catch (thrown) {
      Object.assign(pin, { state: before, since, by });
      throw thrown;
    }
    const { kind, target, name, fingerprint } = pin;
    this.settings.log.info(`mcp tool definition ${state} by the operator`, {
      backend: this.backend,
      target,
      [kind]: visible(name),
      fingerprint,
    });
    this.audience.tell(kind);
  }

  /** What is kept of a definition. */
  async members(pin: Pin): Promise<readonly KeptMember[]> {
    return this.unwritten.get(pin) ?? (await this.row(pin))?.members ?? [];
  }

  /** Settles when nothing waits to be written. */
  async flushed(): Promise<void> {
    await this.writing;
  }

  private async load(): Promise<void> {
    const rows = await this.settings.store.list(rowKind);
    for (const { key, value } of rows) {
      if (backendOfKey(key) !== this.backend) continue;
      const row = readRow(value);
      if (row !== undefined && !this.of(row.pin).some(({ fingerprint }) => fingerprint === row.pin.fingerprint)) this.hold(row.pin);
    }
    for (const pins of this.byTool.values()) pins.sort((a, b) => a.since - b.since);
    this.loaded = true;
  }

  private hold(pin: Pin): void {
    pin.held = true;
    const key = toolKey(pin);
    const pins = this.byTool.get(key);
    if (pins === undefined) this.byTool.set(key, [pin]);
    else pins.push(pin);
    this.counts.set(pin.target, (this.counts.get(pin.target) ?? 0) + 1);
  }

  private drop(pin: Pin): void {
    pin.held = false;
    const left = this.of(pin).filter((other) => other !== pin);
    this.byTool.set(toolKey(pin), left);
    this.counts.set(pin.target, (this.counts.get(pin.target) ?? 1) - 1);
    this.write(pin, undefined);
  }

  private write(pin: Pin, members: readonly KeptMember[] | undefined): void {
    this.unwritten.set(pin, members ?? this.unwritten.get(pin));
    this.writing ??= this.writeAll().finally(() => (this.writing = undefined));
  }

  /** A few rows a turn: the first list of a big server must not hold up others. */
  private async writeAll(): Promise<void> {
    while (this.unwritten.size > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const [pin, members] of [...this.unwritten].slice(0, rowsPerTurn)) {
        this.unwritten.delete(pin); // what changes from here on is written once more
        try {
          await this.writeNow(pin, members);
        } catch (error) {
          this.settings.log.error("a tool definition could not be kept", {
            backend: this.backend,
            target: pin.target,
            tool: pin.name,
            error,
          });
        }
      }
    }
  }

  private async writeNow(pin: Pin, members: readonly KeptMember[] | undefined): Promise<void> {
    const { store } = this.settings;
    const key = rowKey(this.backend, pin);
    if (!pin.held) await store.delete(rowKind, key);
    else await store.set(rowKind, key, writeRow({ pin, members: members ?? (await this.row(pin))?.members ?? [] }));
  }

  private async row(pin: Pin): Promise<PinRow | undefined> {
    const bytes = await this.settings.store.get(rowKind, rowKey(this.backend, pin));
    return bytes === undefined ? undefined : readRow(bytes);
  }
}

function toolKey({ kind, target, name }: PinSubject): string {
  return `${kind}\u0000${target}\u0000${name}`;
}
