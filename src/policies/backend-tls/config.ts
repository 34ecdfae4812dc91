import * as z from "zod";
import { maybe, notYet } from "../../contract/config/combinators.ts";
import { filePath } from "../../contract/config/files.ts";

const group = z.enum(["X25519", "P-256", "P-384", "X25519_MLKEM768"]);

/** TLS towards the backend. `{}` means: verify against the system's certificate authorities. */
export const backendTLSConfig = z.strictObject({
  cert: maybe(filePath()).describe("Client certificate, PEM file."),
  key: maybe(filePath()).describe("Private key of the client certificate, PEM file."),
  root: maybe(filePath()).describe("Certificate authorities to trust, PEM file; the system's when absent."),
  hostname: maybe(z.string()).describe("Name to ask for (SNI) and to verify; the backend's host when absent."),
  insecure: z.boolean().default(false).describe("Verify nothing at all."),
  insecureHost: z.boolean().default(false).describe("Verify the chain but not the name."),
  alpn: maybe(notYet(z.array(z.string()), "choosing ALPN protocols")).describe("Protocols to offer (ALPN); `http/1.1` when absent."),
  subjectAltNames: maybe(z.array(z.string())).describe("Names of which the certificate must have one, instead of the host's."),
  keyExchangeGroups: maybe(notYet(z.array(group), "choosing key exchange groups")).describe("Key exchange groups to offer."),
  spiffe: maybe(notYet(z.strictObject({}), "SPIFFE")).describe("Take certificate and authorities from the SPIFFE Workload API."),
});

export type BackendTLSConfig = z.output<typeof backendTLSConfig>;
