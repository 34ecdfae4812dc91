import { ConfigError, formatIssues } from "../config/issues.ts";
import type { ProcessIo } from "./io.ts";

/** Says on standard error why a configuration cannot be used. @returns the exit code */
export function reportConfigError(thrown: unknown, io: ProcessIo): number {
  if (thrown instanceof ConfigError) io.error(formatIssues(thrown));
  else io.error(`turnpike: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  return 1;
}
