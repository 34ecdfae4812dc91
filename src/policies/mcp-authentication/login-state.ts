/** Where a client waits for the authorization response that the gateway relays, and the `state` it wants there. */
export interface LoginState {
  readonly redirectUri: string;
  readonly state: string | undefined;
}

/** Characters; browsers and providers take addresses of twice that. */
const maxLength = 4096;

/**
 * The `state` that the provider gets instead of the client's. It needs no signature: whoever comes back with one is only
 * ever sent to redirect URIs that the operator listed, and whoever could forge one could as well ask the gateway for it.
 * So a login ends well at another gateway, or after a restart, too.
 * @returns undefined when the client's own values are too long
 */
export function packLogin({ redirectUri, state }: LoginState): string | undefined {
  const text = Buffer.from(JSON.stringify(state === undefined ? [redirectUri] : [redirectUri, state])).toString("base64url");
  return text.length > maxLength ? undefined : text;
}

/** @returns undefined when it is none of ours */
export function openLogin(text: string): LoginState | undefined {
  if (text.length > maxLength || !/^[\w-]+$/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (!Array.isArray(value) || value.length < 1 || value.length > 2) return undefined;
    const [redirectUri, state] = value as unknown[];
    return typeof redirectUri === "string" && (state === undefined || typeof state === "string") ? { redirectUri, state } : undefined;
  } catch {
    return undefined;
  }
}
