import type { McpLimits } from "../settings.ts";

/** A call that waits for its caller. */
export interface ParkedCall {
  /** What the caller has to bring along: nobody can guess it. */
  readonly state: string;
  /** Whose it is. */
  readonly caller: string;
  /** What was called, with which arguments. */
  readonly subject: string;
  /** Ends it, at the server too. */
  end(reason: string): void;
}

/**
 * Calls that wait for what a server asked their caller. Kept in this process: a server's own session is waiting at the
 * other end, so no other process could go on with them.
 */
export class ParkedCalls<Call extends ParkedCall> {
  private readonly limits: McpLimits;
  private readonly byState = new Map<string, Call>();
  private readonly perCaller = new Map<string, number>();

  constructor(limits: McpLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.byState.size;
  }

  /** Tells whether there is room; without it the call cannot wait. */
  add(call: Call): boolean {
    const { maxParkedCalls, maxParkedCallsEach } = this.limits;
    const own = this.perCaller.get(call.caller) ?? 0;
    if (this.byState.size >= maxParkedCalls || own >= maxParkedCallsEach) return false;
    this.byState.set(call.state, call);
    this.perCaller.set(call.caller, own + 1);
    return true;
  }

  /** The call that a caller goes on with; undefined for one that is over, or not theirs, or about something else. */
  take(state: string, caller: string, subject: string): Call | undefined {
    const call = this.byState.get(state);
    if (call === undefined || call.caller !== caller || call.subject !== subject) return undefined;
    this.remove(call);
    return call;
  }

  remove(call: Call): void {
    if (!this.byState.delete(call.state)) return;
    const left = (this.perCaller.get(call.caller) ?? 1) - 1;
    if (left === 0) this.perCaller.delete(call.caller);
    else this.perCaller.set(call.caller, left);
  }

  close(): void {
    for (const call of this.byState.values()) call.end("the gateway is stopping");
  }
}
