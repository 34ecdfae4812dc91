import * as z from "zod";
import { isHost, parseHostPort } from "../../contract/config/address.ts";
import { alternatives, maybe } from "../../contract/config/combinators.ts";
import { port } from "../../contract/config/numbers.ts";

/** Where an MCP server is: at an address, or behind an entry of `backends`. */
export type McpServerAddress =
  | { readonly kind: "address"; readonly tls: boolean; readonly host: string; readonly port: number; readonly path: string }
  | { readonly kind: "backend"; readonly backend: string; readonly path: string };

interface HostForm {
  readonly host: string;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
}

/**
 * `{host: URL or host:port}`, `{host, port, path}` or `{backend, path}`.
 * @param defaultPath where nothing names a path
 */
export function mcpServerAddress(defaultPath: string) {
  return mcpServerAddressWith(defaultPath, {});
}

/** The same with further keys beside them. */
export function mcpServerAddressWith<const E extends z.ZodRawShape>(defaultPath: string, extra: E) {
  type Address = McpServerAddress & z.output<z.ZodObject<E>>;
  const withExtra = (address: McpServerAddress, form: object): Address =>
    ({ ...Object.fromEntries(Object.entries(form).filter(([key]) => key in extra)), ...address }) as Address;
  const byHost = z
    .strictObject({
      host: z.string().describe("URL, `host:port`, or a host with `port` and `path` beside it."),
      port: port().optional().describe("Port, together with `path`."),
      path: z.string().optional().describe("Path, together with `port`."),
      ...extra,
    })
    .meta({ dependentRequired: { port: ["path"], path: ["port"] } })
    .transform((form, context): Address => {
      const address = readAddress(form as HostForm, defaultPath);
      if (typeof address !== "string") return withExtra(address, form);
      context.addIssue({ code: "custom", message: address });
      return z.NEVER;
    });
  const byName = z
    .strictObject({
      backend: z.string().describe("Name of an entry of `backends`."),
      path: maybe(z.string()).describe("Path on that server; needed here."),
      ...extra,
    })
    .transform((form, context): Address => {
      const { backend, path } = form as { readonly backend: string; readonly path: string | undefined };
      if (path !== undefined) return withExtra({ kind: "backend", backend, path }, form);
      context.addIssue({ code: "custom", message: "needs `path` beside `backend`" });
      return z.NEVER;
    });
  return alternatives([byHost, byName]);
}

/** The address, or what is wrong. */
function readAddress(form: HostForm, defaultPath: string): McpServerAddress | string {
  if ((form.port === undefined) !== (form.path === undefined)) return "needs `port` and `path` together, or a URL in `host` alone";
  if (form.port !== undefined && form.path !== undefined) {
    if (!isHost(form.host)) return "needs a host alone in `host`, as `port` and `path` stand beside it";
    return { kind: "address", tls: false, host: withoutBrackets(form.host), port: form.port, path: form.path };
  }
  if (form.host.includes("://")) return readUrl(form.host, defaultPath);
  const parsed = parseHostPort(form.host);
  return parsed === undefined
    ? "needs a URL such as http://localhost:3001/mcp, or host:port, in `host`"
    : { kind: "address", tls: false, ...parsed, path: defaultPath };
}

function readUrl(text: string, defaultPath: string): McpServerAddress | string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return "needs a URL with http or https in `host`";
  if (url.username !== "" || url.password !== "") return "must hold no user name and password in the URL; use the policy `backendAuth`";
  const tls = url.protocol === "https:";
  const named = /^[a-z]+:\/\/[^/?#]+[/?]/i.test(text);
  return {
    kind: "address",
    tls,
    host: withoutBrackets(url.hostname),
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    path: named ? url.pathname + url.search : defaultPath,
  };
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}
