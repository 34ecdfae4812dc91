import { errorTable } from "../../src/contract/errors.ts";
import { cell, table } from "./markdown.ts";

/** docs/reference/errors.md */
export function errorsPage(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { status, rpc, fault, reason, text, hint }]) =>
      `| \`${code}\` | ${status} | ${rpc} | ${cell(text)} | ${fault} | \`${reason}\` | ${cell(hint)} |`,
  );
  return [
    "# Errors",
    "",
    "Every error that the gateway answers with by itself. The text stands in the body of the reply, details after a colon; MCP",
    "callers get a JSON-RPC error with the code. The reason is a label of metrics and a field of the access log. This page is",
    "generated.",
    "",
    table(["Error", "HTTP status", "JSON-RPC code", "Text", "Whose fault", "Reason", "What to do"], rows),
    "",
  ].join("\n");
}
