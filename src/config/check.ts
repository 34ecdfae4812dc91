import { formatPath } from "./issues.ts";
import type { Path } from "./issues.ts";
import { find, places } from "./places.ts";
import type { Found } from "./places.ts";
import { nearest } from "./suggest.ts";
import { checkTelemetry } from "./check-telemetry.ts";
import type { Finding } from "./zod-issues.ts";

/**
 * What no schema can say: things that are right by themselves and at odds with something else in the document. Works
 * on the plain tree, so that these findings come together with those of the schema; what does not have the expected
 * shape is passed over, because the schema has complained about it already.
 */
export function checkConsistency(tree: unknown): Finding[] {
  return [
    ...ports(tree),
    ...binds(tree),
    ...tls(tree),
    ...gateways(tree),
    ...gatewayReferences(tree),
    ...duplicates(tree),
    ...references(tree),
    ...mcpTargets(tree),
    ...conditions(tree),
    ...routeGroups(tree),
    ...llm(tree),
    ...checkTelemetry(tree),
  ];
}

type Tree = Readonly<Record<string, unknown>>;

function conflict(path: Path, message: string, suggestion?: string): Finding {
  return { kind: "conflict", path, message, suggestion };
}

/** What `llm` and `mcp` listen on when nothing says otherwise. */
const defaultPorts: Readonly<Record<string, number>> = { llm: 4000, mcp: 3000 };

/** The sections that can open a port of their own: which one, or undefined where they are on a gateway. */
function ownPort(tree: unknown, section: "llm" | "mcp"): number | undefined {
  const value = asTree(at(tree, [section]));
  if (value === undefined) return undefined;
  if (typeof value["port"] === "number") return value["port"];
  if (listOf(value["gateways"]).length > 0 || hasDefaultGateway(tree)) return undefined;
  return defaultPorts[section];
}

function ports(tree: unknown): Finding[] {
  const findings: Finding[] = [];
  for (const section of ["llm", "mcp"] as const) {
    const value = asTree(at(tree, [section]));
    if (value === undefined || listOf(value["gateways"]).length === 0) continue;
    for (const key of ["port", "tls"]) {
      if (isSet(value[key])) findings.push(conflict([section, key], "cannot stand beside `gateways`, which have their own"));
    }
  }
  const [llm, mcp] = [ownPort(tree, "llm"), ownPort(tree, "mcp")];
  // 0 is any free port, another one for each
  if (llm !== undefined && llm !== 0 && llm === mcp)
    findings.push(conflict(["llm"], `\`llm\` and \`mcp\` cannot use the same port ${llm}`));
  return [...findings, ...takenPorts(tree, [llm, mcp])];
}

/** Ports that more than one thing wants to open. */
function takenPorts(tree: unknown, sections: readonly (number | undefined)[]): Finding[] {
  const found = [...find(tree, ["binds.*.port"]), ...find(tree, ["gateways.*.port"])];
  const owners = new Map<number, string>();
  const findings: Finding[] = [];
  for (const [index, section] of (["llm", "mcp"] as const).entries()) {
    const port = sections[index];
    if (port !== undefined) owners.set(port, section);
  }
  for (const { path, value } of found) {
    if (typeof value !== "number" || value === 0) continue;
    const owner = owners.get(value);
    if (owner !== undefined) findings.push(conflict(path, `port ${value} is taken by \`${owner}\` already`));
    owners.set(value, formatPath(path.slice(0, -1)));
  }
  return findings;
}

function binds(tree: unknown): Finding[] {
  return find(tree, ["binds.*"])
    .filter(({ value }) => asTree(value) !== undefined && !isSet(asTree(value)?.["port"]) && asTree(value)?.["mode"] !== "internal")
    .map(({ path }) => ({ kind: "missing", path, message: "needs `port`" }));
}

function tls(tree: unknown): Finding[] {
  const findings: Finding[] = [];
  for (const { path, value } of find(tree, ["binds.*.listeners.*", "gateways.*", "gateways.*.listeners.*"])) {
    const { protocol, tls: own } = asTree(value) ?? {};
    if (protocol === "HTTPS" && !isSet(own)) findings.push(conflict(path, "needs `tls` with a certificate, as its protocol is HTTPS"));
    const isPlain = protocol === "HTTP" || (protocol === undefined && path[0] === "binds");
    if (isPlain && isSet(own)) findings.push(conflict([...path, "tls"], "has no effect on protocol HTTP; set `protocol: HTTPS`"));
  }
  findings.push(...mixedPorts(tree));
  for (const { path, value } of find(tree, ["binds.*.listeners.*.tls", "gateways.*.tls", "gateways.*.listeners.*.tls", "llm.tls"])) {
    const settings = asTree(value);
    if (settings !== undefined && !isSet(settings["cert"]) && !isSet(settings["spiffe"]))
      findings.push({ kind: "missing", path, message: "needs `cert`" });
  }
  return findings;
}

