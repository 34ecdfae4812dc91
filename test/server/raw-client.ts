import { connect, type Socket } from "node:net";

/** What a raw exchange gave: everything that was received until the server closed or the time was over. */
export interface RawReply {
  readonly text: string;
  /** Status of the first reply; 0 when there was none. */
  readonly status: number;
  readonly closed: boolean;
}

/** Sends bytes as they are and collects what comes back; the connection is closed after `waitMs` of silence. */
export async function sendRaw(port: number, bytes: string | Buffer, waitMs = 300): Promise<RawReply> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let closed = false;
  return await new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), closed });
    };
    let timer = setTimeout(finish, waitMs);
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.write(bytes));
    socket.on("data", (chunk: string) => {
      text += chunk;
      clearTimeout(timer);
      timer = setTimeout(finish, waitMs);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      closed = true;
      finish();
    });
  });
}

/** An open connection for tests that talk step by step. */
export function openRaw(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}
