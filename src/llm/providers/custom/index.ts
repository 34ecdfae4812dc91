import type { Provider } from "../../provider.ts";
import { compatibleProvider, type FormatEntry } from "../openai-compatible/index.ts";

/** `provider: {custom: {...}}`, or `ai.provider.custom`. */
export interface CustomSettings {
  readonly model?: string | undefined;
  /** Name in telemetry and prices. */
  readonly providerOverride?: string | undefined;
  readonly formats: readonly { readonly type: string; readonly path?: string | undefined }[];
}

/**
 * A server described by the configuration. It has no address of its own: the caller overrides it by `baseUrl` or
 * `hostOverride`, and refuses a configuration without one.
 * @param name for telemetry when there is no `providerOverride`
 */
export function customProvider(settings: CustomSettings, name: string): Provider {
  return compatibleProvider({
    telemetryName: settings.providerOverride ?? name,
    baseUrl: "http://unset.invalid/v1",
    formats: settings.formats as readonly FormatEntry[], // the schema lets no other names through
  });
}