/** Listeners without TLS on a port that has some with it. */
function mixedPorts(tree: unknown): Finding[] {
  return find(tree, ["binds.*", "gateways.*"]).flatMap(({ path, value }) => {
    const listeners = find(asTree(value)?.["listeners"], ["*"]);
    const isTls = (listener: Found): boolean => isSet(asTree(listener.value)?.["tls"]);
    if (!listeners.some(isTls)) return [];
    return listeners
      .filter((listener) => !isTls(listener) && isHttp(asTree(listener.value)?.["protocol"]))
      .map((listener) =>
        conflict([...path, "listeners", ...listener.path], "has no `tls`, and shares its port with listeners that have it"),
      );
  });
}

function isHttp(protocol: unknown): boolean {
  return protocol === undefined || protocol === null || protocol === "HTTP";
}

function gateways(tree: unknown): Finding[] {
  const findings: Finding[] = [];
  for (const { path, value } of find(tree, ["gateways.*"])) {
    const gateway = asTree(value);
    if (gateway === undefined) continue;
    if (!isSet(gateway["port"])) findings.push({ kind: "missing", path, message: "needs `port`" });
    if (!isSet(gateway["listeners"])) continue;
    for (const key of Object.keys(gateway)) {
      if (key !== "port" && key !== "listeners" && isSet(gateway[key])) {
        findings.push(conflict([...path, key], "belongs on the listeners of this gateway: beside `listeners` there is only `port`"));
      }
    }
  }
  return findings;
}

function hasDefaultGateway(tree: unknown): boolean {
  return at(tree, ["gateways", "default"]) !== undefined;
}

/** Everything that `gateways:` can name: gateways, and their listeners after a slash. */
function gatewayNames(tree: unknown): Set<string> {
  const names = new Set<string>();
  for (const { path, value } of find(tree, ["gateways.*"])) {
    const name = String(path[1]);
    names.add(name);
    const listeners = asTree(value)?.["listeners"];
    for (const [index, listener] of listOf(listeners).entries()) {
      const own = asTree(listener)?.["name"];
      names.add(`${name}/${typeof own === "string" ? own : `listener${index}`}`);
    }
  }
  return names;
}

function gatewayReferences(tree: unknown): Finding[] {
  const names = gatewayNames(tree);
  const findings: Finding[] = [];
  for (const { path, value } of find(tree, ["routes.*", "tcpRoutes.*", "llm", "mcp", "ui"])) {
    const user = asTree(value);
    if (user === undefined) continue;
    const written = user["gateways"];
    const references: Found[] = Array.isArray(written)
      ? written.map((name: unknown, index) => ({ path: [...path, "gateways", index], value: name }))
      : isSet(written)
        ? [{ path: [...path, "gateways"], value: written }]
        : [];
    for (const { path: where, value: name } of references) {
      if (typeof name === "string" && !names.has(name))
        findings.push(conflict(where, "names a gateway that does not exist", nearest(name, [...names])));
    }
    const needsGateway = path[0] === "routes" || path[0] === "tcpRoutes" || path[0] === "ui";
    if (references.length === 0 && needsGateway && !hasDefaultGateway(tree)) {
      findings.push(conflict(path, "needs `gateways`, as there is no gateway called `default`"));
    }
  }
  return findings;
}

/** Lists whose entries have names that must differ. */
const namedLists = [
  "backends",
  "routeGroups",
  "llm.providers",
  ...places.mcpBackends.map((place) => `${place}.targets`),
  "gateways.*.listeners",
];

function duplicates(tree: unknown): Finding[] {
  return [...duplicateNames(tree), ...duplicatePolicies(tree)];
}

function duplicatePolicies(tree: unknown): Finding[] {
  const seen = new Set<string>();
  return find(tree, ["policies.*.name"]).flatMap(({ path, value }) => {
    const { name, namespace } = asTree(value) ?? {};
    if (typeof name !== "string" || typeof namespace !== "string") return [];
    const key = JSON.stringify([namespace, name]);
    const again = seen.has(key);
    seen.add(key);
    return again ? [conflict(path, "is the name of another entry of this list too")] : [];
  });
}

function duplicateNames(tree: unknown): Finding[] {
  return find(tree, namedLists).flatMap((list) => {
    const seen = new Set<string>();
    return find(list.value, ["*.name"]).flatMap(({ path, value }) => {
      if (typeof value !== "string") return [];
      const again = seen.has(value);
      seen.add(value);
      return again ? [conflict([...list.path, ...path], "is the name of another entry of this list too")] : [];
    });
  });
}

