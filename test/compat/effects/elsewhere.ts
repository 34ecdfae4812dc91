import { elsewhere, of, type ProvenElsewhere } from "./proof.ts";

/** Keys whose effect is shown by a test beside the code that they are for. The named files must mention each of them. */

const policies = "src/policies";

export const provenElsewhere: readonly ProvenElsewhere[] = [
  elsewhere(of("RouteMatch", "*"), "src/pipeline/match.test.ts"),
  elsewhere(of("requestHeaderModifier", "*"), `${policies}/header-edits.test.ts`),
  elsewhere(of("responseHeaderModifier", "*"), `${policies}/header-edits.test.ts`),
  elsewhere(of("requestRedirect", "*"), `${policies}/location.test.ts`),
  elsewhere(of("urlRewrite", "*"), `${policies}/location.test.ts`),
  elsewhere(of("requestMirror", "*"), `${policies}/request-mirror/index.test.ts`),
  elsewhere(of("directResponse", "*"), `${policies}/direct-response/index.test.ts`),
  elsewhere(of("cors", "*"), `${policies}/cors/index.test.ts`),
  elsewhere(of("transformations", "*"), `${policies}/transformations/index.test.ts`),
  elsewhere(of("plainTransformations", "*"), `${policies}/transformations/index.test.ts`),
  elsewhere(of("backendTLS", "*"), `${policies}/backend-tls/index.test.ts`),
  elsewhere(
    of("backendAuth", "*"),
    ...["index", "jwt-sign", "user-login/index"].map((name) => `${policies}/backend-auth/${name}.test.ts`),
    ...["oauth-token-exchange", "cross-app-access", "through-gateway"].map((name) => `test/backend-auth/${name}.test.ts`),
    `${policies}/credential-location.test.ts`,
    "test/user-login/login.test.ts", // a client registered by hand
    "test/user-login/renewal.test.ts", // scopes
  ),
  elsewhere(of("backendHttp", "requestTimeout"), `${policies}/http/index.test.ts`),
  elsewhere(of("authorization", "*"), `${policies}/authorization/index.test.ts`, "src/cel/rules.test.ts"),
  elsewhere(of("localRateLimit", "*"), `${policies}/local-rate-limit/index.test.ts`),
  elsewhere(
    of("jwtAuth", "mode location.header.name location.header.prefix location.queryParameter.name location.cookie.name location.expression"),
    `${policies}/jwt-auth/index.test.ts`,
    `${policies}/credential-location.test.ts`,
  ),
  elsewhere(of("basicAuth", "*"), `${policies}/basic-auth/index.test.ts`, `${policies}/credential-location.test.ts`),
  elsewhere(of("apiKey", "*"), `${policies}/api-key/index.test.ts`, `${policies}/credential-location.test.ts`),
  elsewhere(of("csrf", "*"), `${policies}/csrf/index.test.ts`),
  elsewhere(of("buffer", "*"), `${policies}/buffer/index.test.ts`),
  elsewhere(of("timeout", "*"), `${policies}/timeout/index.test.ts`),
  elsewhere(of("retry", "*"), `${policies}/retry/index.test.ts`),
  elsewhere(of("delay", "*"), `${policies}/delay/index.test.ts`),
  elsewhere(
    of(
      "mcpAuthentication",
      "issuer audiences resourceMetadata mode authorizationLocation.header.name authorizationLocation.header.prefix authorizationLocation.queryParameter.name authorizationLocation.cookie.name authorizationLocation.expression clientId clientSecret redirectUris requiredScopes requiredScopes[].scopes requiredScopes[].when provider.auth0 provider.keycloak provider.okta provider.descope provider.authentik provider.entra",
    ),
    ...["index", "providers", "scopes", "redirect-uris", "server-metadata"].map((name) => `${policies}/mcp-authentication/${name}.test.ts`),
    `${policies}/credential-location.test.ts`,
    "test/mcp-auth/endpoints.test.ts",
  ),
];
