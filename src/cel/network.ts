import { isIPv4, isIPv6 } from "node:net";
import { CelScalar, types } from "./value.ts";
import type { CelType } from "./value.ts";

/** An IP address as a number, so that prefixes are compared by shifting. */
export class CelAddress extends CelScalar {
  readonly bits: bigint;
  readonly version: 4 | 6;

  constructor(bits: bigint, version: 4 | 6) {
    super();
    this.bits = bits;
    this.version = version;
  }

  get type(): CelType {
    return types.ip;
  }

  /** The number of bits: 32 or 128. */
  get width(): number {
    return this.version === 4 ? 32 : 128;
  }

  equals(other: CelAddress): boolean {
    return this.version === other.version && this.bits === other.bits;
  }

  /** Whether the first `length` bits are those of another address of the same version. */
  sharesPrefix(other: CelAddress, length: number): boolean {
    const shift = BigInt(this.width - length);
    return this.version === other.version && this.bits >> shift === other.bits >> shift;
  }

  /** Dotted for IPv4; RFC 5952 for IPv6: lower case, the longest run of zeros as `::`. */
  override toString(): string {
    if (this.version === 4) return [24n, 16n, 8n, 0n].map((shift) => (this.bits >> shift) & 255n).join(".");
    const groups = Array.from({ length: 8 }, (_, i) => Number((this.bits >> BigInt(112 - 16 * i)) & 0xffffn));
    const [start, length] = longestZeroRun(groups);
    const hex = groups.map((group) => group.toString(16));
    if (length < 2) return hex.join(":");
    return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
  }
}

/** An address with the length of its network prefix. */
export class CelNetwork extends CelScalar {
  readonly address: CelAddress;
  readonly prefixLength: number;

  constructor(address: CelAddress, prefixLength: number) {
    super();
    this.address = address;
    this.prefixLength = prefixLength;
  }

  get type(): CelType {
    return types.cidr;
  }

  equals(other: CelNetwork): boolean {
    return this.prefixLength === other.prefixLength && this.address.equals(other.address);
  }

  contains(address: CelAddress): boolean {
    return this.address.sharesPrefix(address, this.prefixLength);
  }

  containsNetwork(other: CelNetwork): boolean {
    return other.prefixLength >= this.prefixLength && this.contains(other.address);
  }

  /** The network with the bits behind the prefix cleared. */
  masked(): CelNetwork {
    const shift = BigInt(this.address.width - this.prefixLength);
    return new CelNetwork(new CelAddress((this.address.bits >> shift) << shift, this.address.version), this.prefixLength);
  }

  override toString(): string {
    return `${this.address.toString()}/${this.prefixLength}`;
  }
}

/** @returns undefined for anything that is no IP address; zones (`%eth0`) and IPv4 inside IPv6 are not accepted. */
export function parseAddress(text: string): CelAddress | undefined {
  if (isIPv4(text)) {
    return new CelAddress(
      text.split(".").reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n),
      4,
    );
  }
  if (!isIPv6(text) || text.includes("%") || text.includes(".")) return undefined;
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return new CelAddress(
    groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n),
    6,
  );
}

/** @returns undefined for anything that is not an address, a slash and a prefix length. */
export function parseNetwork(text: string): CelNetwork | undefined {
  const found = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const address = found === null ? undefined : parseAddress(found[1] as string);
  if (found === null || address === undefined) return undefined;
  const prefixLength = Number(found[2]);
  return prefixLength > address.width ? undefined : new CelNetwork(address, prefixLength);
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}
