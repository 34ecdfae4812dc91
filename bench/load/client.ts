import { connect, type Socket } from "node:net";
import { fieldValue, type MessageHandler, MessageReader } from "../wire/message-reader.ts";
import { type HttpRequest, idPlaceholder, requestBytes } from "../wire/message.ts";
import type { Plan } from "./protocol.ts";

export interface ClientEvents {
  /** A reply is complete; the client can send again. */
  done(client: Client): void;
  /** The reply's head is there. */
  head?(client: Client): void;
  failed(error: Error): void;
}

interface Prepared {
  readonly bytes: Buffer;
  /** Where in it the JSON-RPC id stands; -1 = none. */
  readonly idAt: number;
}

/** Bytes of a reply that is looked into: a list of four hundred tools fits. */
const keptBytes = 1_048_576;

/** One keep-alive connection with at most one request in flight. Every reply is checked; the first bad one ends the run. */
export class Client implements MessageHandler {
  /** For the open loop: when the request in flight was due, and when its reply's body began. */
  dueAt = 0;
  firstByteAt = 0;

  private readonly plan: Plan;
  private readonly index: number;
  private readonly events: ClientEvents;
  private readonly clock: () => number;
  private socket: Socket | undefined;
  private reader = new MessageReader("response", this);
  private requests: readonly Prepared[] = [];
  private sent = 0;
  private awaiting = false;
  private closing = false;
  private opened: ((head: string) => void) | undefined;

  private headText = "";
  private status = 0;
  private bodyBytes = 0;
  private typicalBytes: number | undefined;
  private kept: string | undefined;

  constructor(plan: Plan, index: number, events: ClientEvents, clock: () => number) {
    this.plan = plan;
    this.index = index;
    this.events = events;
    this.clock = clock;
  }

  /** Connects and sends the opening requests. */
  async open(): Promise<void> {
    this.reader = new MessageReader("response", this);
    this.typicalBytes = undefined;
    await this.connect();
    let session: string | undefined;
    for (const request of this.plan.opening) {
      const head = await this.exchange(requestBytes(request, sessionFields(session)));
      session ??= fieldValue(head, "mcp-session-id");
    }
    const extra = sessionFields(session);
    this.requests = this.plan.requests.map((request) => prepare(request, extra));
    this.sent = this.index;
  }

  /** Sends the next request. A connection that the other side closed meanwhile is opened again first. */
  send(): void {
    if (this.socket === undefined || this.socket.destroyed || !this.socket.writable) {
      this.open().then(
        () => this.send(),
        (error: Error) => this.events.failed(error),
      );
      return;
    }
    const request = this.requests[this.sent % this.requests.length] as Prepared;
    this.sent += 1;
    // the last request's bytes have left, or there were no reply to it: they may be written over
    if (request.idAt !== -1) request.bytes.write(String(idPlaceholder + this.sent), request.idAt, "latin1");
    this.write(request.bytes);
  }

  close(): void {
    this.closing = true;
    this.socket?.destroy();
  }

  head(text: string): void {
    this.headText = text;
    this.status = Number(text.slice(9, 12));
    const good = this.status >= 200 && this.status < 300;
    this.kept = good && this.typicalBytes !== undefined ? undefined : "";
    if (good) this.events.head?.(this);
  }

  body(chunk: Buffer, start: number, end: number): void {
    if (this.bodyBytes === 0) this.firstByteAt = this.clock();
    this.bodyBytes += end - start;
    if (this.kept !== undefined && this.kept.length < keptBytes) this.kept += chunk.toString("latin1", start, end);
  }

  end(): void {
    this.awaiting = false;
    const fault = this.fault();
    if (fault !== undefined) {
      this.events.failed(new Error(fault));
      return;
    }
    if (this.opened !== undefined) {
      const { opened } = this;
      this.opened = undefined;
      opened(this.headText);
      return;
    }
    this.typicalBytes ??= this.bodyBytes;
    if (/\r\nconnection: *close/i.test(this.headText)) this.socket?.destroy();
    this.events.done(this);
  }

  /** What is wrong with the reply that just ended. */
  private fault(): string | undefined {
    const { status, kept, bodyBytes, typicalBytes, plan } = this;
    if (status < 200 || status > 299) return `status ${status}: ${kept?.slice(0, 400)}`;
    if (this.opened !== undefined) return /"error":\s*\{/.test(kept ?? "") ? `opening refused: ${kept?.slice(0, 400)}` : undefined;
    if (typicalBytes === undefined) {
      const missing = plan.markers.find((marker) => !(kept ?? "").includes(marker));
      return missing === undefined ? undefined : `not the upstream's reply, which has ${missing}: ${kept?.slice(0, 400)}`;
    }
    return bodyBytes < typicalBytes * 0.9 ? `a reply of ${bodyBytes} bytes where ${typicalBytes} are usual` : undefined;
  }

  private exchange(bytes: Buffer): Promise<string> {
    return new Promise((resolve) => {
      this.opened = resolve;
      this.write(bytes);
    });
  }

  private write(bytes: Buffer): void {
    this.awaiting = true;
    this.bodyBytes = 0;
    this.socket?.write(bytes);
  }

  private connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.plan.port, host: "127.0.0.1", noDelay: true }, () => {
        if (this.closing) socket.destroy();
        resolve();
      });
      this.socket = socket;
      socket.on("data", (chunk) => {
        try {
          this.reader.push(chunk as Buffer);
        } catch (error) {
          this.events.failed(error as Error);
        }
      });
      socket.on("error", reject); // after the connection stands: reported by close
      socket.on("end", () => this.reader.finish());
      socket.on("close", () => {
        if (this.awaiting && !this.closing && socket === this.socket) {
          this.events.failed(new Error("the connection was closed before the reply was complete"));
        }
      });
    });
  }
}

function prepare(request: HttpRequest, extra: Readonly<Record<string, string>>): Prepared {
  const bytes = requestBytes(request, extra);
  return { bytes, idAt: bytes.indexOf(String(idPlaceholder)) };
}

function sessionFields(session: string | undefined): Readonly<Record<string, string>> {
  return session === undefined ? {} : { "mcp-session-id": session };
}
