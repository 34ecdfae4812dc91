/** How a parameter's arrays and objects are written (OpenAPI 3.0.3 and 3.1.0, "Style Values"). */
export type ParameterForm =
  /** `a=1&a=2`; an object's members are parameters of their own. What undeclared parameters get too. */
  | "repeated"
  /** `a=1,2`; the only form of headers and paths. */
  | "comma"
  | "space"
  | "pipe"
  /** `a[b]=1`. */
  | "deepObject"
  /** The value as JSON text. */
  | "json";

export type ParameterPlace = "path" | "query" | "header";

export interface Parameter {
  readonly name: string;
  readonly place: ParameterPlace;
  readonly required: boolean;
  readonly form: ParameterForm;
  /** As it stands in the document. */
  readonly schema: unknown;
  readonly description: string | undefined;
}

export interface RequestBody {
  readonly required: boolean;
  /** Content-Type to send. */
  readonly contentType: string;
  /** JSON goes on as the client wrote it; bytes come as base64. */
  readonly encoding: "json" | "base64";
  readonly schema: unknown;
  readonly description: string | undefined;
}

/** A piece of a path: fixed text, percent-encoded already, or a parameter. */
export type PathPart = { readonly text: string } | { readonly parameter: string };

/** One request that the service understands. */
export interface Operation {
  readonly method: string;
  /** Path of the `servers` entry, without a slash at its end: `/v2`, or empty. */
  readonly prefix: string;
  readonly path: readonly PathPart[];
  readonly parameters: readonly Parameter[];
  readonly body: RequestBody | undefined;
}

/** A REST service as tools. Immutable. */
export interface RestApi {
  readonly title: string;
  readonly version: string;
  readonly operations: ReadonlyMap<string, Operation>;
  /** `{"tools": [...]}`, JSON text. */
  readonly list: Buffer;
  /** What was left out or made up, for the operator. */
  readonly warnings: readonly string[];
}
