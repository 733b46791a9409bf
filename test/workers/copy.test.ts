/** Whole copies by an engine that runs in workerd. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { putImage, putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";
import { startCalledWorker } from "../hosts/call_worker.ts";
import type { CallError, CopyCall } from "../hosts/workerd_calls.ts";

const MIB = 1024 * 1024;

const worker = await startCalledWorker();
after(() => worker[Symbol.asyncDispose]());

interface Pair extends AsyncDisposable {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
}

async function startPair(options: RegistryOptions = {}): Promise<Pair> {
  const source = await startRegistry();
  const destination = await startRegistry(options);
  return {
    source,
    destination,
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([source.close(), destination.close()]);
    },
  };
}

/** Copies `app:1`; gives the error where it fails. */
async function copy(
  { source, destination }: Pair,
  options: Pick<CopyCall, "verify" | "engine"> = {},
): Promise<CallError | undefined> {
  const result = await worker.call({
    type: "copy",
    source: `${source.host}/app:1`,
    destination: `${destination.host}/app`,
    ...options,
  });
  return result.error;
}

/** An image of one layer, as `app:1`. Its config is at the destination already, so that the layer is all that is sent. */
async function putLayer(
  { source, destination }: Pair,
  layerBytes: number,
): Promise<{ digest: string; path: string }> {
  const image = await putImage(source, "app", { tag: "1", layers: 1, layerBytes });
  const config = await source.getBlob("app", image.config.digest);
  await destination.putBlob("app", config!);
  const { digest } = image.layers[0]!;
  return { digest, path: `/blobs/${digest}` };
}

/** Uploads that carry more than a small blob. */
function uploadsOf(registry: RunningRegistry): RunningRegistry["requests"] {
  return registry.requests.filter(({ method, requestBytes }) =>
    /^(PUT|PATCH)$/.test(method) && requestBytes >= 100_000
  );
}

async function assertSameBlob({ source, destination }: Pair, digest: string): Promise<void> {
  assert.deepEqual(await destination.getBlob("app", digest), await source.getBlob("app", digest));
}

function assertNothingCommitted({ destination }: Pair, digest: string): void {
  assert.equal(destination.hasBlob("app", digest), false);
  assert.deepEqual(destination.tags("app"), []);
}

test("copy() copies an image of several platforms in workerd", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  const index = await putIndex(source, "app", {
    platforms: ["linux/amd64", "linux/arm64", "linux/arm/v7"],
    attestations: true,
    tag: "1",
    layerBytes: 300_000,
  });
  assert.equal(await copy(pair), undefined);
  const images = [...index.images, ...index.attestations];
  for (const { descriptor } of [index, ...images]) {
    const found = destination.getManifest("app", descriptor.digest);
    assert.deepEqual(found, source.getManifest("app", descriptor.digest));
  }
  for (const { config, layers } of images) {
    for (const { digest } of [config, ...layers]) await assertSameBlob(pair, digest);
  }
  assert.deepEqual(destination.tags("app"), ["1"]);
});

for (const verify of ["stream", "destination"] as const) {
  test(`copy() copies a large blob by one upload in workerd: ${verify}`, async () => {
    await using pair = await startPair();
    const { digest } = await putLayer(pair, 20 * MIB + 1);
    assert.equal(await copy(pair, { verify }), undefined);
    await assertSameBlob(pair, digest);
    const uploads = uploadsOf(pair.destination);
    assert.equal(uploads.length, 1);
    assert.equal(uploads[0]?.headers.get("content-length"), `${20 * MIB + 1}`);
  });

  test(`copy() commits no wrong blob in workerd: ${verify}`, async () => {
    // A careless destination, where it is not the one that has to check.
    await using pair = await startPair(verify === "stream" ? { verifiesDigests: false } : {});
    const { digest } = await putLayer(pair, 9 * MIB);
    pair.source.corruptBlob("app", digest);
    const error = await copy(pair, { verify, engine: { retries: 0 } });
    assert.equal(error?.side, verify === "stream" ? "source" : "destination");
    if (verify === "stream") assert.equal(error.code, "integrity");
    assertNothingCommitted(pair, digest);
  });

  test(`copy() resumes a blob after the source cut the connection in workerd: ${verify}`, async () => {
    await using pair = await startPair();
    const { digest, path } = await putLayer(pair, 5 * MIB);
    pair.source.fail({ method: "GET", path, action: { cutAfterBytes: 2 * MIB } });
    assert.equal(await copy(pair, { verify }), undefined);
    await assertSameBlob(pair, digest);
    const gets = pair.source.requests.filter((r) => r.method === "GET" && r.path.endsWith(path));
    assert.equal(gets.length, 2);
    // A body that passes untouched cannot be resumed; it is begun again.
    const range = gets[1]?.headers.get("range") ?? "";
    if (verify === "stream") assert.match(range, /^bytes=[1-9]\d*-/);
    else assert.equal(range, "");
    const committed = uploadsOf(pair.destination).filter(({ status }) => status === 201);
    assert.equal(committed.length, 1);
  });

  test(`copy() fails if the source goes silent in workerd: ${verify}`, async () => {
    await using pair = await startPair();
    const { digest, path } = await putLayer(pair, 300_000);
    pair.source.fail({ method: "GET", path, times: 9, action: { hangAfterBytes: 1000 } });
    const error = await copy(pair, { verify, engine: { retries: 0, timeoutMs: 300 } });
    assert.equal(error?.code, "timeout");
    assertNothingCommitted(pair, digest);
  });

  test(`copy() fails if the destination never responds in workerd: ${verify}`, async () => {
    await using pair = await startPair();
    const { digest } = await putLayer(pair, 300_000);
    const path = "/blobs/uploads/";
    pair.destination.fail({ method: "PUT", path, times: 9, action: { hang: true } });
    const error = await copy(pair, { verify, engine: { retries: 0, timeoutMs: 300 } });
    assert.equal(error?.code, "timeout");
    assert.equal(error.side, "destination");
    assertNothingCommitted(pair, digest);
  });

  test(`copy() reports why a destination rejects a blob during the upload in workerd: ${verify}`, async () => {
    await using pair = await startPair();
    const { digest } = await putLayer(pair, 20 * MIB);
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "read only" }] });
    const action = { status: 403, body };
    pair.destination.fail({ method: "PUT", path: "/blobs/uploads/", times: 9, action });
    const error = await copy(pair, { verify });
    assert.equal(error?.code, "denied");
    assert.match(error.message, /read only/);
    assertNothingCommitted(pair, digest);
  });

  test(`copy() uploads chunks if the destination limits their size in workerd: ${verify}`, async () => {
    await using pair = await startPair({ maxUploadBytes: MIB });
    const { digest } = await putLayer(pair, 2.5 * MIB);
    assert.equal(await copy(pair, { verify }), undefined);
    const pieces = pair.destination.requests.filter(({ method }) => method === "PATCH");
    assert.deepEqual(pieces.map(({ requestBytes }) => requestBytes), [MIB, MIB, MIB / 2]);
    await assertSameBlob(pair, digest);
  });
}
