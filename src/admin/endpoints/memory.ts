import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import { type Endpoint, jsonReply } from "../endpoint.ts";

/** Where the process's memory is, bytes. */
export const memory: Endpoint = {
  method: "GET",
  path: "/memory",
  summary: "memory of the process and of the JavaScript heap, bytes",
  handle: () => jsonReply({ process: process.memoryUsage(), heap: getHeapStatistics(), spaces: getHeapSpaceStatistics() }),
};
