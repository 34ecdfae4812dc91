import { HeaderList } from "../../../base/headers.ts";
import { Reply } from "../../../contract/reply.ts";

/** What a page says. Everything is text; nothing in it is markup. */
export interface PageContent {
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** Label of the button that goes on, and what its form brings along. */
  readonly button?: { readonly label: string; readonly check: string };
}

/** A page for people, without script, that no other page can frame and nobody keeps. */
export function htmlPage(status: number, { title, paragraphs, button }: PageContent): Reply {
  const text = paragraphs.map((one) => `<p>${escaped(one)}</p>`).join("\n");
  // without an action the form goes to the page's own address
  const form =
    button === undefined
      ? ""
      : `<form method="post"><input type="hidden" name="check" value="${escaped(button.check)}"><button>${escaped(button.label)}</button></form>`;
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>body{font:1.1em/1.5 system-ui,sans-serif;max-width:36em;margin:4em auto;padding:0 1em;color-scheme:light dark}button{font:inherit;padding:.5em 1.5em}</style></head>
<body><h1>${escaped(title)}</h1>
${text}
${form}</body></html>
`;
  return new Reply(status, new HeaderList([...pageFields]), body);
}

/** Sends a browser on with a GET (RFC 9110 section 15.4.4). */
export function seeOther(location: string): Reply {
  return new Reply(303, new HeaderList(["location", location, "cache-control", "no-store", "referrer-policy", "no-referrer"]));
}

const pageFields: readonly string[] = [
  "content-type",
  "text/html; charset=utf-8",
  "cache-control",
  "no-store",
  // the address holds the link; pages elsewhere must not learn it, and our own form needs its origin told
  "referrer-policy",
  "same-origin",
  "content-security-policy",
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  "x-frame-options",
  "DENY",
  "x-content-type-options",
  "nosniff",
];

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
