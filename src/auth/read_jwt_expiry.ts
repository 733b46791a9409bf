import { decodeJwt } from "jose";

/**
 * When a token says that it expires, in milliseconds since the epoch; undefined where it is no JWT or does not say. Nothing is
 * verified: this is good enough to know when to ask for another, and for nothing else.
 */
export function readJwtExpiry(token: string): number | undefined {
  try {
    const { exp } = decodeJwt(token);
    return exp !== undefined && Number.isFinite(exp) ? exp * 1000 : undefined;
  } catch {
    // Without its cause, which could quote the token.
    return undefined;
  }
}
