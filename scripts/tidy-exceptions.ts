/** Breaches that stand, each with its reason. This list may only shrink. */
export const exceptions: readonly { readonly matches: string; readonly reason: string }[] = [];
