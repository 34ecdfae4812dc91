/**
 * One session's own line to a target is broken: its process, which had served it, has ended or does not read. It says
 * nothing about what others have of the target.
 */
export class OwnLineFailure extends Error {
  constructor(why: string) {
    super(why);
    this.name = "OwnLineFailure";
  }
}
