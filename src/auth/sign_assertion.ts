/** Signs assertions, which Google exchanges for tokens. Only artifact_registry.ts loads this module, on use. */
import { importPKCS8, SignJWT } from "jose";
import { ParseError } from "../errors.ts";
import type { ServiceAccount } from "./service_account.ts";

export interface AssertionOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The origin of the key, used in messages. */
  readonly from: string;
  readonly scope: string;
  readonly lifetimeS: number;
}

/**
 * Signs an assertion of a service account with its key.
 *
 * @throws {ParseError} if Web Crypto rejects the key
 */
export async function signAssertion(
  { clientEmail, privateKey, privateKeyId, tokenUri }: ServiceAccount,
  { now, from, scope, lifetimeS }: AssertionOptions,
): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  const key = await importPKCS8(privateKey, "RS256").catch(() => {
    // Without a cause, which could quote the key.
    throw new ParseError(`${from}: private_key: expected an RSA key in PKCS #8`, {
      hint: "use the JSON key file of a service account unchanged",
    });
  });
  return await new SignJWT({ scope })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(privateKeyId && { kid: privateKeyId }) })
    .setIssuer(clientEmail)
    .setAudience(tokenUri.href)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeS)
    .sign(key);
}
