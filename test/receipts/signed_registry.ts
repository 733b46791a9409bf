/** Reads the receipts that a registry has. */
import { createRuntime } from "../../src/hosts/detect.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { listReceipts } from "../../src/receipts/list_receipts.ts";
import type { ManifestReceipts } from "../../src/receipts/list_receipts.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import type { TestKey } from "./support.ts";

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
