import { AmbiguousKey, type Edit, JsonView, replace, splice } from "./json-view.ts";
import type { ItemKind } from "./item.ts";
import type { Names } from "./names.ts";

/** Of a task that a result belongs to (specification 2025-11-25, "Tasks"). */
const relatedTask = "io.modelcontextprotocol/related-task";
const markers = [Buffer.from('"resource'), Buffer.from('"contents"'), Buffer.from('"taskId"'), Buffer.from('"error"')];

/** Whether a response can hold names that `publishResult` would change: cheap, and wrong only by saying yes. */
export function holdsNames(bytes: Buffer): boolean {
  return markers.some((marker) => bytes.includes(marker));
}

/**
 * The response to a call as the client gets it where several targets share it: what it refers to goes by published names,
 * so that it can be read back. Those are URIs of contents, links and embedded resources, and ids of tasks.
 */
export function publishResult(names: Names, target: string, bytes: Buffer): Buffer {
  if (!holdsNames(bytes)) return bytes;
  return splice(
    bytes,
    orNone(() => resultEdits(names, target, bytes)),
  );
}

/** A key that is there twice is left as it is: whatever stood there, readers would disagree about it. */
function orNone(find: () => Edit[]): Edit[] {
  try {
    return find();
  } catch (thrown) {
    if (thrown instanceof AmbiguousKey) return [];
    throw thrown;
  }
}

function resultEdits(names: Names, target: string, bytes: Buffer): Edit[] {
  const message = new JsonView(bytes);
  const result = message.member("result");
  const edits: Edit[] = [];
  const publish = (kind: ItemKind, view: JsonView | undefined): void =>
    publishName(edits, view, (name) => names.publish({ kind, target, name }));
  const publishBlock = (block: JsonView | undefined): void => {
    // only links and embedded resources have them; a link's URI is its own, an embedded one's is inside
    publish("resource", block?.member("uri"));
    publish("resource", block?.member("resource")?.member("uri"));
  };
  if (result === undefined) {
    publish("resource", message.member("error")?.member("data")?.member("uri")); // the one that was not found
    return edits;
  }
  for (const content of result.member("contents")?.elements() ?? []) publish("resource", content.member("uri"));
  for (const block of result.member("content")?.elements() ?? []) publishBlock(block);
  for (const message of result.member("messages")?.elements() ?? []) publishBlock(message.member("content"));
  publish("task", result.member("taskId"));
  publish("task", result.member("task")?.member("taskId"));
  publish("task", result.member("_meta")?.member(relatedTask)?.member("taskId"));
  return edits;
}

/** The edits that publish the URIs of a tool's user interface (MCP Apps, and the older flat key) in its list element. */
export function publishToolMeta(names: Names, target: string, tool: JsonView): Edit[] {
  const publish = (name: string): string => names.publish({ kind: "resource", target, name });
  return orNone(() => {
    const edits: Edit[] = [];
    const meta = tool.member("_meta");
    publishName(edits, meta?.member("ui")?.member("resourceUri"), publish);
    publishName(edits, meta?.member("ui/resourceUri"), publish);
    return edits;
  });
}

function publishName(edits: Edit[], view: JsonView | undefined, publish: (name: string) => string): void {
  const name: unknown = view === undefined ? undefined : JSON.parse(view.bytes.toString());
  if (view !== undefined && typeof name === "string") edits.push(replace(view, JSON.stringify(publish(name))));
}
