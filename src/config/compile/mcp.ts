export function compileMcp(..._: unknown[]): never {
  throw new Error("wip");
}
