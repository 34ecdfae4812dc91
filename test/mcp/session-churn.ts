import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { Agent, type Dispatcher, request } from "undici";

/** Clients that open sessions and go, with a word or without one; and what a gateway process then holds. */

export interface ChurnSettings {
  /** Of the MCP endpoint. */
  readonly url: string;
  readonly sessions: number;
  /** Clients at a time. */
  readonly clients: number;
  /** Thrown when a list lacks one of these. */
  readonly expectedTools: readonly string[];
}

const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const hello = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "churn", version: "1" } };

interface Opened {
  readonly id: string;
  readonly stream: Dispatcher.ResponseData["body"] | undefined;
}

/** Sessions that are open all at once. */
export class Churn {
  private readonly settings: ChurnSettings;
  private readonly agent = new Agent({ connections: 10_000, pipelining: 1 });
  private opened: Opened[] = [];

  constructor(settings: ChurnSettings) {
    this.settings = settings;
  }

  /** Opens them all: initialize, initialized, one list; every other one has its stream too. */
  async open(): Promise<void> {
    await this.each(
      Array.from({ length: this.settings.sessions }, (_, i) => i),
      async (i) => {
        const { reply, text } = await this.post({ id: 1, method: "initialize", params: hello });
        const id = String(reply.headers["mcp-session-id"] ?? "");
        if (reply.statusCode !== 200 || id === "") throw new Error(`no session: ${reply.statusCode} ${text}`);
        await this.post({ method: "notifications/initialized" }, id);
        const list = await this.post({ id: 2, method: "tools/list", params: {} }, id);
        const missing = this.settings.expectedTools.find((name) => !list.text.includes(`"${name}"`));
        if (missing !== undefined) throw new Error(`a list without ${missing}: ${list.text}`);
        this.opened.push({ id, stream: i % 2 === 0 ? await this.listen(id) : undefined });
      },
    );
  }

  /** Everybody goes; all of them say so with a DELETE, or half of those with a stream and half of those without. */
  async drop(how: "all say so" | "half say so" = "half say so"): Promise<void> {
    const { opened } = this;
    this.opened = [];
    await this.each(opened, async ({ id, stream }, i) => {
      if (how === "all say so" || i % 4 < 2) {
        const reply = await request(this.settings.url, {
          method: "DELETE",
          headers: { ...headers, "mcp-session-id": id },
          dispatcher: this.agent,
        });
        await reply.body.dump();
      }
      stream?.on("error", () => {}).destroy();
    });
    await this.agent.destroy();
  }

  private async post(message: object, session?: string): Promise<{ reply: Dispatcher.ResponseData; text: string }> {
    const reply = await request(this.settings.url, {
      method: "POST",
      headers: session === undefined ? headers : { ...headers, "mcp-session-id": session },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
      dispatcher: this.agent,
    });
    return { reply, text: await reply.body.text() };
  }

  private async listen(session: string): Promise<Opened["stream"]> {
    const options = { headers: { accept: "text/event-stream", "mcp-session-id": session }, dispatcher: this.agent, bodyTimeout: 0 };
    const reply = await request(this.settings.url, options);
    if (reply.statusCode !== 200) throw new Error(`no stream: ${reply.statusCode} ${await reply.body.text()}`);
    return reply.body;
  }

  private async each<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
    const queue = items.entries();
    const client = async (): Promise<void> => {
      for (const [index, item] of queue) await work(item, index);
    };
    await Promise.all(Array.from({ length: this.settings.clients }, client));
  }
}

/** What a process holds. */
export interface Held {
  readonly descriptors: number;
  readonly sockets: number;
  /** Child processes. */
  readonly children: number;
  /** By its own metric. */
  readonly sessions: number;
}

/** Reads proc(5) and the metrics. Linux only. @param stats URL of the metrics */
export async function heldBy(pid: number, stats: string): Promise<Held> {
  const metrics = await (await fetch(stats)).text();
  const links = readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(`/proc/${pid}/fd/${name}`));
  return {
    descriptors: links.length,
    sockets: links.filter((link) => link.startsWith("socket:")).length,
    children: childrenOf(pid),
    sessions: Number(/^agentgateway_mcp_sessions\S* (\d+)/m.exec(metrics)?.[1] ?? Number.NaN),
  };
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed meanwhile
  }
}

function childrenOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).length)
    .reduce((sum, count) => sum + count, 0);
}
