import { within } from "../base/deadline.ts";
import type { Resources } from "../contract/resources.ts";

interface Entry {
  readonly resource: unknown;
  readonly dispose: (() => unknown) | undefined;
  holders: number;
}

/** What outlives reloads, counted by the runtimes that hold it. */
export class ResourceRegistry {
  private readonly entries = new Map<string, Entry>();
  /** Disposals under way. */
  private readonly disposing = new Set<Promise<unknown>>();

  /** Resources held at the moment, for tests and the admin API. */
  get size(): number {
    return this.entries.size;
  }

  /** A runtime's view: whatever it acquires is held until `release`. */
  scope(): ResourceScope {
    return new ResourceScope(this);
  }

  hold<T>(key: string, create: () => T, dispose: ((resource: T) => unknown) | undefined): T {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      const resource = create();
      entry = { resource, dispose: dispose === undefined ? undefined : () => dispose(resource), holders: 0 };
      this.entries.set(key, entry);
    }
    entry.holders++;
    return entry.resource as T; // one key, one kind of resource: the key names the kind
  }

  letGo(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined || --entry.holders > 0) return;
    this.entries.delete(key);
    this.dispose(entry);
  }

  /** Disposes of everything, when the process stops. Resolves when that is done, or when the milliseconds are over. */
  async close(deadlineMs: number): Promise<void> {
    const entries = [...this.entries.values()];
    this.entries.clear();
    for (const entry of entries) this.dispose(entry);
    await within(deadlineMs, Promise.allSettled(this.disposing), () => new Error("late")).catch(() => {}); // left behind
  }

  private dispose(entry: Entry): void {
    const disposed = entry.dispose?.();
    if (!(disposed instanceof Promise)) return;
    const done = (): void => void this.disposing.delete(disposed);
    this.disposing.add(disposed);
    disposed.then(done, done);
  }
}

/** One runtime's hold on shared resources. */
export class ResourceScope implements Resources {
  private readonly registry: ResourceRegistry;
  private readonly held = new Map<string, unknown>();

  constructor(registry: ResourceRegistry) {
    this.registry = registry;
  }

  acquire<T>(key: string, create: () => T, dispose?: (resource: T) => unknown): T {
    if (this.held.has(key)) return this.held.get(key) as T;
    const resource = this.registry.hold(key, create, dispose);
    this.held.set(key, resource);
    return resource;
  }

  /** Lets go of everything; what no other runtime holds is disposed of. */
  release(): void {
    for (const key of this.held.keys()) this.registry.letGo(key);
    this.held.clear();
  }
}
