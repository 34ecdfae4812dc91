import type { Paths } from "./fake-identity-provider.ts";

/** The products' paths, as their documentation has them. */
export const shapes = {
  plain: {
    issuer: "/tenant",
    metadata: "/.well-known/oauth-authorization-server/tenant",
    keys: "/tenant/.well-known/jwks.json",
    authorize: "/tenant/authorize",
    token: "/tenant/token",
    register: "/tenant/register",
  },
  auth0: {
    issuer: "/",
    metadata: "/.well-known/oauth-authorization-server",
    keys: "/.well-known/jwks.json",
    authorize: "/authorize",
    token: "/oauth/token",
    register: "/oidc/register",
  },
  okta: {
    issuer: "/oauth2/default",
    metadata: "/oauth2/default/.well-known/openid-configuration",
    keys: "/oauth2/default/.well-known/jwks.json",
    authorize: "/oauth2/default/v1/authorize",
    token: "/oauth2/default/v1/token",
    register: "/oauth2/v1/clients",
  },
  keycloak: {
    issuer: "/realms/demo",
    metadata: "/realms/demo/.well-known/openid-configuration",
    keys: "/realms/demo/protocol/openid-connect/certs",
    authorize: "/realms/demo/protocol/openid-connect/auth",
    token: "/realms/demo/protocol/openid-connect/token",
    register: "/realms/demo/clients-registrations/openid-connect",
  },
  descope: {
    issuer: "/v1/apps/agentic/P1/MS1",
    metadata: "/v1/apps/agentic/P1/MS1/.well-known/openid-configuration",
    keys: "/P1/.well-known/jwks.json",
    authorize: "/oauth2/v1/apps/agentic/P1/MS1/authorize",
    token: "/oauth2/v1/apps/agentic/P1/MS1/token",
    register: "/v1/mgmt/mcp/client/P1/MS1/register",
  },
  authentik: {
    issuer: "/application/o/mcp/",
    metadata: "/application/o/mcp/.well-known/openid-configuration",
    keys: "/application/o/mcp/jwks/",
    authorize: "/application/o/authorize/",
    token: "/application/o/token/",
    register: undefined,
  },
  entra: {
    issuer: "/11111111-2222/v2.0",
    metadata: "/11111111-2222/v2.0/.well-known/openid-configuration",
    keys: "/11111111-2222/discovery/v2.0/keys",
    authorize: "/11111111-2222/oauth2/v2.0/authorize",
    token: "/11111111-2222/oauth2/v2.0/token",
    register: undefined,
  },
} as const satisfies Readonly<Record<string, Paths>>;
