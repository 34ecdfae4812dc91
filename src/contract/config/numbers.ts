import * as z from "zod";

/** A TCP port to connect to or to listen on; 0 is left to the place to refuse. */
export function port() {
  return uint(65_535);
}

/** An HTTP status code that a reply can have (RFC 9110, section 15). */
export function statusCode() {
  return z.int().min(100).max(599);
}

/** A whole number from 0 to `max`; without `max` up to what JavaScript counts exactly. */
export function uint(max: number = Number.MAX_SAFE_INTEGER) {
  return z.int().min(0).max(max);
}

export const maxUint32 = 4_294_967_295;
