/**
 * The `backendAuth` of a provider: the one that is configured, or else the provider's own (its key, its cloud's token). One
 * that only names extra credentials says nothing about the main one, which then stands beside them.
 * @param configured a parsed `backendAuth`
 */
export function withMainCredential(configured: unknown, main: object | undefined): unknown {
  if (main === undefined || configured === undefined) return configured ?? main;
  const { kind, credentials } = configured as { kind?: unknown; credentials?: unknown };
  return kind === "credentials" ? { ...main, credentials } : configured;
}
