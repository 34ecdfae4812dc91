export function compileLlmRoute(..._: unknown[]): never {
  throw new Error("wip");
}
