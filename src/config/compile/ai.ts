export function compileAi(..._: unknown[]): never {
  throw new Error("wip");
}
