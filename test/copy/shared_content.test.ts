import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedContent } from "../../src/copy/shared_content.ts";
import type { Outcome } from "../../src/copy/model.ts";
import type { BlobStep } from "../../src/copy/step.ts";
import type { Digest } from "../../src/oci/digest.ts";

const ROOT = {
  bytes: new Uint8Array(1024),
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: digestOf(0),
};

function digestOf(i: number): Digest {
  return `sha256:${i.toString(16).padStart(64, "0")}`;
}

function stepTo(destination: string, digest: Digest, mountFrom: string[] = []): BlobStep {
  return {
    type: "blob",
    source: "a.example/app",
    destination,
    descriptor: { mediaType: "application/octet-stream", digest, size: 1 },
    mountFrom,
    eager: true,
    verify: "auto",
  };
}

const streamed = { type: "blob", state: "streamed", bytes: 1 } as const;
const mounted = { type: "blob", state: "mounted", bytes: 0 } as const;
const present = { type: "blob", state: "present", bytes: 0 } as const;
const [one, two] = [digestOf(1), digestOf(2)];

/** Performs a step at once. Returns the step as it was performed, or `undefined`, and the outcome. */
async function share(
  memory: SharedContent,
  step: BlobStep,
  outcome: Outcome = streamed,
): Promise<{ performed: BlobStep | undefined; outcome: Outcome }> {
  let performed: BlobStep | undefined;
  const shared = await memory.shareBlob(step, (step) => {
    performed = step;
    return Promise.resolve(outcome);
  }, {});
  return { performed, outcome: shared };
}

/** A step that is being performed until `end` or `fail` is called. */
function begin(memory: SharedContent, step: BlobStep): {
  end(outcome: Outcome): void;
  fail(error: Error): void;
  steps: BlobStep[];
  done: Promise<Outcome>;
} {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const steps: BlobStep[] = [];
  const done = memory.shareBlob(step, (step) => {
    steps.push(step);
    return promise;
  }, {});
  return { end: resolve, fail: reject, steps, done };
}

test("SharedContent.shareBlob() performs no step for a blob that the run brought to the repository", async () => {
  const memory = new SharedContent();
  const step = stepTo("b.example/x", one);
  assert.deepEqual(await share(memory, step), { performed: step, outcome: streamed });
  assert.deepEqual(await share(memory, step), { performed: undefined, outcome: present });
});

test("SharedContent.shareBlob() adds a repository of the same registry to mount from", async () => {
  const memory = new SharedContent();
  await share(memory, stepTo("b.example/x", one));
  const { performed } = await share(memory, stepTo("b.example/y", one), mounted);
  assert.deepEqual(performed, { ...stepTo("b.example/y", one, ["x"]), eager: false });
  for (const step of [stepTo("c.example/y", one), stepTo("b.example/y", two)]) {
    assert.deepEqual((await share(memory, step)).performed, step);
  }
});

test("SharedContent.shareBlob() waits while another copy sends the blob to the registry", async () => {
  const memory = new SharedContent();
  const first = begin(memory, stepTo("b.example/x", one));
  const [same, other] = [stepTo("b.example/x", one), stepTo("b.example/y", one)]
    .map((step) => begin(memory, step));
  const elsewhere = begin(memory, stepTo("c.example/x", one));
  await Promise.resolve();
  assert.deepEqual([first, same, other, elsewhere].map((it) => it?.steps.length), [1, 0, 0, 1]);
  first.end(streamed);
  assert.deepEqual(await same?.done, present);
  other?.end(mounted);
  assert.deepEqual(await other?.done, mounted);
  assert.deepEqual(other?.steps.map(({ mountFrom }) => mountFrom), [["x"]]);
  assert.equal(same?.steps.length, 0);
});

test("SharedContent.shareBlob() performs the next step if the one before it failed", async () => {
  const memory = new SharedContent();
  const first = begin(memory, stepTo("b.example/x", one));
  const second = begin(memory, stepTo("b.example/y", one));
  const third = begin(memory, stepTo("b.example/x", one));
  first.fail(new Error("the upload failed"));
  await assert.rejects(first.done, /the upload failed/);
  second.end(streamed);
  third.end(mounted);
  assert.deepEqual([await second.done, await third.done], [streamed, mounted]);
  assert.deepEqual(second.steps.map(({ mountFrom }) => mountFrom), [[]]);
  assert.deepEqual(third.steps.map(({ mountFrom }) => mountFrom), [["y"]]);
});

