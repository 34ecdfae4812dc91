import { createHmac, randomBytes } from "node:crypto";
import { RecentMap } from "../../base/recent-map.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { definePolicy, type Next } from "../../contract/policy.ts";
import type { Reply } from "../../contract/reply.ts";
import { compileCredentialSource } from "../credential-location.ts";
import { afterBody } from "../expressions.ts";
import { type BasicAuthConfig, basicAuthConfig } from "./config.ts";
import { type Credentials, parseCredentials } from "./credentials.ts";
import { type CheckPassword, parseHtpasswd, type User } from "./htpasswd.ts";
import { OneByOne } from "./one-by-one.ts";

/** Good credentials remembered, so that their slow hash is computed once. */
const maxRemembered = 1024;

/**
 * User name and password (RFC 7617) against an htpasswd database. Password hashes are slow on purpose: credentials that
 * were good are remembered (as a keyed hash), the others are checked one after the other from a bounded queue.
 */
export const basicAuth = definePolicy<BasicAuthConfig>({
  name: "basicAuth",
  config: basicAuthConfig,
  compile(config, { readFile }) {
    const { htpasswd, mode } = config;
    const users = parseHtpasswd(htpasswd.kind === "file" ? readFile(htpasswd.file) : htpasswd.inline);
    const source = compileCredentialSource(config.authorizationLocation);
    const refusal = compileRefusal(config);
    const check = checkerOf(users);
    const remembered = new RecentMap<string, string>(maxRemembered);
    const secret = randomBytes(32);

    const admit = (exchange: Exchange, username: string, next: Next): Promise<Reply> => {
      exchange.identity.basicAuth = { username };
      const account = users.get(username)?.account;
      if (account !== undefined) exchange.identity.basicAuthAccount = account;
      source.remove(exchange);
      return next();
    };

    return afterBody(source.reads, (exchange, next) => {
      const encoded = source.find(exchange);
      if (encoded === undefined) {
        if (mode === "strict") throw refusal("no basic authentication credentials found");
        return next();
      }
      const key = createHmac("sha256", secret).update(encoded).digest("base64");
      const known = remembered.get(key);
      if (known !== undefined) return admit(exchange, known, next);
      const credentials = parseCredentials(encoded);
      if (credentials === undefined) throw refusal("invalid credentials");
      return check(credentials).then((good) => {
        if (!good) throw refusal("invalid credentials");
        remembered.set(key, credentials.username);
        return admit(exchange, credentials.username, next);
      });
    });
  },
});

/** An unknown user costs as much time as a known one, so that names cannot be found out by it. */
function checkerOf(users: ReadonlyMap<string, User>): (credentials: Credentials) => Promise<boolean> {
  const queue = new OneByOne();
  const decoy: CheckPassword = users.values().next().value?.check ?? (() => false);
  return ({ username, password }) => {
    const checkPassword = users.get(username)?.check;
    return queue.run(async () => {
      const fits = await (checkPassword ?? decoy)(password);
      return fits && checkPassword !== undefined;
    });
  };
}

/** Credentials in Proxy-Authorization are asked for with 407 (RFC 9110 section 11.7.1), all others with 401. */
function compileRefusal({ realm, authorizationLocation: location }: BasicAuthConfig): (detail: string) => GatewayError {
  const challenge = `Basic realm="${(realm ?? "Restricted").replace(/["\\]/g, "\\$&")}"`;
  const proxy = location.kind === "header" && location.header.name === "proxy-authorization";
  const headers = { [proxy ? "proxy-authenticate" : "www-authenticate"]: challenge };
  return (detail) => new GatewayError("basic_auth_invalid", { detail, headers, ...(proxy ? { status: 407 } : {}) });
}
