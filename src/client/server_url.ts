import { ParseError } from "../errors.ts";
import { isLoopbackRegistry } from "../oci/reference.ts";

/**
 * Reads the URL that a crossdock server is reached at, a path before its own included, and gives it without a slash at its
 * end. No message quotes it: it may hold a secret.
 *
 * @param hasToken whether a token goes there, which it never does in the clear but to this machine itself
 * @throws ParseError
 */
export function parseServerUrl(text: string, { hasToken }: { hasToken: boolean }): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ParseError("the server's URL is not one, want https://host[:port][/path]");
  }
  if (url.username !== "" || url.password !== "") {
    throw new ParseError("the server's URL has a user or password in it", {
      hint: "a server is shown a token, which does not stand in its URL",
    });
  }
  if (url.search !== "" || url.hash !== "") {
    throw new ParseError(
      "the server's URL has a query or a fragment, want https://host[:port][/path]",
    );
  }
  if (hasToken && url.protocol === "http:" && !isLoopbackRegistry(url.host)) {
    throw new ParseError(`a token would go to ${url.host} in the clear`, {
      hint: "use https://, or give no token to a server that asks for none",
    });
  }
  return url.href.replace(/\/+$/, "");
}
