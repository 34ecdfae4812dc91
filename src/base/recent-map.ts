/**
 * A bounded map that forgets what was not used lately. Two generations instead of a list of uses: a hit on the young one
 * writes nothing, so it costs one Map lookup; when the young one is full, the old one is dropped whole.
 */
export class RecentMap<K, V> {
  private readonly half: number;
  private young = new Map<K, V>();
  private old = new Map<K, V>();

  /** @param bound entries held at most; at least the later half of them is kept */
  constructor(bound: number) {
    this.half = Math.max(1, Math.floor(bound / 2));
  }

  get(key: K): V | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const kept = this.old.get(key);
    if (kept !== undefined) this.set(key, kept);
    return kept;
  }

  set(key: K, value: V): void {
    if (this.young.size >= this.half && !this.young.has(key)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }

  delete(key: K): void {
    this.young.delete(key);
    this.old.delete(key);
  }

  /** Entries held, one that is in both generations counted twice. */
  get size(): number {
    return this.young.size + this.old.size;
  }
}
