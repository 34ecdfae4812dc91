import { CelScalar, types } from "./value.ts";
import type { CelType, Value } from "./value.ts";

/** What `flatten()` gives: members that a log line or span shows as fields of their own. */
export class Flat extends CelScalar {
  readonly members: readonly (readonly [name: string, value: Value])[];

  constructor(members: readonly (readonly [name: string, value: Value])[]) {
    super();
    this.members = members;
  }

  get type(): CelType {
    return types.map;
  }
}
