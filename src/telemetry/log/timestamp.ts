// The date up to the second changes once a second, so it is made once a second.
let second = Number.NaN;
let secondText = "";

/** RFC 3339, UTC, microseconds. @param epochMs milliseconds since the epoch, fractional where the clock has it */
export function timestamp(epochMs: number): string {
  const micros = Math.floor(epochMs * 1000);
  const whole = Math.floor(micros / 1_000_000);
  if (whole !== second) {
    second = whole;
    secondText = new Date(whole * 1000).toISOString().slice(0, 20);
  }
  return `${secondText}${String(micros - whole * 1_000_000).padStart(6, "0")}Z`;
}
