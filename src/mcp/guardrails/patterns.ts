/** For which methods a processor is asked, and when. */

export type Phase = "off" | "request" | "response" | "full";

/** Phases by exact method, `prefix*`, `*suffix` or `*`. */
export type MethodPhases = Readonly<Record<string, Phase>>;

/** Methods whose requests are not shown: only their responses can be. */
const withoutRequest: ReadonlySet<string> = new Set(["resources/subscribe", "resources/unsubscribe", "completion/complete"]);

/**
 * The phase for a method, by the most precise pattern that fits: the method itself, the longest `prefix*`, the longest
 * `*suffix`, `*`. `off` where none does.
 */
export function phaseFor(phases: MethodPhases, method: string): Phase {
  if (Object.hasOwn(phases, method) && !method.includes("*")) return phases[method] as Phase;
  let found: Phase = "off";
  let rank = 0;
  for (const pattern of Object.keys(phases)) {
    const precision = precisionOf(pattern, method);
    if (precision <= rank) continue;
    rank = precision;
    found = phases[pattern] as Phase;
  }
  return found;
}

/** Every prefix is more precise than any suffix; 0 = the pattern does not fit. */
const prefixRank = 1_000_000;

function precisionOf(pattern: string, method: string): number {
  if (!isPattern(pattern)) return 0;
  if (pattern === "*") return 1;
  const rest = pattern.replace("*", "");
  if (pattern.endsWith("*")) return method.startsWith(rest) ? prefixRank + rest.length : 0;
  return method.endsWith(rest) ? 1 + rest.length : 0;
}

/** Whether a text with `*` can fit anything: it may have one, at its beginning or end. */
function isPattern(text: string): boolean {
  return (text.startsWith("*") || text.endsWith("*")) && text.indexOf("*") === text.lastIndexOf("*");
}

export function asksAboutRequest(phases: MethodPhases, method: string): boolean {
  const phase = phaseFor(phases, method);
  return (phase === "request" || phase === "full") && !withoutRequest.has(method);
}

export function asksAboutResponse(phases: MethodPhases, method: string): boolean {
  const phase = phaseFor(phases, method);
  return phase === "response" || phase === "full";
}

/** What of the phases is without effect, for people. */
export function uselessPhases(phases: MethodPhases): string[] {
  const keys = Object.keys(phases);
  if (!keys.some((key) => phases[key] !== "off")) return ["no method is to be checked, so that this processor is never asked"];
  const found = keys.flatMap((key) =>
    key === "" || (key.includes("*") && !isPattern(key)) ? [`\`${key}\` fits no method; write one, \`prefix*\`, \`*suffix\` or \`*\``] : [],
  );
  const unseen = [...withoutRequest].filter((method) => {
    const phase = phaseFor(phases, method);
    return phase === "request" || phase === "full";
  });
  if (unseen.length > 0) found.push(`requests of ${unseen.join(", ")} are not shown to processors, only their responses`);
  return found;
}
