import { closest } from "../base/closest.ts";

/** The key or word that `word` is probably a misspelling of, or undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > maxLength) return undefined;
  const whole = closest(word, candidates);
  if (whole !== undefined) return whole;
  const tail = closest(word, candidates.flatMap(tailsOf));
  return tail === undefined ? undefined : candidates.find((candidate) => tailsOf(candidate).includes(tail));
}

/** Nobody misspells longer words. */
const maxLength = 64;
/** Shorter ends of words say too little. */
const minTail = 6;

/** What is left of a word without its first parts: `rateLimt` is near to the end of `localRateLimit`. */
function tailsOf(candidate: string): string[] {
  const capitals = [...candidate.matchAll(/(?<=[a-z])[A-Z]/g)];
  return capitals.map(({ index }) => candidate.slice(index)).filter((tail) => tail.length >= minTail);
}
