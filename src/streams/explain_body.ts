/**
 * What the headers of a response tell about bytes that are wrong, as the end of a message: that it is a web page, or has an encoding
 * that was not requested. Empty if they explain nothing.
 */
export function explainBody({ headers }: Pick<Response, "headers">): string {
  const encoding = headers.get("content-encoding") ?? "";
  if (/^[a-z0-9, -]{1,40}$/i.test(encoding) && !/^identity$/i.test(encoding)) {
    return `; it has Content-Encoding ${encoding}, which was not requested`;
  }
  const isWebPage = /^text\/html\b/i.test(headers.get("content-type") ?? "");
  return isWebPage ? "; it is a web page (text/html)" : "";
}
