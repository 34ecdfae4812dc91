import { createHash } from "node:crypto";
import { isJsonObject, type JsonObject, objectIn } from "../../../base/json.ts";
import { type OpenApiDocument, readDocument } from "./document.ts";
import type { Operation, RestApi } from "./operation.ts";
import { readBody, readParameters } from "./read-parameters.ts";
import { readPath, readPrefix } from "./read-path.ts";
import { dereference } from "./reference.ts";
import { defineTool, type ToolText } from "./tool-definition.ts";

const maxOperations = 2_000;
/** Characters of all tools together, as JSON: what one message may hold. */
const maxListLength = 16_000_000;
/** Characters of schemas that are looked at, all tools together; what is left out in the end counts too. */
const maxEffort = 32_000_000;
/** Characters of one derived name; names of tools are limited to 64 by many models, and get a prefix. */
const maxDerivedLength = 48;
const maxWarnings = 20;

/** In the order in which the specification has them. TRACE is not there: its reply would show the model all credentials. */
const methods = ["get", "put", "post", "delete", "options", "head", "patch"] as const;

/**
 * Reads an OpenAPI document as tools: one for each operation, under its `operationId`.
 * @throws Error when nothing can be made of the document; its operations' faults are warnings
 */
export function readApi(text: string): RestApi {
  return new Reader(readDocument(text)).read();
}

class Reader {
  private readonly document: OpenApiDocument;
  private readonly root: JsonObject;
  private readonly operations = new Map<string, Operation>();
  private readonly tools: string[] = [];
  private length = 0;
  private effort = 0;
  private readonly warnings: string[] = [];

  constructor(document: OpenApiDocument) {
    this.document = document;
    this.root = document.root;
  }

  read(): RestApi {
    const prefix = readPrefix(this.root["servers"]);
    const paths = Object.entries(objectIn(this.root, "paths")).filter(([path]) => !path.startsWith("x-"));
    for (const [path, entry] of paths) this.readPathItem(path, dereference(this.root, entry), prefix);
    if (this.operations.size === 0) throw new Error("describes no operation that can be a tool");
    const { title, version } = objectIn(this.root, "info");
    const warnings = this.warnings.slice(0, maxWarnings);
    if (this.warnings.length > maxWarnings) warnings.push(`and ${this.warnings.length - maxWarnings} more such findings`);
    return {
      title: typeof title === "string" ? title : "REST service",
      version: typeof version === "string" || typeof version === "number" ? String(version) : "0",
      operations: this.operations,
      list: Buffer.from(`{"tools":[${this.tools.join(",")}]}`),
      warnings,
    };
  }

  private readPathItem(path: string, item: JsonObject | undefined, prefix: string): void {
    if (item === undefined) this.warnings.push(`${path}: its reference leads nowhere`);
    for (const method of methods) {
      const operation = item?.[method];
      if (item === undefined || !isJsonObject(operation)) continue;
      const warn = (problem: string): number => this.warnings.push(`${method.toUpperCase()} ${path}: ${problem}`);
      try {
        this.add(path, { item, operation, method: method.toUpperCase(), prefix, warn });
      } catch (thrown) {
        if (thrown instanceof TooMuch) throw thrown;
        warn(thrown instanceof Error ? thrown.message : String(thrown));
      }
    }
  }

  private add(path: string, { item, operation: described, method, prefix, warn }: Described): void {
    const parts = readPath(path);
    const servers = described["servers"] ?? item["servers"];
    const operation: Operation = {
      method,
      prefix: servers === undefined ? prefix : readPrefix(servers),
      path: parts,
      parameters: readParameters(this.root, [item["parameters"], described["parameters"]], parts, warn),
      body: readBody(this.root, method, described["requestBody"], warn),
    };
    const text: ToolText = {
      name: this.nameOf(path, method, described["operationId"], warn),
      summary: textOf(described["summary"] ?? item["summary"]),
      description: textOf(described["description"] ?? item["description"]),
    };
    const { json, effort } = defineTool(this.document, operation, text, warn);
    this.length += json.length;
    this.effort += effort;
    this.operations.set(text.name, operation);
    this.tools.push(json);
    if (this.operations.size > maxOperations) throw new TooMuch(`describes more than ${maxOperations} operations`);
    if (this.length > maxListLength) throw new TooMuch(`makes tools of more than ${maxListLength} characters`);
    if (this.effort > maxEffort) throw new TooMuch("refers to the same large schemas from too many operations");
  }

  /** The operationId where there is one that nobody else has; else a name that depends on nothing but method and path. */
  private nameOf(path: string, method: string, operationId: unknown, warn: (problem: string) => void): string {
    if (typeof operationId === "string" && operationId !== "" && !this.operations.has(operationId)) return operationId;
    const words = `${method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+/g, "_")}`.replace(/_+$/, "");
    const fits = words.length <= maxDerivedLength && !this.operations.has(words);
    const name = fits ? words : `${words.slice(0, maxDerivedLength - 9)}_${digest(`${method} ${path}`)}`;
    if (this.operations.has(name)) throw new Error(`"${name}" is the operationId of another operation; give this one its own`);
    warn(
      `${typeof operationId === "string" ? `operationId "${operationId.slice(0, 100)}" is taken` : "no operationId"}; its tool is called "${name}"`,
    );
    return name;
  }
}

interface Described {
  readonly item: JsonObject;
  readonly operation: JsonObject;
  readonly method: string;
  readonly prefix: string;
  readonly warn: (problem: string) => void;
}

/** The whole document is refused, not one operation of it. */
class TooMuch extends Error {}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
