/** Keys of receipts, and the receipts that a registry has. */
import { generateKeyPairSync } from "node:crypto";
import type { Receipts } from "../../src/copy/receipts.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { readReceiptKey } from "../../src/receipts/key.ts";
import { listReceipts } from "../../src/receipts/list_receipts.ts";
import type { ManifestReceipts } from "../../src/receipts/list_receipts.ts";
import { openReceipts } from "../../src/receipts/receipts.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";

/** A pair of keys in PEM. */
export interface TestKey {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function newKey(): TestKey {
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}

/** Opens the receipts of a private key. */
export function receiptsOf(
  { privateKey }: TestKey,
  names: ReadonlyMap<string, string> = new Map(),
): Receipts {
  const key = readReceiptKey(privateKey);
  if (typeof key === "string") throw new Error(key);
  return openReceipts({ key, names }, undefined);
}

/** Lists the receipts of `registry/repository@digest`, checked by a public key. */
export async function checkReceipts(
  repository: string,
  digest: Digest,
  { publicKey: key }: Pick<TestKey, "publicKey">,
  name = repository,
): Promise<ManifestReceipts[]> {
  const engine = createSyncEngine({ runtime: await createRuntime() });
  const source = engine.openSource(`${repository}@${digest}`);
  return await listReceipts(digest, source, { key, name, timeoutMs: 60_000 });
}

/** How many receipts of each manifest are valid. The image is the first. */
export async function countValid(
  ...args: Parameters<typeof checkReceipts>
): Promise<number[]> {
  const manifests = await checkReceipts(...args);
  return manifests.map(({ receipts }) => receipts.filter(({ state }) => state === "valid").length);
}
