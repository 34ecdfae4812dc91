import { readFileSync } from "node:fs";
import { listKeys } from "../../src/config/compatibility.ts";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { admissionPolicies, backendPolicies, gatewayPolicies, routePolicies } from "../../src/policies/index.ts";
import { cell, table } from "./markdown.ts";

interface Stage {
  /** Name of the registry in the source. */
  readonly registry: string;
  readonly title: string;
  readonly when: string;
  readonly policies: readonly { readonly name: string }[];
}

const stages: readonly Stage[] = [
  {
    registry: "gatewayPolicies",
    title: "Gateway",
    when: "Before a route is chosen, for everything that comes to a listener.",
    policies: gatewayPolicies,
  },
  {
    registry: "admissionPolicies",
    title: "Admission",
    when: "On the route, before anybody reads an LLM or MCP request.",
    policies: admissionPolicies,
  },
  { registry: "routePolicies", title: "Route", when: "On the route, once an LLM or MCP request is understood.", policies: routePolicies },
  {
    registry: "backendPolicies",
    title: "Backend",
    when: "Around each request to a backend: every attempt, and every call of an MCP server.",
    policies: backendPolicies,
  },
];

/** docs/reference/policies.md */
export function policiesPage(): string {
  return [
    "# Policies",
    "",
    "Every policy in the order in which requests meet them, whatever the order in a file. Replies meet them the other way round. The reasons are",
    "those of `src/policies/index.ts`, from which this page is generated; what differs from the reference project, and why, is in",
    "[a decision](../decisions/0008-policy-order.md).",
    "",
    "A policy written in several places is in effect once, as the most specific place has it; `authorization` and `mcpAuthorization` add up, the",
    "fields of `ai` are joined, and of `buffer` the least specific counts. From the least to the most specific: `policies` for a gateway, for a",
    "listener, for a backend, for a route; the policies written on a backend; those on the reference to it; those on the route.",
    "",
    ...stages.flatMap(section),
    "## Where they can be written",
    "",
    "Keys with the same name in the places of [the configuration](config.md) that take policies.",
    "",
    placesTable(),
    "",
  ].join("\n");
}

function section({ registry, title, when, policies }: Stage): string[] {
  const reasons = reasonsOf(registry, policies.length);
  const rows = policies.map(
    ({ name }, index) => `| ${index + 1} | [\`${name}\`](config.md#${anchorOf(name)}) | ${cell(reasons[index] ?? "")} |`,
  );
  return [`## ${title}`, "", when, "", table(["", "Policy", "Why here"], rows), ""];
}

/** The definition in config.md that describes a policy's keys. */
function anchorOf(name: string): string {
  const definitions = configJsonSchema().$defs ?? {};
  const found = [name, `backend${name.charAt(0).toUpperCase()}${name.slice(1)}`].find((candidate) => candidate in definitions);
  if (found === undefined) throw new Error(`no definition describes the policy ${name}`);
  return found.toLowerCase();
}

/** The comment on each line of a registry. */
function reasonsOf(registry: string, count: number): string[] {
  const source = readFileSync(new URL("../../src/policies/index.ts", import.meta.url), "utf8");
  const list = new RegExp(`export const ${registry}[^\\n]*\\[\\n([\\s\\S]*?)\\n\\];`).exec(source)?.[1] ?? "";
  const reasons = list.split("\n").map((line) => /\/\/ (.*)$/.exec(line)?.[1] ?? "");
  if (reasons.length !== count) throw new Error(`${registry} is not one policy a line`);
  return reasons;
}

/** The places that take policies, as config.md calls them. */
const places = ["GatewayPolicies", "RoutePolicies", "BackendPolicies", "CallPolicies", "LlmPolicies"];

function placesTable(): string {
  const root = configJsonSchema();
  const taken = places.map((place) => listKeys(root, root.$defs?.[place] ?? {}, () => false).filter(({ path }) => !/[.[]/.test(path)));
  const names = [...new Set(taken.flatMap((keys) => keys.map(({ path }) => path)))].toSorted();
  const rows = names.map((name) => {
    const marks = taken.map((keys) => {
      const key = keys.find(({ path }) => path === name);
      return key === undefined ? "" : key.status === "works" ? "yes" : key.status;
    });
    return `| \`${name}\` | ${marks.join(" | ")} |`;
  });
  return table(["Policy", ...places.map((place) => `[${place}](config.md#${place.toLowerCase()})`)], rows);
}
