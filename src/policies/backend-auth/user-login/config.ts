import * as z from "zod";
import { maybe } from "../../../contract/config/combinators.ts";
import { fileOrInline, httpUrl } from "../../../contract/config/files.ts";
import { isLoopback } from "../../../upstream/server-metadata.ts";

/** Tokens of each caller's own, from logins at the server. */
export const userLoginConfig = z
  .strictObject({
    publicUrl: httpUrl()
      .refine(isSecure, "expected https://; http:// only for this machine itself (localhost)")
      .refine((text) => !/[?#]/.test(text), "expected a URL without query")
      .describe("Where people's browsers reach this gateway; its login pages are below it, at `/.well-known/turnpike/`."),
    scopes: maybe(z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, "expected a scope: no spaces, quotes or backslashes"))).describe(
      "What to ask for; what the server says it needs when absent.",
    ),
    clientId: maybe(z.string().min(1)).describe(
      "A client registered with the authorization server by hand. Its redirect URI is `<publicUrl>/.well-known/turnpike/callback`. When absent, the gateway registers itself.",
    ),
    clientSecret: maybe(fileOrInline()).describe(
      "The client's secret: itself, or the file that holds it. Needs `issuer`, which alone is told it.",
    ),
    issuer: maybe(httpUrl()).describe("The only authorization server to log in at; the one that the server names when absent."),
  })
  .refine(({ clientId, clientSecret }) => clientSecret === undefined || clientId !== undefined, {
    path: ["clientSecret"],
    error: "needs `clientId`",
  })
  .refine(({ clientSecret, issuer }) => clientSecret === undefined || issuer !== undefined, {
    path: ["clientSecret"],
    error: "needs `issuer`; without it the server would choose who is told the secret",
  });

export type UserLoginConfig = z.output<typeof userLoginConfig>;

function isSecure(text: string): boolean {
  const url = URL.parse(text);
  return url === null || url.protocol === "https:" || isLoopback(url.hostname);
}
