import { HeaderList } from "../../base/headers.ts";
import { isJsonObject } from "../../base/json.ts";
import { errorTable } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { Reply } from "../../contract/reply.ts";
import { parseObject } from "../message.ts";
import { GreetingRefused, type StdioPool } from "./stdio-pool.ts";
import type { Outbound, StatelessLine } from "./target.ts";

/** A child process that speaks a revision without sessions, shared by all callers. It replies as an HTTP server would. */
export class StdioStatelessLine implements StatelessLine {
  readonly seesHeaders = false;
  private readonly pool: StdioPool;

  constructor(pool: StdioPool) {
    this.pool = pool;
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    try {
      await this.pool.hello();
    } catch (thrown) {
      if (!(thrown instanceof GreetingRefused)) throw thrown;
      return new Reply(405, new HeaderList(), ""); // what a server answers that knows only sessions
    }
    return withStatus(await this.pool.request(exchange, message));
  }
}

const { mcp_method_not_found: unknownMethod, mcp_capability_missing: missing, mcp_version_unsupported: version } = errorTable;
const statuses: ReadonlyMap<unknown, number> = new Map([unknownMethod, missing, version].map(({ rpc, status }) => [rpc, status]));

/** Errors of the protocol have HTTP statuses of their own. */
function withStatus(reply: Reply): Reply {
  const { body } = reply;
  if (!Buffer.isBuffer(body) || !body.includes(errorKey)) return reply;
  const error = parseObject(body)?.["error"];
  if (!isJsonObject(error)) return reply;
  const { code, message } = error;
  const isAboutEnvelope = code === errorTable.mcp_invalid_params.rpc && typeof message === "string" && message.includes("_meta");
  const status = isAboutEnvelope ? errorTable.mcp_invalid_params.status : statuses.get(code);
  if (status !== undefined) reply.status = status;
  return reply;
}

const errorKey = Buffer.from('"error"');
