/** A root variable, for the reference page and for messages. */
export interface RootVariable {
  readonly name: string;
  readonly summary: string;
}
export const roots: readonly RootVariable[] = [];
