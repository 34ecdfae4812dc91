import { HeaderList } from "../../base/headers.ts";
import type { FileOrInline } from "../../contract/config/files.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { RequestHead } from "../../contract/exchange.ts";
import type { Outgoing } from "../../contract/outgoing.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import type { CredentialDestination } from "../credential-location.ts";

/** A file's content ends with the line break that editors put there. */
export function readSecret(secret: FileOrInline, { readFile }: Pick<CompileContext, "readFile">): string {
  return secret.kind === "file" ? readFile(secret.file).trim() : secret.inline;
}

/** Puts a credential into the request. @throws GatewayError when it cannot hold it */
export function put(place: CredentialDestination, outgoing: Outgoing, credential: string): void {
  if (!place(outgoing.head, credential)) {
    throw new GatewayError("backend_auth_failed", { detail: "the credential holds characters that the request cannot carry" });
  }
}

/** @throws Error, at load, when no request can hold a secret that never changes */
export function checkPlaceable(place: CredentialDestination, key: string): void {
  const trial: RequestHead = { method: "GET", scheme: "http", authority: "", path: "/", search: "", headers: new HeaderList() };
  if (!place(trial, key)) throw new Error("the key holds a line break or another character that a request cannot carry");
}
