import { ParseError } from "../errors.ts";
import { isLoopbackRegistry } from "../oci/reference.ts";

/**
 * Checks the URL of a crossdock server, which may have a path prefix, and returns it without a trailing slash. No message quotes
 * it: it could contain a secret.
 *
 * @param hasToken whether requests carry a token. A token is sent over plain HTTP only to this machine.
 * @throws ParseError
 */
export function parseServerUrl(text: string, { hasToken }: { hasToken: boolean }): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ParseError("the server's URL is invalid, expected https://host[:port][/path]");
  }
  if (url.username !== "" || url.password !== "") {
    throw new ParseError("the server's URL contains a user or password", {
      hint: "remove it from the URL: a crossdock server authenticates callers by a token",
    });
  }
  if (url.search !== "" || url.hash !== "") {
    throw new ParseError(
      "the server's URL has a query or a fragment, expected https://host[:port][/path]",
    );
  }
  if (hasToken && url.protocol === "http:" && !isLoopbackRegistry(url.host)) {
    throw new ParseError(`the token would be sent to ${url.host} unencrypted`, {
      hint: "use https://, or omit the token if the server requires none",
    });
  }
  return url.href.replace(/\/+$/, "");
}
