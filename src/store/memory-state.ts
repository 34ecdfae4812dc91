import type { StateRow, StateStore } from "../contract/stores.ts";

/** State in this process's memory, for a gateway that was given no file. */
export class MemoryState implements StateStore {
  readonly durable = false;
  private readonly kinds = new Map<string, Map<string, Buffer>>();

  get(kind: string, key: string): Buffer | undefined {
    return this.kinds.get(kind)?.get(key);
  }

  set(kind: string, key: string, value: Uint8Array): void {
    const rows = this.kinds.get(kind);
    const copy = Buffer.from(value);
    if (rows === undefined) this.kinds.set(kind, new Map([[key, copy]]));
    else rows.set(key, copy);
  }

  delete(kind: string, key: string): boolean {
    return this.kinds.get(kind)?.delete(key) ?? false;
  }

  list(kind: string): readonly StateRow[] {
    const rows = [...(this.kinds.get(kind) ?? [])].map(([key, value]) => ({ key, value }));
    return rows.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }
}
