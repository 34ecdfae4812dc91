import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bodyOf, startServer } from "../http/upstream-server.ts";

/** One request as Vertex AI would have got it. */
export interface SeenByVertex {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}

/** Something that answers like Vertex AI and like Google's token endpoint. */
export interface FakeVertex {
  readonly url: string;
  readonly seen: SeenByVertex[];
  /** A service account whose tokens this server issues: the value of GOOGLE_APPLICATION_CREDENTIALS. */
  readonly credentials: string;
  close(): Promise<void>;
}

const events = [
  'event: message_start\ndata: {"type":"message_start","message":{"model":"claude","usage":{"input_tokens":11,"output_tokens":1}}}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":5}}\n\n',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n',
];
/** What a streamed reply consists of. */
export const streamed = events.join("");

const completion =
  '{"model":"gemini","choices":[{"message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}';
const message = '{"type":"message","model":"claude","content":[],"usage":{"input_tokens":11,"output_tokens":5}}';

export async function startFakeVertex(): Promise<FakeVertex> {
  const seen: SeenByVertex[] = [];
  const server = await startServer((request, response) => {
    void bodyOf(request).then((text) => {
      const url = request.url ?? "";
      if (url === "/token") {
        response.setHeader("content-type", "application/json").end('{"access_token":"a-google-token","expires_in":3600}');
        return;
      }
      seen.push({ url, authorization: request.headers.authorization, body: JSON.parse(text) as Record<string, unknown> });
      if (url.endsWith(":streamRawPredict")) {
        response.setHeader("content-type", "text/event-stream");
        for (const event of events) response.write(event);
        response.end();
      } else response.setHeader("content-type", "application/json").end(url.endsWith(":rawPredict") ? message : completion);
    });
  });
  const url = `http://127.0.0.1:${server.port}`;
  const folder = mkdtempSync(join(tmpdir(), "turnpike-credentials-"));
  const credentials = join(folder, "service-account.json");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const account = {
    type: "service_account",
    client_email: "gateway@test",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
  writeFileSync(credentials, JSON.stringify({ ...account, private_key_id: "1", token_uri: `${url}/token` }));
  return {
    url,
    seen,
    credentials,
    async close() {
      rmSync(folder, { recursive: true });
      await server.close();
    },
  };
}