test("SharedContent.shareBlob() stops waiting if its own signal is aborted", async () => {
  const memory = new SharedContent();
  const first = begin(memory, stepTo("b.example/x", one));
  const controller = new AbortController();
  const waiting = memory.shareBlob(
    stepTo("b.example/x", one),
    () => Promise.reject(new Error("not to be performed")),
    { signal: controller.signal },
  );
  controller.abort(new Error("stopped"));
  await assert.rejects(waiting, /stopped/);
  first.end(streamed);
  assert.deepEqual(await first.done, streamed);
});

test("SharedContent.shareBlob() mounts and waits no more at a registry that mounted nothing three times in a row", async () => {
  const memory = new SharedContent();
  await share(memory, stepTo("b.example/x", one));
  for (const name of ["p", "q"]) await share(memory, stepTo(`b.example/${name}`, one));
  await share(memory, stepTo("b.example/r", one), mounted);
  for (const name of ["s", "t"]) await share(memory, stepTo(`b.example/${name}`, one));
  const { performed } = await share(memory, stepTo("b.example/u", one));
  assert.deepEqual(performed?.mountFrom, ["x"]);
  const plain = stepTo("b.example/v", one);
  assert.deepEqual((await share(memory, plain)).performed, plain);
  const [first, second] = [stepTo("b.example/v", two), stepTo("b.example/w", two)]
    .map((step) => begin(memory, step));
  assert.deepEqual([first, second].map((it) => it?.steps.length), [1, 1]);
  for (const it of [first, second]) it?.end(streamed);
});

test("SharedContent.shareBlob() performs each step for a folder or file", async () => {
  const memory = new SharedContent();
  const step = stepTo("oci:/tmp/layout", one);
  for (const _ of [1, 2]) assert.deepEqual((await share(memory, step)).performed, step);
});

test("SharedContent forgets the oldest blobs beyond its limit", async () => {
  const memory = new SharedContent();
  for (let i = 0; i <= 50_000; i++) await share(memory, stepTo("b.example/x", digestOf(i)));
  const isPerformed = async (i: number): Promise<boolean> =>
    (await share(memory, stepTo("b.example/x", digestOf(i)))).performed !== undefined;
  assert.deepEqual([await isPerformed(50_000), await isPerformed(2), await isPerformed(0)], [
    false,
    false,
    true,
  ]);
});

test("SharedContent.shareImage() gives the image to copies of its other tags, which wait for the first", async () => {
  const memory = new SharedContent();
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = memory.shareImage("key", async (complete) => {
    await promise;
    memory.addImage("key", ROOT);
    return complete;
  }, {});
  const second = memory.shareImage("key", (complete) => Promise.resolve(complete), {});
  const other = await memory.shareImage("other", (complete) => Promise.resolve(complete), {});
  assert.equal(other, undefined);
  resolve();
  assert.equal(await first, undefined);
  assert.deepEqual(await second, { root: ROOT });
});

test("SharedContent.shareImage() copies the next tag as a whole if the copy before it failed", async () => {
  const memory = new SharedContent();
  const { promise, reject } = Promise.withResolvers<never>();
  const first = memory.shareImage("key", () => promise, {});
  const others = [1, 2].map((i) =>
    memory.shareImage("key", (complete) => {
      memory.addImage("key");
      return Promise.resolve([i, complete]);
    }, {})
  );
  reject(new Error("the copy failed"));
  await assert.rejects(first, /the copy failed/);
  assert.deepEqual(await Promise.all(others), [[1, undefined], [2, { root: undefined }]]);
});

test("SharedContent.addImage() keeps at most 8 MiB of root manifests and 10,000 images", async () => {
  const memory = new SharedContent();
  const isKnown = async (key: string): Promise<boolean> =>
    await memory.shareImage(key, (complete) => Promise.resolve(complete !== undefined), {});
  const large = { ...ROOT, bytes: new Uint8Array(4 * 1024 * 1024) };
  for (const key of ["a", "b", "c"]) memory.addImage(key, large);
  assert.deepEqual(await Promise.all(["a", "b", "c"].map(isKnown)), [false, true, true]);
  for (let i = 0; i < 10_000; i++) memory.addImage(`image ${i}`);
  assert.deepEqual(await Promise.all(["c", "image 0"].map(isKnown)), [false, true]);
});
