import type { ConfigSource } from "../config/source.ts";
import type { ProcessIo } from "./io.ts";

export interface ExplainRequest {
  readonly request: string | undefined;
  readonly headers: readonly string[];
  readonly body: string | undefined;
  readonly claims: string | undefined;
}

export async function explain(_source: ConfigSource, _request: ExplainRequest, io: ProcessIo): Promise<number> {
  io.error("explain is being built");
  return 1;
}
