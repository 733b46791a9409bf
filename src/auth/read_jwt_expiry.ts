/**
 * Reads the expiry time of a token in milliseconds since the epoch. Undefined if it is not a JWT or has no `exp`. The token is not
 * verified: use the time only to decide when to renew the token.
 */
export function readJwtExpiry(token: string): number | undefined {
  try {
    const [, payload = ""] = token.split(".");
    // Not by jose, which a copy would have to load. Text beyond ASCII is garbled here, but `exp` is a number.
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    const exp = (claims as { readonly exp?: unknown } | null)?.exp;
    return typeof exp === "number" && Number.isFinite(exp) ? exp * 1000 : undefined;
  } catch {
    // Without a cause, which could quote the token.
    return undefined;
  }
}
