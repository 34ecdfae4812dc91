import { CelAddress, CelNetwork, parseAddress, parseNetwork } from "../network.ts";
import { CelError, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import { method, plainFunction } from "./definition.ts";
import type { FunctionDefinition, Operation } from "./definition.ts";

function toAddress(value: Value): CelAddress | CelError {
  if (value instanceof CelAddress) return value;
  if (typeof value !== "string") return noOverload("ip", value);
  return parseAddress(value) ?? new CelError("not an IP address");
}

function toNetwork(value: Value): CelNetwork | CelError {
  if (value instanceof CelNetwork) return value;
  if (typeof value !== "string") return noOverload("cidr", value);
  return parseNetwork(value) ?? new CelError("not a network such as 10.0.0.0/8");
}

/** A literal that is wrong makes the expression unusable, instead of failing with every request. */
function checkLiteral(convert: (value: Value) => Value): NonNullable<FunctionDefinition["prepare"]> {
  return ([literal]) => {
    if (literal === undefined) return undefined;
    const value = convert(literal);
    return value instanceof CelError ? value : () => value;
  };
}

function onAddress(name: string, run: (address: CelAddress) => Value): Operation {
  return (value) => (value instanceof CelAddress ? run(value) : noOverload(name, value));
}

function onNetwork(name: string, run: (network: CelNetwork, other: Value) => Value): Operation {
  return (value, other) => (value instanceof CelNetwork ? run(value, other) : noOverload(name, value));
}

/** Tests of the leading bits, for IPv4 and IPv6. */
function inRange(name: string, four: string | undefined, six: string | undefined): Operation {
  const ranges = [four, six].map((text) => (text === undefined ? undefined : parseNetwork(text)));
  return onAddress(name, (address) => ranges.some((range) => range?.contains(address) ?? false));
}

const unspecified = inRange("isUnspecified", "0.0.0.0/32", "::/128");
const multicast = inRange("isMulticast", "224.0.0.0/4", "ff00::/8");
const linkLocalUnicast = inRange("isLinkLocalUnicast", "169.254.0.0/16", "fe80::/10");
const loopback = inRange("isLoopback", "127.0.0.0/8", "::1/128");
const broadcast = inRange("isBroadcast", "255.255.255.255/32", undefined);

function isGlobalUnicast(value: Value): Value {
  if (!(value instanceof CelAddress)) return noOverload("isGlobalUnicast", value);
  return ![unspecified, loopback, multicast, linkLocalUnicast, broadcast].some((test) => test(value) === true);
}

function isCanonical(value: Value): Value {
  if (typeof value !== "string") return noOverload("ip.isCanonical", value);
  const address = toAddress(value);
  return address instanceof CelError ? address : address.toString() === value;
}

function containsIp(network: CelNetwork, other: Value): Value {
  const address = toAddress(other);
  return address instanceof CelError ? address : network.contains(address);
}

function containsCidr(network: CelNetwork, other: Value): Value {
  const inner = toNetwork(other);
  return inner instanceof CelError ? inner : network.containsNetwork(inner);
}

export const addressFunctions: readonly FunctionDefinition[] = [
  { ...plainFunction("ip", [1, 1], ["ip(string) -> ip", "An IP address, version 4 or 6."], toAddress), prepare: checkLiteral(toAddress) },
  {
    ...plainFunction("cidr", [1, 1], ["cidr(string) -> cidr", 'A network such as "10.0.0.0/8".'], toNetwork),
    prepare: checkLiteral(toNetwork),
  },
  plainFunction("isIP", [1, 1], ["isIP(string) -> bool", "Whether a text is an IP address."], (value) =>
    typeof value === "string" ? parseAddress(value) !== undefined : noOverload("isIP", value),
  ),
  plainFunction("isCIDR", [1, 1], ["isCIDR(string) -> bool", "Whether a text is a network."], (value) =>
    typeof value === "string" ? parseNetwork(value) !== undefined : noOverload("isCIDR", value),
  ),
  plainFunction(
    "ip.isCanonical",
    [1, 1],
    ["ip.isCanonical(string) -> bool", "Whether an address is written in its standard form."],
    isCanonical,
  ),
  method(
    "family",
    [1, 1],
    ["ip.family() -> int", "4 or 6."],
    onAddress("family", (address) => address.version),
  ),
  method("isUnspecified", [1, 1], ["ip.isUnspecified() -> bool", "Whether it is 0.0.0.0 or ::."], unspecified),
  method("isLoopback", [1, 1], ["ip.isLoopback() -> bool", "Whether it is in 127.0.0.0/8, or ::1."], loopback),
  method(
    "isLinkLocalMulticast",
    [1, 1],
    ["ip.isLinkLocalMulticast() -> bool", "Whether it is in 224.0.0.0/24 or ff02::/16."],
    inRange("isLinkLocalMulticast", "224.0.0.0/24", "ff02::/16"),
  ),
  method(
    "isLinkLocalUnicast",
    [1, 1],
    ["ip.isLinkLocalUnicast() -> bool", "Whether it is in 169.254.0.0/16 or fe80::/10."],
    linkLocalUnicast,
  ),
  method(
    "isGlobalUnicast",
    [1, 1],
    ["ip.isGlobalUnicast() -> bool", "Whether it is none of the above and no multicast address."],
    isGlobalUnicast,
  ),
  method(
    "containsIP",
    [2, 2],
    ["cidr.containsIP(ip|string) -> bool", "Whether an address is in the network."],
    onNetwork("containsIP", containsIp),
  ),
  method(
    "containsCIDR",
    [2, 2],
    ["cidr.containsCIDR(cidr|string) -> bool", "Whether a network is part of the network."],
    onNetwork("containsCIDR", containsCidr),
  ),
  method(
    "ip",
    [1, 1],
    ["cidr.ip() -> ip", "The address of the network as written."],
    onNetwork("ip", (network) => network.address),
  ),
  method(
    "masked",
    [1, 1],
    ["cidr.masked() -> cidr", "The network with the bits behind its prefix cleared."],
    onNetwork("masked", (network) => network.masked()),
  ),
  method(
    "prefixLength",
    [1, 1],
    ["cidr.prefixLength() -> int", "The number of bits that all addresses of the network share."],
    onNetwork("prefixLength", (network) => network.prefixLength),
  ),
];
