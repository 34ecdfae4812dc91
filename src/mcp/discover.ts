import { isJsonObject } from "../base/json.ts";
import type { Reply } from "../contract/reply.ts";
import type { Call } from "./call.ts";
import type { Delivery } from "./delivery.ts";
import { fanOut, type FanOutSettings } from "./fan-out.ts";
import { JsonView, replace, splice } from "./json-view.ts";
import type { LoginRequests } from "./login-required.ts";
import { mergeInitialize, type TargetHello } from "./merge-initialize.ts";
import { replyWith } from "./relay.ts";
import { resultResponse } from "./rpc-error.ts";
import type { Link } from "./session.ts";
import { TargetFailure } from "./target-failure.ts";
import { metaKeys } from "./wire/2026-07-28/envelope.ts";
import { supportedVersions } from "./wire/index.ts";

export interface DiscoverSettings {
  readonly delivery: Delivery;
  readonly fanOut: FanOutSettings;
  readonly logins: LoginRequests;
  /** The gateway's own version. */
  readonly version: string;
}

/**
 * A lone server's own answer, with the revisions that it can be spoken to in through the gateway: older clients, too, have
 * an `initialize` that works here.
 */
export function withAllVersions(response: Buffer): Buffer {
  const versions = new JsonView(response).member("result")?.member("supportedVersions");
  if (versions === undefined) return response;
  const own = versions.elements().map(({ bytes }) => bytes.toString());
  const added = supportedVersions.toReversed().map((version) => JSON.stringify(version));
  return splice(response, [replace(versions, `[${[...new Set([...own, ...added])].join(",")}]`)]);
}

/**
 * What several servers are together (`server/discover`). All revisions are supported, whichever each server speaks:
 * between them the gateway translates.
 */
export async function discoverAll(
  { delivery, fanOut: settings, logins, version }: DiscoverSettings,
  call: Call,
  links: readonly Link[],
): Promise<Reply> {
  const { exchange, session, request, accepts } = call;
  const answers = await fanOut(links, settings, async (link, timeoutMs): Promise<TargetHello> => {
    const { value, bytes } = await delivery
      .request({ exchange, session, link, timeoutMs }, request)
      .catch((thrown: unknown) => logins.hello(thrown, link, call));
    const { result } = value;
    if (!isJsonObject(result)) throw new TargetFailure(link.target.name, `server/discover was refused: ${bytes.toString("utf8", 0, 500)}`);
    const { capabilities, instructions } = result;
    return {
      target: link.target.name,
      hello: {
        protocolVersion: session.revision.name,
        capabilities: isJsonObject(capabilities) ? capabilities : {},
        instructions: typeof instructions === "string" ? instructions : undefined,
      },
    };
  });
  const hellos = answers.map(({ value }) => value);
  const merged = mergeInitialize(hellos, {
    protocolVersion: session.revision.name,
    version,
    subscribable: true,
    incomplete: hellos.length < links.length,
  });
  const { capabilities, instructions, serverInfo } = merged;
  const result = {
    resultType: "complete",
    supportedVersions: supportedVersions.toReversed(),
    capabilities,
    ...(instructions === undefined ? {} : { instructions }),
    ttlMs: 0,
    cacheScope: "private",
    _meta: { [metaKeys.serverInfo]: serverInfo },
  };
  return replyWith(accepts, resultResponse(request.id, Buffer.from(JSON.stringify(result))));
}