/** Where a credential for a backend can be written, and in it the servers that it is got from. */
const credentials = [
  ...[...places.routePolicies, ...places.backendPolicies].map((place) => `${place}.backendAuth`),
  ...places.llmEntries.map((place) => `${place}.auth`),
];
const tokenEndpoints = ["oauthTokenExchange", "crossAppAccess.identityProvider", "crossAppAccess.resourceAuthorizationServer"];

/** Keys whose value is the name of an entry of a list. */
const referenceKinds: readonly { readonly to: string; readonly what: string; readonly from: readonly string[] }[] = [
  {
    to: "backends.*.name",
    what: "backend",
    from: [
      ...places.routeBackends.map((place) => `${place}.backend`),
      ...["mcp", "sse", "openapi"].flatMap((kind) => places.mcpTargets.map((place) => `${place}.${kind}.backend`)),
      ...places.routePolicies.map((place) => `${place}.requestMirror.backend.backend`),
      ...tokenEndpoints.flatMap((endpoint) => credentials.map((place) => `${place}.${endpoint}.backend`)),
      "frontendPolicies.tracing.backend",
    ],
  },
  { to: "routeGroups.*.name", what: "route group", from: places.routeBackends.map((place) => `${place}.routeGroup`) },
  { to: "llm.providers.*.name", what: "provider of `llm.providers`", from: ["llm.models.*.provider.reference"] },
];

function references(tree: unknown): Finding[] {
  return referenceKinds.flatMap(({ to, what, from }) => {
    const names = find(tree, [to]).flatMap(({ value }) => (typeof value === "string" ? [value] : []));
    return find(tree, from).flatMap(({ path, value }) => {
      if (typeof value !== "string" || names.includes(value)) return [];
      return [conflict(path, `names a ${what} that does not exist`, nearest(value, names))];
    });
  });
}

function mcpTargets(tree: unknown): Finding[] {
  const findings: Finding[] = [];
  for (const { path, value } of find(tree, places.mcpTargets)) {
    const target = asTree(value);
    const policies = asTree(target?.["policies"]);
    if (target === undefined || policies === undefined) continue;
    const kind = ["mcp", "sse", "openapi"].find((candidate) => isSet(target[candidate]));
    if (isSet(target["stdio"]))
      findings.push(conflict([...path, "policies"], "has no effect on a program that is started here; these policies are about HTTP"));
    else if (kind !== undefined && isSet(asTree(target[kind])?.["backend"])) {
      findings.push(conflict([...path, "policies"], "belongs on the backend that the target names"));
    }
  }
  return findings;
}

function conditions(tree: unknown): Finding[] {
  const conditionals = places.policies.map((place) => `${place}.*.conditional`);
  return find(tree, conditionals).flatMap(({ path, value }) => {
    if (Array.isArray(value) && value.length === 0) return [conflict(path, "has no entries, so it would do nothing")];
    return listOf(value).flatMap((entry, index, list) => {
      if (index === list.length - 1 || asTree(entry) === undefined || isSet(asTree(entry)?.["condition"])) return [];
      return [conflict([...path, index], "has no `condition`, so it always applies and must be the last entry")];
    });
  });
}

function routeGroups(tree: unknown): Finding[] {
  return find(tree, places.routeBackends).flatMap(({ path, value }) => {
    const backend = asTree(value);
    if (!isSet(backend?.["routeGroup"]) || !isSet(backend?.["policies"])) return [];
    return [conflict([...path, "policies"], "does not reach the routes of a route group; write it on those")];
  });
}

function llm(tree: unknown): Finding[] {
  const findings: Finding[] = [];
  for (const { path, value } of find(tree, ["llm.models.*"])) {
    const model = asTree(value);
    const provider = asTree(model?.["provider"]);
    const params = asTree(model?.["params"]) ?? {};
    if (isSet(provider?.["reference"])) {
      for (const key of Object.keys(params)) {
        if (key !== "model")
          findings.push(
            conflict(
              [...path, "params", key],
              "belongs on the provider that the model refers to; beside a reference there is only `model`",
            ),
          );
      }
    }
  }
  for (const { path, value } of find(tree, ["llm.models.*", "llm.providers.*"])) {
    const entry = asTree(value);
    const params = asTree(entry?.["params"]) ?? {};
    const custom = isSet(asTree(entry?.["provider"])?.["custom"]);
    if (custom && !isSet(params["baseUrl"]) && !isSet(params["hostOverride"]))
      findings.push(conflict(path, "needs `params.baseUrl`, as its provider is `custom`"));
    for (const key of ["hostOverride", "pathPrefix"]) {
      if (isSet(params["baseUrl"]) && isSet(params[key]))
        findings.push(conflict([...path, "params", key], "is part of `baseUrl`; keep one"));
    }
  }
  return findings;
}

function at(tree: unknown, path: Path): unknown {
  return find(tree, [path.join(".")])[0]?.value;
}

function asTree(value: unknown): Tree | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Tree) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === "string" ? [value] : [];
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}
