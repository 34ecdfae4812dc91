import type { Socket } from "node:net";

/**
 * Ends connections that have lived for long enough, between two requests: a load balancer then spreads long-lived clients
 * over new instances. A request in flight is finished first; an upgraded connection stays.
 */
export class Lifetimes {
  private readonly lifetimeMs: number;
  private readonly aged = new WeakSet<Socket>();
  private readonly inFlight = new WeakMap<Socket, number>();

  constructor(lifetimeMs: number) {
    this.lifetimeMs = lifetimeMs;
  }

  /** A connection was accepted. */
  start(socket: Socket): void {
    const timer = setTimeout(() => {
      this.aged.add(socket);
      this.endIfIdle(socket);
    }, this.lifetimeMs);
    socket.once("close", () => clearTimeout(timer));
  }

  /** Whether the reply in flight has to be the connection's last. */
  isOver(socket: Socket): boolean {
    return this.aged.has(socket);
  }

  /** A request arrived on it. */
  enter(socket: Socket): void {
    this.inFlight.set(socket, (this.inFlight.get(socket) ?? 0) + 1);
  }

  /** A reply on it is over. */
  leave(socket: Socket): void {
    this.inFlight.set(socket, (this.inFlight.get(socket) ?? 1) - 1);
    if (this.aged.has(socket)) this.endIfIdle(socket);
  }

  private endIfIdle(socket: Socket): void {
    if ((this.inFlight.get(socket) ?? 0) === 0) socket.destroySoon();
  }
}
