/** Manifests and blobs of a source are read from its mirrors first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CopyEvent } from "../../src/copy/model.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { runRuleLocally } from "../../src/sync/local_rules.ts";
import type { SyncEvent } from "../../src/sync/model.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { putCosignSignature, putImage, putReferrer } from "../support/image.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import type { FaultAction } from "../support/registry_faults.ts";
import { NOW, ruleOf } from "../sync/setup.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";

interface Mirrored extends Pair {
  readonly mirror: RunningRegistry;
}

/** The source has the image `app:1`. */
async function startMirrored(
  { path = "", timeoutMs, layerBytes }: {
    /** The path of the mirror. */
    path?: string;
    timeoutMs?: number | undefined;
    layerBytes?: number | undefined;
  } = {},
): Promise<Mirrored> {
  const mirror = await startRegistry();
  const pair = await startPair({
    engine: {
      retries: 0,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      source: { mirrors: (registry) => isSource(registry) ? [mirror.host + path] : [] },
    },
  });
  const isSource = (registry: string): boolean => registry === pair.source.host;
  await putImage(pair.source, "app", imageOptions(layerBytes));
  return {
    ...pair,
    mirror,
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([mirror.close(), pair[Symbol.asyncDispose]()]);
    },
  };
}

function imageOptions(layerBytes = 1000): { tag: string; layers: number; layerBytes: number } {
  return { tag: "1", layers: 2, layerBytes };
}

/** Copies the image, and returns the warnings. Fails unless it arrives as it is at the source. */
async function copyMirrored(
  mirrored: Mirrored,
  options: Partial<CopyRequestInput> = {},
): Promise<string[]> {
  const { engine, source, destination } = mirrored;
  const warnings: string[] = [];
  const report = await engine.copy({ ...namesOf(mirrored), ...options }, {
    emit: (event) => event.type === "warning" && warnings.push(event.message),
  });
  assert.equal(report.result, "copied");
  const wanted = await createSyncEngine({ runtime: await createRuntime() })
    .verify(namesOf(mirrored));
  assert.ok(wanted.equal, JSON.stringify(wanted.differences));
  assert.ok(destination.getManifest("app", "1") && source.getManifest("app", "1"));
  return warnings;
}

function namesOf({ source, destination }: Pair): { source: string; destination: string } {
  return { source: `${source.host}/app:1`, destination: `${destination.host}/app:1` };
}

/** Requests for content, without those that only list. */
function contentOf(registry: RunningRegistry): string[] {
  return registry.requests.map(({ method, path }) => `${method} ${path}`)
    .filter((line) => /\/(manifests|blobs)\//.test(line));
}

test("copy() resolves the tag, and reads manifests and blobs from a mirror that has them, below its path", async () => {
  await using mirrored = await startMirrored({ path: "/hub" });
  const { mirror, source } = mirrored;
  await putImage(mirror, "hub/app", imageOptions());
  source.requests.length = 0;
  const { engine } = mirrored;
  const report = await engine.copy(namesOf(mirrored));
  assert.equal(report.result, "copied");
  assert.equal(contentOf(mirror).length, 4, contentOf(mirror).join());
  assert.deepEqual(contentOf(source), ["HEAD /v2/app/manifests/1"]);
});

test("copy() reads from the registry what a mirror lacks", async () => {
  await using mirrored = await startMirrored();
  assert.deepEqual(await copyMirrored(mirrored), []);
  assert.ok(contentOf(mirrored.mirror).length > 0);
});

test("copy() copies the image that the tag has at the registry, where a mirror has an older one", async () => {
  await using mirrored = await startMirrored();
  const { mirror } = mirrored;
  await putImage(mirror, "app", { ...imageOptions(), seed: 2 });
  assert.deepEqual(await copyMirrored(mirrored), []);
});

test("copy() resolves a tag at a mirror if the registry cannot, and says so once", async () => {
  await using mirrored = await startMirrored();
  const { mirror, source, destination, engine } = mirrored;
  await putImage(mirror, "app", imageOptions());
  const action = { status: 429 };
  source.fail({ path: "/manifests/1", times: 2, action });
  const warnings: string[] = [];
  for (const tag of ["1", "2"]) {
    const request = { ...namesOf(mirrored), destination: `${destination.host}/app:${tag}` };
    await engine.copy(request, {
      emit: (event) => event.type === "warning" && warnings.push(event.message),
    });
    assert.ok(destination.getManifest("app", tag));
  }
  assert.equal(warnings.length, 1, warnings.join("\n"));
  assert.match(warnings[0] ?? "", /answered 429.*; mirrors resolve its tags for 60 s$/);
});

test("copy() fails as the registry does, if neither it nor a mirror resolves the tag", async () => {
  await using mirrored = await startMirrored();
  mirrored.source.fail({ path: "/manifests/1", times: Infinity, action: { status: 403 } });
  await assert.rejects(mirrored.engine.copy(namesOf(mirrored)), { code: "denied" });
});

const PAGE = "<html><title>Not available</title></html>";
const HTML = { "content-type": "text/html" };

/** A body without Content-Length. */
function streamed(body: BlobPart, headers = {}): Response {
  return new Response(new Blob([body]).stream(), { headers });
}

async function flipLastByte(response: Response): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  bytes[bytes.length - 1]! ^= 1;
  return new Response(bytes, response);
}

