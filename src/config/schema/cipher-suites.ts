import { getCiphers } from "node:tls";
import * as z from "zod";

/** IANA's names of the suites of TLS 1.2 that configurations name, by which rustls goes, as OpenSSL calls them. */
const openSslNames: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: "ECDHE-ECDSA-AES128-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: "ECDHE-ECDSA-AES256-SHA384",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: "ECDHE-RSA-AES128-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: "ECDHE-RSA-AES256-SHA384",
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256: "DHE-RSA-AES128-GCM-SHA256",
  TLS_DHE_RSA_WITH_AES_256_GCM_SHA384: "DHE-RSA-AES256-GCM-SHA384",
  TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "DHE-RSA-CHACHA20-POLY1305",
};

let known: ReadonlySet<string> | undefined;

/** The name that Node's TLS has for a suite; undefined when it has none. TLS 1.3 suites have one name, which rustls begins with `TLS13_`. */
export function openSslName(name: string): string | undefined {
  const found = openSslNames[name] ?? name.replace(/^TLS13_/, "TLS_");
  known ??= new Set(getCiphers().map((cipher) => cipher.toUpperCase()));
  return known.has(found) ? found : undefined;
}

/** Cipher suites to allow. Output: OpenSSL's names. */
export function cipherSuites() {
  return z.array(
    z.string().transform((name, context): string => {
      const found = openSslName(name);
      if (found !== undefined) return found;
      context.addIssue({
        code: "custom",
        message:
          "is no cipher suite that is known here; names are such as TLS13_AES_128_GCM_SHA256 or TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      });
      return z.NEVER;
    }),
  );
}
