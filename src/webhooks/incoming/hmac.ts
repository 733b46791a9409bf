/**
 * Compares with secrets in constant time, by `crypto.subtle.verify`.
 */

/** Whether hexadecimal digits are the HMAC of a body with a secret. */
export async function isHmac(
  digits: string,
  body: Uint8Array<ArrayBuffer>,
  { hash, secret }: { readonly hash: "SHA-1" | "SHA-256"; readonly secret: string },
): Promise<boolean> {
  const signature = parseHex(digits);
  // Web Crypto rejects empty keys, and an empty secret protects nothing.
  if (signature === undefined || secret === "") return false;
  const key = await importKey(Uint8Array.from(new TextEncoder().encode(secret)), hash);
  return await crypto.subtle.verify("HMAC", key, signature, body);
}

/** Whether a text is the secret. Compares their HMACs with a random key. */
export async function isSecret(shown: string, secret: string): Promise<boolean> {
  if (secret === "") return false;
  const key = await importKey(crypto.getRandomValues(new Uint8Array(32)), "SHA-256");
  const encoder = new TextEncoder();
  const wanted = await crypto.subtle.sign("HMAC", key, encoder.encode(secret));
  return await crypto.subtle.verify("HMAC", key, wanted, encoder.encode(shown));
}

function importKey(
  raw: Uint8Array<ArrayBuffer>,
  hash: "SHA-1" | "SHA-256",
): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", raw, { name: "HMAC", hash }, false, ["sign", "verify"]);
}

function parseHex(digits: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
