import { redactData, redacted } from "../../base/redact.ts";
import { type Endpoint, jsonReply } from "../endpoint.ts";

/** The configuration in effect, with credentials replaced. */
export function configDump(effective: () => unknown): Endpoint {
  return {
    method: "GET",
    path: "/config_dump",
    summary: "the configuration in effect, credentials replaced",
    handle: () => jsonReply(redactData(withoutSecretArguments(effective()), isSecretKey)),
  };
}

/**
 * Members of the configuration that hold credentials, beyond names that say so themselves. `env` is hidden whole:
 * environment variables are how stdio servers get their credentials, under names of their own choosing.
 */
function isSecretKey(name: string): boolean {
  return name === "key" || name === "signingKey" || name === "htpasswd" || name === "env" || /token$/i.test(name);
}

const secretFlag = /^--?[\w-]*(?:token|key|secret|password)$/i;

/** Command lines of stdio targets: `--token=abc` and `--token abc`. */
function withoutSecretArguments(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item: unknown, i) => {
      const before: unknown = value[i - 1];
      return typeof item === "string" ? hideArgument(item, typeof before === "string" ? before : "") : withoutSecretArguments(item);
    });
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutSecretArguments(member)]));
}

function hideArgument(argument: string, before: string): string {
  const at = argument.indexOf("=");
  if (at !== -1 && secretFlag.test(argument.slice(0, at))) return `${argument.slice(0, at)}=${redacted}`;
  return secretFlag.test(before) ? redacted : argument;
}
