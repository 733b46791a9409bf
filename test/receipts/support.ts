import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import assert from "node:assert/strict";
import type { ContentSource } from "../../src/content.ts";
import { readReceiptKey } from "../../src/receipts/key.ts";
import type { ReceiptKey } from "../../src/receipts/key.ts";
import { openReceipts } from "../../src/receipts/receipts.ts";
import type { Receipts } from "../../src/copy/receipts.ts";

/** A pair of keys in PEM. */
export interface TestKey {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function newKey(namedCurve = "P-256"): TestKey {
  return generateKeyPairSync("ec", {
    namedCurve,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}

/** The name of a key in a bundle. */
export function hintOf(publicKey: string): string {
  const der = createPublicKey(publicKey).export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("base64");
}

export function keyOf(pem: string): ReceiptKey {
  const key = readReceiptKey(pem);
  assert(typeof key === "object", String(key));
  return key;
}

/** Opens the receipts of a private key. */
export function receiptsOf(
  { privateKey }: Pick<TestKey, "privateKey">,
  names: Record<string, string> = {},
): Receipts {
  const key = keyOf(privateKey);
  return openReceipts({ key, names: new Map(Object.entries(names)) }, undefined);
}

/** The statement in a bundle, whose signature Node's own cryptography has verified. */
// deno-lint-ignore no-explicit-any
export function openBundle(text: string, publicKey: string): any {
  const { verificationMaterial, dsseEnvelope: { payload, payloadType, signatures } } = JSON.parse(
    text,
  );
  assert.deepEqual(verificationMaterial, { publicKey: { hint: hintOf(publicKey) } });
  const bytes = new Uint8Array(Buffer.from(payload, "base64"));
  const header = `DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `;
  const signed = new Uint8Array(Buffer.concat([new TextEncoder().encode(header), bytes]));
  const signature = new Uint8Array(Buffer.from(signatures[0].sig, "base64"));
  assert.equal(signatures.length, 1);
  assert(verify("sha256", signed, publicKey, signature), "the signature is not valid");
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** A repository with nothing but a list of referrers. */
export function listing(
  ...annotations: Record<string, string>[]
): Pick<ContentSource, "listReferrers"> & ContentSource {
  const list = annotations.map((annotations) => ({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: `sha256:${"0".repeat(64)}`,
    size: 1,
    annotations,
  }));
  return {
    listReferrers: () => Promise.resolve(list),
    fetchManifest: () => Promise.resolve(undefined),
  } as unknown as ContentSource;
}
