import { type Endpoint, jsonReply, textReply } from "../endpoint.ts";

/** Callers' logins at servers behind the gateway, as the endpoints see them: the vault of backendAuth.userLogin. */
export interface LoginBook {
  /** Nothing secret in it. */
  list(): Promise<readonly unknown[]>;
  revoke(id: string): Promise<{ readonly found: boolean; readonly told: boolean }>;
}

/** Who is logged in where, and how to end that. */
export function logins(book: LoginBook): readonly Endpoint[] {
  return [
    {
      method: "GET",
      path: "/logins",
      summary: "callers' logins at servers behind the gateway (backendAuth.userLogin)",
      handle: async () => jsonReply(await book.list()),
    },
    {
      method: "POST",
      path: "/logins/revoke",
      summary: "?id=<id> of /logins ends a login, here and at the authorization server",
      async handle({ query }) {
        const { found, told } = await book.revoke(query.get("id") ?? "");
        if (!found) return textReply(404, "no login has that id; GET /logins lists them");
        return textReply(200, told ? "revoked" : "forgotten here; the authorization server was not told, or did not confirm it");
      },
    },
  ];
}
