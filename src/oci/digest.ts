/**
 * Digests of the image spec, with its two registered algorithms.
 *
 * ```text
 * digest    := algorithm ":" encoded
 * algorithm := "sha256" | "sha512"
 * encoded   := 64 or 128 of [0-9a-f]
 * ```
 *
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */

import * as z from "zod";
import { ParseError } from "../errors.ts";
import { quote } from "./quote.ts";

/** A hash algorithm registered by the image spec. */
export type DigestAlgorithm = "sha256" | "sha512";

/** A checked digest: algorithm, colon, lower-case hex digits of the right length. */
export type Digest = `${DigestAlgorithm}:${string}`;

/** A digest in JSON. The pattern documents in the schema what {@linkcode isDigest} accepts. */
export const digestSchema = z.string().regex(
  /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/,
  "not a digest",
) as z.ZodType<string, string> as z.ZodType<Digest, string>;

const HEX_LENGTH = { sha256: 64, sha512: 128 } as const satisfies Record<DigestAlgorithm, number>;
const WEB_CRYPTO_NAME = { sha256: "SHA-256", sha512: "SHA-512" } as const;
const EXPECTED = "expected sha256: with 64 or sha512: with 128 lower-case hexadecimal digits";

/** The reason why the text is not a digest, or `undefined` if it is one. */
export function findDigestFault(text: string): string | undefined {
  const colon = text.indexOf(":");
  if (colon < 0) return `it has no algorithm, ${EXPECTED}`;
  const algorithm = text.slice(0, colon);
  if (algorithm !== "sha256" && algorithm !== "sha512") {
    return `unknown algorithm ${quote(algorithm)}, ${EXPECTED}`;
  }
  const hex = text.slice(colon + 1);
  const wanted = HEX_LENGTH[algorithm];
  if (hex.length !== wanted) return `${hex.length} digits after ${algorithm}:, expected ${wanted}`;
  if (/^[0-9a-f]*$/.test(hex)) return undefined;
  return /^[0-9a-fA-F]*$/.test(hex)
    ? "its digits are upper case, expected lower case"
    : `it contains characters other than hexadecimal digits, ${EXPECTED}`;
}

/**
 * Parses a digest.
 *
 * @throws {ParseError} for an unknown algorithm, and for anything but lower-case hex digits of the exact length
 */
export function parseDigest(text: string): Digest {
  const fault = findDigestFault(text);
  if (fault !== undefined) throw new ParseError(`parse digest ${quote(text)}: ${fault}`);
  return text as Digest;
}

/** Whether {@linkcode parseDigest} accepts the text. */
export function isDigest(text: string): text is Digest {
  return findDigestFault(text) === undefined;
}

/** The algorithm before the colon. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** The hexadecimal digits after the colon. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** The digest of bytes in memory, such as a manifest. */
export async function digestBytes(
  bytes: Uint8Array,
  algorithm: DigestAlgorithm = "sha256",
): Promise<Digest> {
  // The cast: the types of Web Crypto reject a view of a SharedArrayBuffer, which is never used here.
  const hash = await crypto.subtle.digest(
    WEB_CRYPTO_NAME[algorithm],
    bytes as Uint8Array<ArrayBuffer>,
  );
  const hex = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"));
  return `${algorithm}:${hex.join("")}`;
}
