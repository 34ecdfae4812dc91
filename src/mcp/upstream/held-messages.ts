export interface HeldMessagesSettings {
  readonly maxMessages: number;
  /** Bytes of them together. */
  readonly maxBytes: number;
  /** A message that there is no room for any more. */
  readonly onDrop: (message: Buffer) => void;
}

/** Messages of a server that wait for the client to open its stream; the oldest go when there are too many, or too large ones. */
export class HeldMessages {
  private readonly settings: HeldMessagesSettings;
  private messages: Buffer[] = [];
  private bytes = 0;

  constructor(settings: HeldMessagesSettings) {
    this.settings = settings;
  }

  /** @param message no view of bytes that change, or of much more than itself */
  hold(message: Buffer): void {
    const { maxMessages, maxBytes, onDrop } = this.settings;
    this.messages.push(message);
    this.bytes += message.length;
    while (this.messages.length > maxMessages || this.bytes > maxBytes) {
      const oldest = this.messages.shift() as Buffer;
      this.bytes -= oldest.length;
      onDrop(oldest);
    }
  }

  /** All of them, the oldest first; they are held no longer. */
  take(): readonly Buffer[] {
    const { messages } = this;
    this.messages = [];
    this.bytes = 0;
    return messages;
  }
}
