/**
 * The client that the conformance suite tests, on the official SDK. The server's URL is the last argument. With
 * `GATEWAYS` in the environment it first posts that URL there, and uses the one that it gets back: of a gateway in between.
 */
import { assignment, play } from "./client-scenarios.ts";

const url = process.argv.at(-1) ?? "";
const gateways = process.env["GATEWAYS"];
await play(gateways === undefined ? url : await (await fetch(gateways, { method: "POST", body: url })).text(), assignment(process.env));
