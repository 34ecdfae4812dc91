/**
 * Things that must outlive the runtime that made them: a reload compiles a new runtime, and a connection pool or a
 * stdio process whose settings did not change is taken over by it instead of being opened again.
 */
export interface Resources {
  /**
   * The resource of that key; made when there is none. It is held until every runtime that asked for it has been
   * retired and its last exchange is over, then `dispose` runs.
   * @param dispose a promise it returns is waited for, within bounds, when the process stops
   * @param key names kind and settings, so that equal settings share: `upstream {"host":...}`.
   */
  acquire<T>(key: string, create: () => T, dispose?: (resource: T) => unknown): T;
}
