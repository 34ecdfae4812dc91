import { isJsonObject } from "../../base/json.ts";
import { RecentMap } from "../../base/recent-map.ts";
import { parseObject } from "../message.ts";
import { type ParamHeader, paramHeadersOf } from "../wire/2026-07-28/param-headers.ts";

/** Which arguments of a server's tools are repeated in header fields, as far as its lists have told. */
export class ToolHeaders {
  private readonly byTool = new RecentMap<string, readonly ParamHeader[]>(maxTools);

  /** Looks at a response to `tools/list`; most say nothing of header fields, and are not parsed. */
  learn(response: Buffer): void {
    if (this.byTool.size === 0 && !response.includes(annotation)) return;
    const result = parseObject(response)?.["result"];
    const tools = isJsonObject(result) && Array.isArray(result["tools"]) ? result["tools"] : [];
    for (const tool of tools) {
      if (!isJsonObject(tool) || typeof tool["name"] !== "string") continue;
      const declared = paramHeadersOf(tool["inputSchema"]);
      if (declared.length > 0) this.byTool.set(tool["name"], declared);
      else this.byTool.delete(tool["name"]);
    }
  }

  /** Of tools that were not listed yet nothing is known. */
  of(tool: string | undefined): readonly ParamHeader[] {
    return (tool === undefined ? undefined : this.byTool.get(tool)) ?? none;
  }
}

/** A server. */
const maxTools = 10_000;
const annotation = Buffer.from('"x-mcp-header"');
const none: readonly ParamHeader[] = [];
