/**
 * A target does not take one more of something: processes, calls, a call of that id. It is no failure of the target's:
 * whoever already is there is served as before.
 */
export class TargetBusy extends Error {
  constructor(why: string) {
    super(why);
    this.name = "TargetBusy";
  }
}
