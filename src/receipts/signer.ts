import { ParseError } from "../errors.ts";
import type { AwsOptions } from "../auth/aws_api.ts";
import { NEW_KEY } from "./key.ts";
import type { ReceiptKey, ReceiptSigner } from "./key.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** @param aws the access key for a key in KMS; absent if there is none */
export function openSigner(key: ReceiptKey, aws: AwsOptions | undefined): ReceiptSigner {
  if (key.type === "private") return openPrivateKey(key.der);
  if (!aws) {
    throw new ParseError("receipt: a key in AWS KMS needs an access key", {
      hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    });
  }
  let signer: ReceiptSigner | undefined;
  const load = async (): Promise<ReceiptSigner> =>
    signer ??= (await import("./kms_signer.ts")).openKmsKey(key, aws);
  return {
    publicKey: async (options) => await (await load()).publicKey(options),
    sign: async (content, options) => await (await load()).sign(content, options),
  };
}

function openPrivateKey(der: Uint8Array<ArrayBuffer>): ReceiptSigner {
  /** A value, not a promise: a Worker's request must not wait for another one. */
  let pair: KeyPair | undefined;
  const open = async (): Promise<KeyPair> => pair ??= await importKey(der);
  return {
    publicKey: async () => (await open()).publicKey,
    async sign(content): Promise<Uint8Array> {
      const { privateKey } = await open();
      return toDer(new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, content)));
    },
  };
}

interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: Uint8Array;
}

async function importKey(der: Uint8Array<ArrayBuffer>): Promise<KeyPair> {
  const { subtle } = crypto;
  try {
    const privateKey = await subtle.importKey("pkcs8", der, ALGORITHM, true, ["sign"]);
    // The casts: the types of Workers do not tell the formats apart.
    const { d: _, ...jwk } = await subtle.exportKey("jwk", privateKey) as JsonWebKey;
    const publicJwk = { ...jwk, key_ops: ["verify"] };
    const publicKey = await subtle.importKey("jwk", publicJwk, ALGORITHM, true, ["verify"]);
    const spki = await subtle.exportKey("spki", publicKey) as ArrayBuffer;
    return { privateKey, publicKey: new Uint8Array(spki) };
  } catch {
    // Without a cause, which could quote the key.
    throw new ParseError(`receipt: the private key cannot be read; make one with ${NEW_KEY}`);
  }
}

/** Whether a signature, in base64 of DER, is by a public key. */
export async function isSignature(
  signature: string,
  content: Uint8Array<ArrayBuffer>,
  publicKey: Uint8Array,
): Promise<boolean> {
  const { subtle } = crypto;
  // The cast: a public key is never in shared memory.
  const spki = publicKey as Uint8Array<ArrayBuffer>;
  const key = await subtle.importKey("spki", spki, ALGORITHM, false, ["verify"]);
  const numbers = fromDer(signature);
  return numbers !== undefined && await subtle.verify(ALGORITHM, key, numbers, content);
}

/** The two numbers of a signature, 32 bytes each. Undefined if there are none. */
function fromDer(base64: string): Uint8Array<ArrayBuffer> | undefined {
  let der: string;
  try {
    der = atob(base64);
  } catch {
    return undefined;
  }
  const bytes = Uint8Array.from(der, (character) => character.charCodeAt(0));
  const length = bytes[3] ?? 0;
  const numbers = [bytes.subarray(4, 4 + length), bytes.subarray(6 + length)];
  const result = new Uint8Array(64);
  for (const [i, number] of numbers.entries()) {
    const digits = number.subarray(Math.max(number.length - 32, 0));
    result.set(digits, 32 * (i + 1) - digits.length);
  }
  return result;
}

/** Web Crypto signs with two numbers of 32 bytes; X.509 and Sigstore have them as a SEQUENCE: RFC 3279, section 2.2.3. */
function toDer(signature: Uint8Array): Uint8Array {
  const numbers = [signature.subarray(0, 32), signature.subarray(32)].flatMap((bytes) => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const digits = bytes.subarray(start < 0 ? 31 : start);
    // A first bit that is set would make the number negative.
    const padded = (digits[0] ?? 0) < 0x80 ? [...digits] : [0, ...digits];
    return [0x02, padded.length, ...padded];
  });
  return Uint8Array.from([0x30, numbers.length, ...numbers]);
}
