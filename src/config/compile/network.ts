export function compileNetworkRules(..._: unknown[]): never {
  throw new Error("wip");
}