interface WrongMirror {
  readonly name: string;
  readonly action: FaultAction;
  /** Default: manifests and blobs. */
  readonly paths?: readonly string[];
  readonly timeoutMs?: number;
}

const BLOBS = { paths: ["/blobs/"] };

const WRONG_MIRRORS: readonly WrongMirror[] = [
  ...[400, 401, 403, 429, 500, 503].map((status) => ({
    name: `answers ${status}`,
    action: { status },
  })),
  { name: "drops the connection", action: { dropConnection: true } },
  { name: "hangs", action: { hang: true }, timeoutMs: 1000 },
  { name: "hangs in the middle", action: { hangAfterBytes: 5 }, timeoutMs: 1000 },
  { name: "is cut", action: { cutAfterBytes: 5 } },
  { name: "sends too few bytes", action: { tamper: () => streamed("few") } },
  {
    name: "sends too many bytes",
    action: { tamper: () => streamed(new Uint8Array(5 * 1024 * 1024)) },
  },
  { name: "sends other bytes", action: { tamper: flipLastByte } },
  { name: "sends other bytes of another length", action: { status: 200, body: "other bytes" } },
  { name: "sends a web page", action: { status: 200, body: PAGE, headers: HTML } },
  { name: "streams a web page", action: { tamper: () => streamed(PAGE, HTML) } },
  { name: "redirects to a web page", action: { redirect: "/sorry" } },
  { name: "redirects in a circle", action: { redirect: ({ url }) => url } },
  { name: "redirects to a closed port", action: { redirect: "http://127.0.0.1:1/" } },
];

const SIZES = [
  { name: "", layerBytes: 1000, paths: ["/manifests/", "/blobs/"] },
  { name: " of a large layer", layerBytes: 300 * 1024, ...BLOBS },
];

for (const { name, action, timeoutMs } of WRONG_MIRRORS) {
  for (const size of SIZES) {
    for (const path of size.paths) {
      test(`copy() leaves a mirror that ${name}, and says so once: ${path}${size.name}`, async () => {
        const { layerBytes } = size;
        await using mirrored = await startMirrored({ timeoutMs, layerBytes });
        const { mirror, source } = mirrored;
        await putImage(mirror, "app", imageOptions(layerBytes));
        mirror.fail({
          path: "/sorry",
          optional: true,
          times: Infinity,
          action: { status: 200, body: PAGE, headers: HTML },
        });
        mirror.fail({ method: "GET", path, times: Infinity, action });
        const warnings = await copyMirrored(mirrored);
        assert.equal(warnings.length, 1, warnings.join("\n"));
        const start = `mirror ${mirror.host} of ${source.host}: `;
        assert.ok(warnings[0]?.startsWith(start), warnings[0]);
        assert.ok(warnings[0]?.endsWith("; it is not used for 60 s"), warnings[0]);
      });
    }
  }
}

test("copy() leaves a mirror whose wrong bytes the destination finds", async () => {
  const layerBytes = 300 * 1024;
  await using mirrored = await startMirrored({ layerBytes });
  const { mirror } = mirrored;
  await putImage(mirror, "app", imageOptions(layerBytes));
  mirror.fail({ method: "GET", path: "/blobs/", times: 3, action: { tamper: flipLastByte } });
  const warnings = await copyMirrored(mirrored, { verify: "destination" });
  assert.equal(warnings.length, 1, warnings.join("\n"));
});

