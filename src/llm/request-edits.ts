import type { JsonObject } from "../base/json.ts";
import { spliceJsonMembers } from "../base/json-members.ts";

/**
 * A request body with changes to its top level. The changes are kept beside the client's bytes, and put into them at the
 * end: what nobody changed leaves as it came, and a body without changes is the same Buffer.
 */
export class RequestEdits {
  private readonly body: JsonObject;
  private readonly bytes: Buffer;
  private changes: Map<string, unknown> | undefined = undefined;

  /** @param body what `bytes` parse to; never modified */
  constructor(body: JsonObject, bytes: Buffer) {
    this.body = body;
    this.bytes = bytes;
  }

  /** A member as it is after the changes so far; undefined when it is absent. */
  get(name: string): unknown {
    if (this.changes !== undefined && this.changes.has(name)) return this.changes.get(name);
    return Object.hasOwn(this.body, name) ? this.body[name] : undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** @param value any JSON value; undefined removes the member */
  set(name: string, value: unknown): void {
    if (value === this.get(name)) return;
    (this.changes ??= new Map()).set(name, value);
  }

  remove(name: string): void {
    this.set(name, undefined);
  }

  /** Undoes all changes to a member. */
  restore(name: string): void {
    this.changes?.delete(name);
  }

  /** The body to send. */
  toBytes(): Buffer {
    if (this.changes === undefined) return this.bytes;
    const texts = new Map<string, string | undefined>();
    for (const [name, value] of this.changes) {
      if (value === this.body[name]) continue; // changed back
      texts.set(name, value === undefined ? undefined : JSON.stringify(value));
    }
    return texts.size === 0 ? this.bytes : spliceJsonMembers(this.bytes, texts);
  }
}
