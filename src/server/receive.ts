import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { RequestBody } from "../contract/body.ts";
import type { GatewayError } from "../contract/errors.ts";
import type { Connection, Exchange, RequestHead } from "../contract/exchange.ts";
import type { Reply } from "../contract/reply.ts";
import { NodeRequestBody } from "./body.ts";
import { connectionOf } from "./connection.ts";
import type { Lifetimes } from "./lifetimes.ts";
import { readHead } from "./request-head.ts";
import { writeReply } from "./write-reply.ts";
import { writeUpgrade } from "./upgrade.ts";

/** A request as it came off a connection. */
export interface Received {
  readonly connection: Connection;
  readonly head: RequestHead;
  readonly body: RequestBody;
  readonly httpVersion: string;
  readonly upgrade: string | undefined;
  /** Set when it must not be served; the handler answers with it. */
  readonly refusal: GatewayError | undefined;
}

/** A request being served. `finish` is called once, after the reply's last byte or when the client left. */
export interface Served {
  readonly exchange: Exchange;
  readonly reply: Promise<Reply>;
  /** Called when the policies are done and the reply's head is about to be written. */
  replied(): void;
  finish(clientLeft: boolean): void;
}

export interface BindHooks {
  readonly serve: (received: Received) => Served;
  /** Whether a connection may be served at all; one that may not is closed without a word. */
  readonly admits: (connection: Connection) => boolean;
  readonly connected: (protocol: "http" | "https") => void;
  readonly disconnected: (protocol: "http" | "https", received: number, sent: number) => void;
  readonly handshake: (milliseconds: number) => void;
}

/** What the connections of a bind share. */
export interface BindState {
  draining: boolean;
  readonly upgraded: Set<Duplex>;
  /** Undefined where connections may live for ever. */
  readonly lifetimes: Lifetimes | undefined;
}

/** Takes requests off node:http, has them served, and writes the replies. */
export class Receiver {
  private readonly scheme: "http" | "https";
  private readonly maxHeaders: number;
  private readonly hooks: BindHooks;
  private readonly state: BindState;

  constructor(scheme: "http" | "https", maxHeaders: number, hooks: BindHooks, state: BindState) {
    this.scheme = scheme;
    this.maxHeaders = maxHeaders;
    this.hooks = hooks;
    this.state = state;
  }

  /** @param allowContinue sends "100 Continue", for a client that waits for it */
  request(request: IncomingMessage, response: ServerResponse, allowContinue?: () => void): void {
    const { head, bodyLength, refusal } = readHead(request, this.scheme, this.maxHeaders);
    const body = new NodeRequestBody(request, bodyLength, allowContinue);
    const { httpVersion, socket } = request;
    const served = this.hooks.serve({ connection: connectionOf(socket), head, body, httpVersion, upgrade: undefined, refusal });
    const { lifetimes } = this.state;
    lifetimes?.enter(socket);
    response.once("close", () => {
      served.finish(!response.writableFinished);
      lifetimes?.leave(socket);
    });
    void served.reply.then((reply) => {
      // unread bytes stand between this reply and the next request: better a new connection than reading an upload nobody wants
      const isLast =
        this.state.draining || lifetimes?.isOver(socket) === true || refusal !== undefined || (body.unread && body.length !== 0);
      if (isLast) reply.headers.set("connection", "close");
      served.replied();
      writeReply(response, reply, served.exchange);
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, early: Buffer): void {
    const { head, refusal } = readHead(request, this.scheme, this.maxHeaders);
    const body = new NodeRequestBody(request, 0);
    const { httpVersion } = request;
    this.state.lifetimes?.enter(request.socket);
    const served = this.hooks.serve({
      connection: connectionOf(request.socket),
      head,
      body,
      httpVersion,
      upgrade: request.headers.upgrade,
      refusal,
    });
    let replied = false;
    this.state.upgraded.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.state.upgraded.delete(socket);
      served.finish(!replied);
    });
    void served.reply.then((reply) => {
      replied = true;
      served.replied();
      writeUpgrade(socket, early, reply, served.exchange);
    });
  }
}