test("copy() leaves a mirror that sends other bytes, where blobs pass untouched as on workerd", async () => {
  const layerBytes = 300 * 1024;
  await using mirrored = await startMirrored({ layerBytes });
  const { mirror } = mirrored;
  const { layers } = await putImage(mirror, "app", imageOptions(layerBytes));
  for (const { digest } of layers) {
    mirror.fail({ method: "GET", path: digest, action: { tamper: flipLastByte } });
  }
  const engine = createSyncEngine({
    runtime: { ...await createRuntime(), passesUntouched: true },
    retries: 0,
    source: { mirrors: () => [mirror.host] },
  });
  const warnings = await copyMirrored({ ...mirrored, engine }, { verify: "destination" });
  assert.equal(warnings.length, 1, warnings.join("\n"));
});

test("runRule() reads a blob for several targets again, after a mirror sent other bytes", async () => {
  const layerBytes = 300 * 1024;
  await using mirrored = await startMirrored({ layerBytes });
  const { mirror, source, destination, engine } = mirrored;
  await putImage(mirror, "app", imageOptions(layerBytes));
  await using second = await startRegistry();
  mirror.fail({
    method: "GET",
    path: "/blobs/",
    times: Infinity,
    action: { tamper: flipLastByte },
  });
  const rule = ruleOf(
    `{type: image, source: "${source.host}/app:1", targets: ["${destination.host}/app:1", "${second.host}/app:1"]}`,
  );
  const warnings: string[] = [];
  const emit = (event: SyncEvent): void => {
    if (event.type !== "copy" || event.event.type !== "warning") return;
    warnings.push(event.event.message);
  };
  const report = await runRuleLocally(rule, { engine, rules: [rule], now: () => NOW, emit });
  assert.deepEqual(report.tags.map(({ result, error }) => error?.message ?? result), [
    "copied",
    "copied",
  ]);
  assert.equal(warnings.length, 1, warnings.join("\n"));
  const root = source.getManifest("app", "1");
  for (const target of [destination, second]) {
    assert.deepEqual(target.getManifest("app", "1")?.bytes, root?.bytes);
  }
});

test("copy() does not blame a mirror for a failure of the destination", async () => {
  const layerBytes = 300 * 1024;
  await using mirrored = await startMirrored({ layerBytes });
  const { mirror, source, destination, engine } = mirrored;
  await putImage(mirror, "app", imageOptions(layerBytes));
  destination.fail({ method: "PUT", path: "/blobs/uploads/", action: { status: 503 } });
  const patient = createSyncEngine({
    runtime: await createRuntime(),
    source: { mirrors: () => [mirror.host] },
  });
  const warnings: string[] = [];
  const emit = (event: CopyEvent): void => {
    if (event.type === "warning") warnings.push(event.message);
  };
  await patient.copy(namesOf(mirrored), { emit });
  assert.deepEqual(warnings, []);
  assert.deepEqual(contentOf(source), ["HEAD /v2/app/manifests/1"]);
  assert.ok((await engine.verify(namesOf(mirrored))).equal);
});

test("inspect() leaves a mirror that sends another config", async () => {
  await using mirrored = await startMirrored();
  const { mirror, source, engine } = mirrored;
  await putImage(mirror, "app", imageOptions());
  mirror.fail({ method: "GET", path: "/blobs/", action: { tamper: flipLastByte } });
  const { root } = await engine.inspect(`${source.host}/app:1`);
  assert.equal(root.platform, "linux/amd64");
});

test("resolve() takes no web page for a manifest", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  source.fail({ method: "HEAD", path: "/manifests/", action: { status: 200, headers: HTML } });
  const found = await engine.batch().resolve(`${source.host}/app@${descriptor.digest}`);
  assert.equal(found?.mediaType, descriptor.mediaType);
});

test("copy() finds signatures and referrers that a mirror does not have", async () => {
  await using mirrored = await startMirrored();
  const { mirror, source, destination, engine } = mirrored;
  const { descriptor } = await putImage(mirror, "app", { tag: "1", layers: 2 });
  await putCosignSignature(source, "app", descriptor.digest);
  await putReferrer(source, "app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  const report = await engine.copy(namesOf(mirrored));
  assert.equal(report.referrers, 2);
  assert.ok(destination.tags("app").some((tag) => tag.endsWith(".sig")));
});
