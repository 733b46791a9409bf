import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import assert from "node:assert/strict";
import type { ContentSource } from "../../src/content.ts";
import { readReceiptKey } from "../../src/receipts/key.ts";
import type { ReceiptKey } from "../../src/receipts/key.ts";
import { openReceipts } from "../../src/receipts/receipts.ts";
import type { Receipts } from "../../src/copy/receipts.ts";

/** A new key on P-256, in PEM. */
export function newKey(curve = "prime256v1"): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/** The name of a key in a bundle. */
export function hintOf(publicPem: string): string {
  const der = createPublicKey(publicPem).export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("base64");
}

export function keyOf(pem: string): ReceiptKey {
  const key = readReceiptKey(pem);
  assert(typeof key === "object", String(key));
  return key;
}

export function receiptsOf(pem: string, names: Record<string, string> = {}): Receipts {
  return openReceipts({ key: keyOf(pem), names: new Map(Object.entries(names)) }, undefined);
}

/** The statement in a bundle, whose signature Node's own cryptography has verified. */
// deno-lint-ignore no-explicit-any
export function openBundle(text: string, publicPem: string): any {
  const { verificationMaterial, dsseEnvelope: { payload, payloadType, signatures } } = JSON.parse(
    text,
  );
  assert.deepEqual(verificationMaterial, { publicKey: { hint: hintOf(publicPem) } });
  const bytes = new Uint8Array(Buffer.from(payload, "base64"));
  const header = `DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `;
  const signed = new Uint8Array(Buffer.concat([new TextEncoder().encode(header), bytes]));
  const signature = new Uint8Array(Buffer.from(signatures[0].sig, "base64"));
  assert.equal(signatures.length, 1);
  assert(verify("sha256", signed, publicPem, signature), "the signature is not valid");
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
