import { createHash, hash as digest, timingSafeEqual } from "node:crypto";
import { compare } from "bcryptjs";
import { desCrypt } from "./des-crypt.ts";
import { md5Crypt } from "./md5-crypt.ts";
import { shaCrypt } from "./sha-crypt.ts";

/** Whether a password is the one that was hashed. */
export type CheckPassword = (password: string) => boolean | Promise<boolean>;

export interface User {
  readonly check: CheckPassword;
  /** Digest of the user's line: no two databases have it in common, unless one is a copy of the other. */
  readonly account: string;
}

/**
 * Reads a user database in htpasswd form (https://httpd.apache.org/docs/2.4/programs/htpasswd.html): `user:hash` lines,
 * comments behind `#`. Hashes: bcrypt, apr1 and md5, {SHA}, sha256- and sha512-crypt, and the original crypt.
 * Of several lines for one user the last counts.
 * @throws Error that names line and user when a hash is of no known form; hashes are never in the text
 */
export function parseHtpasswd(text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>();
  for (const [index, untrimmed] of text.split("\n").entries()) {
    const line = untrimmed.trim();
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`htpasswd line ${index + 1}: expected user:hash`);
    const user = line.slice(0, colon);
    const check = compileHash(line.slice(colon + 1));
    if (check === undefined) {
      throw new Error(
        `htpasswd line ${index + 1}, user ${JSON.stringify(user)}: unknown kind of password hash; make it anew with \`htpasswd -B\``,
      );
    }
    users.set(user, { check, account: digest("sha256", line, "base64url") });
  }
  return users;
}

const bcryptForm = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;
const md5Form = /^(\$apr1\$|\$1\$)([^$]{0,8})\$([./A-Za-z0-9]{22})$/;
const shaForm = /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$]{0,16})\$([./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})$/;
const sha1Form = /^\{SHA\}([A-Za-z0-9+/]{27}=)$/;
const desForm = /^([./A-Za-z0-9]{2})([./A-Za-z0-9]{11})$/;

function compileHash(hash: string): CheckPassword | undefined {
  if (bcryptForm.test(hash)) return (password) => compare(password, hash);
  const md5 = md5Form.exec(hash);
  if (md5 !== null) return (password) => equal(md5Crypt(password, md5[2]!, md5[1]!), md5[3]!);
  const sha = shaForm.exec(hash);
  if (sha !== null) return compileSha(sha);
  const sha1 = sha1Form.exec(hash);
  if (sha1 !== null) return (password) => equal(createHash("sha1").update(password, "utf8").digest("base64"), sha1[1]!);
  const des = desForm.exec(hash);
  if (des !== null) return (password) => equal(desCrypt(password, des[1]!), des[2]!);
  return undefined;
}

function compileSha([, kind, roundsText, salt, expected]: RegExpExecArray): CheckPassword {
  const algorithm = kind === "5" ? "sha256" : "sha512";
  const rounds = roundsText === undefined ? 5000 : Math.max(1000, Number(roundsText));
  return (password) => equal(shaCrypt(password, { algorithm, salt: salt!, rounds }), expected!);
}

function equal(computed: string, expected: string): boolean {
  return computed.length === expected.length && timingSafeEqual(Buffer.from(computed), Buffer.from(expected));
}
