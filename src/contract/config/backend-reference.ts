import * as z from "zod";
import { hostPort } from "./address.ts";
import { exactlyOne, notYet } from "./combinators.ts";
import { port } from "./numbers.ts";

/** A service of the `services` list. */
export function serviceReference() {
  return z.strictObject({
    name: z.string().describe("Name of the service, `namespace/hostname`."),
    port: port().describe("Port of the service."),
  });
}

/** The ways in which a policy names the server that it calls. */
export function backendReferenceKeys() {
  return {
    service: notYet(serviceReference(), "routing to `services`").describe("A service of the `services` list."),
    host: hostPort().describe("Address, `host:port`."),
    backend: z.string().describe("Name of an entry of `backends`."),
  };
}

/** A server that a policy calls: an address, or a backend by its name. */
export function backendReference() {
  return exactlyOne(backendReferenceKeys());
}

export type BackendReference = z.output<ReturnType<typeof backendReference>>;
