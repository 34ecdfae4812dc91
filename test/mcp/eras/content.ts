import type { Backstage } from "./servers.ts";

/** What the servers of both eras have in common. */

export const watchedUri = "era://watched";
export const cities = ["paris", "parma", "rome"];
export const text = (value: string) => ({ type: "text" as const, text: value });

/** A form with one field. */
export function question(field: string) {
  return {
    message: `Your ${field}?`,
    requestedSchema: { type: "object" as const, properties: { [field]: { type: "string" as const } }, required: [field] },
  };
}

/** Resolves when the call is cancelled, and counts that. */
export function untilCancelled(signal: AbortSignal, backstage: Backstage): Promise<void> {
  backstage.begun += 1;
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      backstage.cancelled += 1;
      resolve();
    });
  });
}
