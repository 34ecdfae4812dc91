import type { IncomingHttpHeaders } from "node:http";

const localNames = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Keeps web pages out. The admin server has no authentication: who can reach it may use it, and a browser on the same
 * machine reaches it for whatever page it shows. Three ways in are closed:
 * - DNS rebinding: a page's own host name, made to point here, comes as `Host`; on loopback only local names may.
 * - Requests across sites (a form that posts to /quitquitquit): browsers mark them in `Sec-Fetch-Site` and `Origin`.
 * - The gateway itself: a server on this machine (a container's port, say) may name any address of this machine as its OAuth
 *   endpoint, and a login there would post to it. Such requests have a body, which nothing here reads.
 *
 * @param loopback whether the server listens on loopback alone; elsewhere its names are not known
 * @returns why the request is refused; undefined = it may pass
 */
export function refusalOf(headers: IncomingHttpHeaders, loopback: boolean): string | undefined {
  const { host, origin } = headers;
  if (loopback && host !== undefined && !localNames.has(host.replace(/:\d*$/, "").toLowerCase())) {
    return `the Host ${JSON.stringify(host)} is not this machine; use localhost, 127.0.0.1 or [::1]`;
  }
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return "requests from other web sites are not served";
  if (origin !== undefined && origin !== `http://${host}`) return "requests from other origins are not served";
  if ((headers["content-length"] ?? "0") !== "0" || headers["transfer-encoding"] !== undefined)
    return "requests with a body are not served";
  return undefined;
}
