import type { ApiKeyIdentity, JwtIdentity } from "../../contract/identity.ts";
import { CelObject, CelSecret } from "../value.ts";

/** What is known of a caller, and the credential it is known by: only found by its name, and only as a secret. */
class CredentialView extends CelObject {
  readonly #facts: Readonly<Record<string, unknown>>;
  readonly #secretName: string;
  readonly #secret: string;

  constructor(facts: Readonly<Record<string, unknown>>, secretName: string, secret: string) {
    super();
    this.#facts = facts;
    this.#secretName = secretName;
    this.#secret = secret;
  }

  get(name: string): unknown {
    if (name === this.#secretName) return new CelSecret(this.#secret);
    return Object.hasOwn(this.#facts, name) ? this.#facts[name] : undefined;
  }

  keys(): Iterable<string> {
    return Object.keys(this.#facts).filter((name) => name !== this.#secretName);
  }
}

/** CEL `jwt`: the claims, and `rawToken`. */
export function jwtView({ claims, token }: JwtIdentity): CelObject {
  return new CredentialView(claims, "rawToken", token);
}

/** CEL `apiKey`: the metadata, and `key`. */
export function apiKeyView({ metadata, key }: ApiKeyIdentity): CelObject {
  return new CredentialView(metadata, "key", key);
}
