import { decodeJwt } from "jose/jwt/decode";

/**
 * Reads the expiry time of a token in milliseconds since the epoch. Undefined if it is not a JWT or has no `exp`. The token is not
 * verified: use the time only to decide when to renew the token.
 */
export function readJwtExpiry(token: string): number | undefined {
  try {
    const { exp } = decodeJwt(token);
    return exp !== undefined && Number.isFinite(exp) ? exp * 1000 : undefined;
  } catch {
    // Without a cause, which could quote the token.
    return undefined;
  }
}
