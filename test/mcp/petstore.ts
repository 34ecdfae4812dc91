import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { bodyOf, startServer, type TestServer } from "../http/upstream-server.ts";

/** The pets of the tests, as an OpenAPI 3.0 document in YAML. */
export const petstoreYaml = `
openapi: 3.0.3
info: {title: Pets, version: "1.2"}
servers: [{url: "https://pets.example.com/v2/"}]
paths:
  /pets:
    get:
      operationId: findPets
      summary: Finds pets
      parameters:
      - {name: tag, in: query, schema: {type: array, items: {type: string}}}
      - {name: limit, in: query, schema: {type: integer}}
    post:
      operationId: addPet
      description: Adds a pet.
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}
  /pets/{id}:
    parameters:
    - {name: id, in: path, required: true, schema: {type: integer}}
    - {name: X-Reason, in: header, description: Why., schema: {type: string}}
    get: {operationId: getPet, summary: One pet}
    delete: {}
  /pets/{id}/photo:
    put:
      operationId: setPhoto
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      requestBody: {content: {application/octet-stream: {schema: {type: string, format: binary}}}}
  /broken: {get: {operationId: broken}}
  /slow: {get: {operationId: slow}}
  /text: {get: {operationId: text}}
components:
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: string}
        tag: {type: string, nullable: true}
        mother: {$ref: "#/components/schemas/Pet"}
`;

/** A request as the service got it. */
export interface PetRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Petstore extends TestServer {
  readonly requests: PetRequest[];
  /** Resolves when the next request for /v2/slow has come, and then when its client has left. */
  slowCalled(): Promise<{ readonly left: Promise<void> }>;
}

/** A REST service that remembers what it was asked. `/openapi.yaml` is its description. */
export async function startPetstore(port = 0): Promise<Petstore> {
  const requests: PetRequest[] = [];
  let onSlow: ((call: { left: Promise<void> }) => void) | undefined;
  const server = await startServer((request, response) => void answer(request, response), port);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    requests.push({ method, url, headers, body: await bodyOf(request) });
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (url === "/openapi.yaml") response.end(petstoreYaml);
    else if (url === "/v2/broken") json(503, { problem: "no database" });
    else if (url === "/v2/text") response.end("plain");
    else if (url === "/v2/slow") {
      const { promise: left, resolve } = Promise.withResolvers<void>();
      response.on("close", resolve);
      onSlow?.({ left });
    } else if (url.startsWith("/v2/pets?") || url === "/v2/pets") {
      if (method === "POST") return json(201, { id: 7 });
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(gzipSync('[{"name":"Rex"}]'));
    } else if (/^\/v2\/pets\/\d+(\/photo)?$/.test(url)) json(200, { name: "Rex", url });
    else json(404, { problem: "no such pet" });
  }

  return {
    ...server,
    requests,
    slowCalled: () => new Promise((resolve) => (onSlow = resolve)),
  };
}
