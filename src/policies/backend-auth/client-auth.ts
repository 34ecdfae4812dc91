import { hash, randomUUID, X509Certificate } from "node:crypto";
import type { HeaderList } from "../../base/headers.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import type { ClientAuthConfig } from "./client-auth-config.ts";
import { readSecret } from "./placing.ts";
import { compileSigner, type Signer, validity } from "./signer.ts";

/** A request to a token endpoint while it is put together. */
export interface TokenRequest {
  readonly form: URLSearchParams;
  readonly headers: HeaderList;
}

/** How the gateway shows an authorization server which client it is (RFC 6749 section 2.3, RFC 7523 section 2.2). */
export interface ClientAuth {
  readonly apply: (request: TokenRequest) => void;
  /** Must be in no message. */
  readonly secret: string | undefined;
}

type PrivateKeyJwt = Extract<ClientAuthConfig, { method: "privateKeyJwt" }>;

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const assertionLifetimeMs = 300_000;

/** @throws Error that names the key that is wrong, never its content */
export function compileClientAuth(config: ClientAuthConfig, context: CompileContext): ClientAuth {
  if (config.clientId === "") throw new Error("clientAuth.clientId: must not be empty");
  if ("method" in config && config.method === "privateKeyJwt") return privateKeyJwt(config, context);
  const secret = config.clientSecret === undefined ? undefined : readSecret(config.clientSecret, context);
  if (secret === "") throw new Error("clientAuth.clientSecret: must not be empty");
  if ("method" in config && config.method === "clientSecretPost") return secretPost(config.clientId, secret);
  return secretBasic(config.clientId, secret ?? "");
}

function secretBasic(clientId: string, secret: string): ClientAuth {
  const credentials = Buffer.from(`${formEncoded(clientId)}:${formEncoded(secret)}`).toString("base64");
  return { secret, apply: ({ headers }) => headers.set("authorization", `Basic ${credentials}`) };
}

function secretPost(clientId: string, secret: string | undefined): ClientAuth {
  return {
    secret,
    apply({ form }) {
      form.append("client_id", clientId);
      if (secret !== undefined) form.append("client_secret", secret);
    },
  };
}

/** The id stands beside the assertion too: RFC 7521 leaves it open, many servers want it. */
function privateKeyJwt(config: PrivateKeyJwt, context: CompileContext): ClientAuth {
  const { clientId, alg, kid, assertionAudience } = config;
  if (assertionAudience === "") throw new Error("clientAuth.assertionAudience: must not be empty");
  const signer = compileSigner(readSecret(config.signingKey, context), alg, "clientAuth.signingKey");
  const header = { kid, ...certificateHeader(config, signer, context) };
  return {
    secret: undefined,
    apply({ form }) {
      const times = validity(context.clock.wall(), assertionLifetimeMs);
      const claims = { iss: clientId, sub: clientId, aud: assertionAudience, jti: randomUUID(), ...times };
      form.append("client_id", clientId);
      form.append("client_assertion_type", assertionType);
      form.append("client_assertion", signer.sign(header, claims));
    },
  };
}

/** The certificate in the assertion's header: RFC 7515 sections 4.1.6 and 4.1.8. */
function certificateHeader(config: PrivateKeyJwt, signer: Signer, context: CompileContext): Readonly<Record<string, unknown>> {
  if (config.certificate === undefined && config.certificateHeader === undefined) return {};
  if (config.certificate === undefined) throw new Error("clientAuth.certificateHeader: needs `certificate`");
  if (config.certificateHeader === undefined) throw new Error("clientAuth.certificate: needs `certificateHeader`");
  const chain = certificates(readSecret(config.certificate, context));
  const [leaf] = chain;
  if (leaf === undefined) throw new Error("clientAuth.certificate: holds no certificate in PEM form");
  if (!leaf.checkPrivateKey(signer.key)) context.warn("clientAuth.certificate: the certificate is not that of signingKey");
  if (config.certificateHeader === "x5c") return { x5c: chain.map(({ raw }) => raw.toString("base64")) };
  return { "x5t#S256": hash("sha256", leaf.raw, "base64url") };
}

function certificates(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN [A-Z0-9 ]+-----[^]*?-----END [A-Z0-9 ]+-----/g) ?? []).map((block) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new Error("clientAuth.certificate: holds something other than certificates in PEM form"); // the cause could quote a key
    }
  });
}

/** RFC 6749 appendix B: id and secret are form-encoded before they are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}
