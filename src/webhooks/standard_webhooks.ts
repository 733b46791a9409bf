/**
 * Signs and verifies webhooks by Standard Webhooks, with Web Crypto.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

/** What a signature covers. */
export interface SignedMessage {
  /** `webhook-id` */
  readonly id: string;
  /** `webhook-timestamp`: seconds since the epoch. */
  readonly timestamp: string;
  readonly body: Uint8Array;
}

const PREFIX = "whsec_";

/** The only version with a shared secret. */
const VERSION = "v1";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Older and newer requests are rejected, so that nobody can replay them. */
const TOLERANCE_S = 5 * 60;

/** Whether a text is a secret: base64 with or without `whsec_`. */
export function isSigningSecret(secret: string): boolean {
  return decodeBase64(withoutPrefix(secret)) !== undefined;
}

/** Returns a signature for `webhook-signature`: `v1,` and base64. */
export async function signWebhook(message: SignedMessage, secret: string): Promise<string> {
  const key = await importSecret(secret);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, toSign(message)));
  return `${VERSION},${btoa(String.fromCharCode(...bytes))}`;
}

/**
 * Verifies a request. Returns why it is rejected; `undefined` if one of its signatures is that of one of the secrets.
 *
 * @param now milliseconds since the epoch
 */
export async function findSignatureFault(
  { headers, body }: { readonly headers: Headers; readonly body: Uint8Array },
  { secrets, now }: { readonly secrets: readonly string[]; readonly now: number },
): Promise<string | undefined> {
  const id = headers.get("webhook-id");
  const timestamp = headers.get("webhook-timestamp");
  const signatures = headers.get("webhook-signature");
  if (!id || !timestamp || !signatures) return "missing required headers";
  if (!/^[0-9]{1,15}$/.test(timestamp)) return "invalid signature headers";
  const ageS = Math.floor(now / 1000) - Number(timestamp);
  if (ageS > TOLERANCE_S) return "message timestamp too old";
  if (ageS < -TOLERANCE_S) return "message timestamp too new";
  const message = toSign({ id, timestamp, body });
  for (const secret of secrets) {
    const key = await importSecret(secret);
    for (const one of signatures.split(" ")) {
      const [version, text = ""] = one.split(",");
      const signature = version === VERSION ? decodeBase64(text) : undefined;
      if (signature && await crypto.subtle.verify("HMAC", key, signature, message)) {
        return undefined;
      }
    }
  }
  return "no matching signature found";
}

function toSign({ id, timestamp, body }: SignedMessage): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const bytes = new Uint8Array(head.byteLength + body.byteLength);
  bytes.set(head);
  bytes.set(body, head.byteLength);
  return bytes;
}

async function importSecret(secret: string): Promise<CryptoKey> {
  const raw = decodeBase64(withoutPrefix(secret));
  // Without the secret.
  if (!raw) throw new TypeError("a secret is not base64");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return await crypto.subtle.importKey("raw", raw, algorithm, false, ["sign", "verify"]);
}

function withoutPrefix(secret: string): string {
  return secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
}

/** Returns `undefined` for text that is not base64, or empty. */
function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text === "" || !BASE64.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
