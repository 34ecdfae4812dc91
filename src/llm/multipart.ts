/**
 * The least of multipart/form-data (RFC 7578, RFC 2046 section 5.1) that routing needs: the value of one field. The body
 * itself is forwarded as it came.
 */

const [TAB, LF, CR, SPACE, DASH] = [0x09, 0x0a, 0x0d, 0x20, 0x2d];
const HEADERS_END = Buffer.from("\r\n\r\n");

/** Bounds against bodies made to be expensive: parts looked at, bytes of one part's headers, bytes of the value. */
const maxParts = 100;
const maxHeaderBytes = 8192;
const maxValueBytes = 1024;

/** The boundary of a multipart/form-data content type, undefined for another type or a boundary RFC 2046 does not allow. */
export function multipartBoundary(contentType: string | undefined): string | undefined {
  if (contentType === undefined || !/^multipart\/form-data\s*(?:;|$)/i.test(contentType)) return undefined;
  const found = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  return boundary !== undefined && /^[A-Za-z0-9'()+_,./:=? -]{0,69}[A-Za-z0-9'()+_,./:=?-]$/.test(boundary) ? boundary : undefined;
}

/**
 * The texts of all fields of that name; more than one is for the caller to refuse, as readers differ in which they take.
 * Files are left out. Undefined when the body does not keep to the format or to the bounds above.
 */
export function multipartFields(body: Buffer, boundary: string, name: string): string[] | undefined {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const found: string[] = [];
  let at = body.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2)) ? -2 : body.indexOf(delimiter);
  if (at === -1) return undefined;
  for (let parts = 0; parts < maxParts; parts++) {
    const after = at + delimiter.length;
    if (body[after] === DASH && body[after + 1] === DASH) return found;
    const headersStart = afterLine(body, after);
    if (headersStart === undefined) return undefined;
    const headersLength = body.subarray(headersStart, headersStart + maxHeaderBytes).indexOf(HEADERS_END);
    if (headersLength === -1) return undefined;
    const headersEnd = headersStart + headersLength;
    const valueStart = headersEnd + HEADERS_END.length;
    const valueEnd = nextDelimiter(body, delimiter, valueStart);
    if (valueEnd === -1) return undefined;
    if (fieldName(body.toString("utf8", headersStart, headersEnd)) === name) {
      if (valueEnd - valueStart > maxValueBytes) return undefined;
      found.push(body.toString("utf8", valueStart, valueEnd));
    }
    at = valueEnd;
  }
  return undefined;
}

/** A delimiter is a line of its own, or the end of the body: a longer line that starts like it is content. */
function nextDelimiter(body: Buffer, delimiter: Buffer, from: number): number {
  let at = body.indexOf(delimiter, from);
  while (at !== -1) {
    const after = at + delimiter.length;
    if ((body[after] === DASH && body[after + 1] === DASH) || afterLine(body, after) !== undefined) return at;
    at = body.indexOf(delimiter, at + 1);
  }
  return -1;
}

/** Where the next line starts, if the rest of this one is padding (RFC 2046: transport padding). */
function afterLine(body: Buffer, from: number): number | undefined {
  let at = from;
  while (body[at] === SPACE || body[at] === TAB) at += 1;
  return body[at] === CR && body[at + 1] === LF ? at + 2 : undefined;
}

/** `name` of Content-Disposition; undefined for files, whose bytes are nobody's model name. */
function fieldName(headers: string): string | undefined {
  for (const line of headers.split("\r\n")) {
    if (!/^content-disposition\s*:\s*form-data\b/i.test(line)) continue;
    if (/;\s*filename\*?=/i.test(line)) return undefined;
    const found = /;\s*name=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(line);
    return found?.[1] ?? found?.[2];
  }
  return undefined;
}
