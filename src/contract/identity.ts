/** Who the caller is, as far as the policies of the route have found out. Each kind of credential fills its own part. */
export interface Identity {
  /** Verified JWT claims (RFC 7519), as in CEL's `jwt`. */
  jwt?: JwtIdentity;
  /** Metadata of the API key, flattened as in CEL's `apiKey`. */
  apiKey?: ApiKeyIdentity;
  basicAuth?: { readonly username: string };
  /** Digest of the user's line in the database of `basicAuth`: two databases may have users of one name. Not for expressions. */
  basicAuthAccount?: string;
}

export interface JwtIdentity {
  readonly claims: Readonly<Record<string, unknown>>;
  /** The token as it came; a secret: never logged, only for passthrough and token exchange. */
  readonly token: string;
}

export interface ApiKeyIdentity {
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The key as it came; a secret. */
  readonly key: string;
  /** Model patterns the key may use; undefined = all. */
  readonly allowedModels?: readonly string[];
}
