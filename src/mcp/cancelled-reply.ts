import { HeaderList } from "../base/headers.ts";
import { Reply } from "../contract/reply.ts";

/** The end of a call that its client has cancelled: no response is due, and none comes. */
export class CancelledReply extends Reply {
  constructor() {
    super(202, new HeaderList());
  }
}
