import * as z from "zod";
import { maybe, notYet, notYetValues, oneSpelling } from "../../contract/config/combinators.ts";
import { filePath } from "../../contract/config/files.ts";
import { cipherSuites } from "./cipher-suites.ts";

/** Versions in the words of node:tls. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

const versions: Readonly<Record<string, TlsVersion>> = { TLS_V1_2: "TLSv1.2", TLS_V1_3: "TLSv1.3" };

/** A version of TLS; 1.0 and 1.1 are in the language, but are refused (RFC 8996). */
export const tlsVersion = z.enum(["TLS_V1_0", "TLS_V1_1", "TLS_V1_2", "TLS_V1_3"]).transform((name, context): TlsVersion => {
  const version = versions[name];
  if (version !== undefined) return version;
  context.addIssue({ code: "custom", message: "TLS 1.0 and 1.1 are broken; use TLS_V1_2 or TLS_V1_3" });
  return z.NEVER;
});

const tlsKeys = {
  mode: notYetValues(z.enum(["static", "dynamicCa"]).default("static"), ["dynamicCa"], "issuing certificates on demand").describe(
    "`static`: the certificate is served. `dynamicCa`: it signs one for every name that is asked for.",
  ),
  cert: maybe(filePath()).describe("Certificate with its chain, PEM file."),
  key: maybe(filePath()).describe("Private key, PEM file; the file of `cert` when absent."),
  root: maybe(filePath()).describe("Certificate authorities for client certificates, PEM file. With it, clients must have one (mTLS)."),
  spiffe: maybe(notYet(z.strictObject({}), "SPIFFE")).describe("Take the certificate from the SPIFFE Workload API."),
  cipherSuites: maybe(cipherSuites()).describe("Cipher suites to allow, IANA or OpenSSL names; Node's when absent."),
  minTLSVersion: maybe(tlsVersion).describe("Lowest version to accept."),
  minTlsVersion: maybe(tlsVersion).describe("The same as `minTLSVersion`."),
  maxTLSVersion: maybe(tlsVersion).describe("Highest version to accept."),
  maxTlsVersion: maybe(tlsVersion).describe("The same as `maxTLSVersion`."),
  keyExchangeGroups: maybe(notYet(z.array(z.string()), "choosing key exchange groups")).describe("Key exchange groups to allow."),
};

/** TLS of a listener. That `cert` is there is checked with the rest of what depends on other keys, in check.ts. */
export const listenerTls = oneSpelling(z.strictObject(tlsKeys), [
  ["minTLSVersion", "minTlsVersion"],
  ["maxTLSVersion", "maxTlsVersion"],
])
  .transform(({ cert, key, root, cipherSuites, ...tls }) => ({
    cert: cert!,
    key: key ?? cert!,
    root,
    cipherSuites,
    minTLSVersion: tls.minTLSVersion ?? tls.minTlsVersion,
    maxTLSVersion: tls.maxTLSVersion ?? tls.maxTlsVersion,
  }))
  .meta({ id: "ListenerTls" });

export type ListenerTls = z.output<typeof listenerTls>;
