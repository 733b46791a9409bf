import assert from "node:assert/strict";
import { test } from "node:test";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { referrersTag } from "../../src/oci/digest_tag.ts";
import { OCI_INDEX } from "../../src/oci/media_types.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import type { PutImage } from "../support/image.ts";
import type { EmbeddedRegistry } from "../support/registry.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";

function refer(
  registry: EmbeddedRegistry,
  subject: Descriptor,
  payload: string,
  repository = "app",
): Promise<PutImage> {
  return putReferrer(registry, repository, subject, {
    artifactType: "application/x.test",
    payload,
  });
}

async function listed(
  registry: EmbeddedRegistry & { host: string },
  { digest }: Descriptor,
  repository = "app",
): Promise<string[]> {
  const url = `http://${registry.host}/v2/${repository}`;
  const response = registry.hasReferrers
    ? await fetch(`${url}/referrers/${digest}`)
    : await fetch(`${url}/manifests/${referrersTag(digest)}`);
  if (response.status !== 200) {
    await response.body?.cancel();
    return [];
  }
  const { manifests } = await response.json();
  return manifests.map((entry: Descriptor) => entry.digest).sort();
}

for (const from of [true, false]) {
  for (const to of [true, false]) {
    const name = (has: boolean): string => has ? "with the referrers API" : "without";
    test(`copy() copies referrers, and their referrers, from ${name(from)} to ${name(to)}`, async () => {
      await using pair = await startPair({
        source: { referrers: from },
        destination: { referrers: to },
      });
      const { source, destination, engine } = pair;
      const { descriptor } = await putImage(source, "app", { tag: "1" });
      const first = await refer(source, descriptor, "first");
      const second = await refer(source, descriptor, "second");
      const deep = await refer(source, first.descriptor, "deep");
      const report = await engine.copy(requestOf(pair));
      assert.equal(report.referrers, 3);
      const digests = [first.descriptor.digest, second.descriptor.digest].sort();
      assert.deepEqual(await listed(destination, descriptor), digests);
      assert.deepEqual(await listed(destination, first.descriptor), [deep.descriptor.digest]);
      const writes = destination.requests.filter(({ method }) => method === "PUT");
      assert.match(writes.at(-1)?.path ?? "", /\/manifests\/1$/);
    });
  }
}

test("copy() adds new referrers to a fallback index and keeps the others", async () => {
  await using pair = await startPair({ destination: { referrers: false } });
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const there = await refer(destination, descriptor, "there before");
  const first = await refer(source, descriptor, "first");
  await engine.copy(requestOf(pair));
  const expected = [there.descriptor.digest, first.descriptor.digest].sort();
  assert.deepEqual(await listed(destination, descriptor), expected);

  const second = await refer(source, descriptor, "second");
  destination.clearRequests();
  const report = await engine.copy(requestOf(pair));
  assert.equal(report.result, "copied");
  assert.equal(report.manifests, 1);
  const all = [...expected, second.descriptor.digest].sort();
  assert.deepEqual(await listed(destination, descriptor), all);
  assert.equal(destination.count({ method: "PUT", path: first.descriptor.digest }), 0);

  const third = await engine.copy(requestOf(pair));
  assert.equal(third.result, "unchanged");
});

test("copy() without referrers copies none", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await refer(source, descriptor, "first");
  const report = await engine.copy({ ...requestOf(pair), referrers: false });
  assert.equal(report.referrers, 0);
  assert.deepEqual(await listed(destination, descriptor), []);
  assert.equal(source.count({ path: "/referrers/" }), 0);
});

for (const to of [true, false]) {
  test(`copy() skips a listed manifest that does not name the subject, ${to}`, async () => {
    await using pair = await startPair({
      source: { referrers: false },
      destination: { referrers: to },
    });
    const { source, destination, engine } = pair;
    const { descriptor } = await putImage(source, "app", { tag: "1" });
    const honest = await refer(source, descriptor, "honest");
    const stranger = await putImage(source, "app", { seed: 9 });
    const manifests = [honest.descriptor, stranger.descriptor];
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    await source.putManifest("app", index, OCI_INDEX, [referrersTag(descriptor.digest)]);
    const report = await engine.copy(requestOf(pair));
    assert.equal(report.referrers, 1);
    assert.equal(report.warnings.length, 1);
    assert.match(report.warnings[0] ?? "", /its subject is another; it is not copied/);
    assert.deepEqual(await listed(destination, descriptor), [honest.descriptor.digest]);
    const { host } = destination;
    assert.equal(
      (await engine.verify({ source: `${source.host}/app:1`, destination: `${host}/app:1` })).equal,
      true,
    );
  });
}

test("copy() ends if fallback tags list each other", async () => {
  await using pair = await startPair({ source: { referrers: false } });
  const { source, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const first = await refer(source, descriptor, "first");
  const second = await refer(source, first.descriptor, "second");
  for (const [of, by] of [[second, first], [first, second]] as const) {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [by.descriptor] };
    await source.putManifest("app", index, OCI_INDEX, [referrersTag(of.descriptor.digest)]);
  }
  const report = await engine.copy(requestOf(pair));
  assert.equal(report.referrers, 2);
});

test("copy() copies a referrer for its subject only, if another manifest lists it too", async () => {
  await using pair = await startPair({
    source: { referrers: false },
    destination: { referrers: false },
  });
  const { source, destination, engine } = pair;
  const { images } = await putIndex(source, "app", { platforms: ["a/b", "c/d"], tag: "1" });
  const [first, second] = images;
  assert.ok(first && second);
  const referrer = await refer(source, second.descriptor, "signed");
  const manifests = [referrer.descriptor];
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  await source.putManifest("app", index, OCI_INDEX, [referrersTag(first.descriptor.digest)]);
  const report = await engine.copy(requestOf(pair));
  assert.equal(report.referrers, 1);
  assert.deepEqual(report.warnings, []);
  assert.deepEqual(await listed(destination, first.descriptor), []);
  assert.deepEqual(await listed(destination, second.descriptor), [referrer.descriptor.digest]);
});

for (
  const [name, filters, wanted] of [
    ["an artifact type", [{ artifactType: "a/sbom" }], ["sbom"]],
    ["either of two", [{ artifactType: "a/sbom" }, { artifactType: "a/vex" }], ["sbom", "vex"]],
    ["an annotation", [{ annotations: { level: "gold" } }], ["signature"]],
    ["an annotation, whatever it is", [{ annotations: { level: "" } }], ["sbom", "signature"]],
    ["both", [{ artifactType: "a/sbom", annotations: { level: "gold" } }], []],
  ] as const
) {
  test(`copy() copies only the referrers that match a filter by ${name}`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const { descriptor } = await putImage(source, "app", { tag: "1" });
    const put: Record<string, string> = {};
    for (
      const [artifact, annotations] of [
        ["sbom", { level: "tin" }],
        ["signature", { level: "gold" }],
        ["vex", {}],
      ] as const
    ) {
      const options = { artifactType: `a/${artifact}`, payload: artifact, annotations };
      put[artifact] = (await putReferrer(source, "app", descriptor, options)).descriptor.digest;
    }
    const report = await engine.copy({
      ...requestOf(pair),
      referrerFilters: filters.map((filter) => ({ ...filter })),
    });
    assert.equal(report.referrers, wanted.length);
    assert.deepEqual(
      await listed(destination, descriptor),
      wanted.map((artifact) => put[artifact]).sort(),
    );
  });
}

/** A copy whose referrers come from `signed` and go to `kept`. */
function elsewhereOf(pair: Pair): CopyRequestInput {
  return {
    ...requestOf(pair),
    referrerSource: `${pair.source.host}/signed`,
    referrerDestination: `${pair.destination.host}/kept`,
  };
}

for (const from of [true, false]) {
  for (const to of [true, false]) {
    const name = (has: boolean): string => has ? "with the referrers API" : "without";
    test(`copy() copies referrers from one repository to another, ${name(from)} to ${name(to)}`, async () => {
      await using pair = await startPair({
        source: { referrers: from },
        destination: { referrers: to },
      });
      const { source, destination, engine } = pair;
      const { descriptor } = await putImage(source, "app", { tag: "1" });
      await refer(source, descriptor, "beside the image");
      await putCosignSignature(source, "app", descriptor.digest);
      const first = await refer(source, descriptor, "first", "signed");
      const deep = await refer(source, first.descriptor, "deep", "signed");
      const report = await engine.copy(elsewhereOf(pair));
      assert.deepEqual([report.referrers, report.warnings], [3, []]);
      assert.deepEqual(await listed(destination, descriptor, "kept"), [first.descriptor.digest]);
      const deeper = await listed(destination, first.descriptor, "kept");
      assert.deepEqual(deeper, [deep.descriptor.digest]);
      assert.deepEqual(await listed(destination, descriptor), []);
      const isTagged = ({ path }: { path: string }): boolean => path.endsWith(".sig");
      const tagged = destination.requests.filter(isTagged).map(({ path }) => path.split("/")[2]);
      assert.deepEqual([...new Set(tagged)], ["app"]);
      const writes = destination.requests.filter(({ method }) => method === "PUT");
      assert.match(writes.at(-1)?.path ?? "", /app\/manifests\/1$/);
      assert.equal(source.count({ path: "/app/referrers/" }), 0);
    });
  }
}

test("copy() copies referrers of another repository to the image, after the image", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const { descriptor: referrer } = await refer(source, descriptor, "first", "signed");
  const { referrerDestination: _, ...request } = elsewhereOf(pair);
  const report = await engine.copy(request);
  assert.deepEqual(await listed(destination, descriptor), [referrer.digest]);
  const puts = destination.requests.filter(({ method, path }) =>
    method === "PUT" && path.includes("/manifests/")
  );
  const names = [descriptor.digest, referrer.digest, "1"];
  assert.deepEqual(puts.map(({ path }) => path), names.map((name) => `/v2/app/manifests/${name}`));
  assert.equal(report.manifests, 3);
});

test("copy() copies referrers to another repository, and puts the image once", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const { descriptor: referrer } = await refer(source, descriptor, "first");
  const { referrerSource: _, ...request } = elsewhereOf(pair);
  const report = await engine.copy(request);
  assert.deepEqual(await listed(destination, descriptor, "kept"), [referrer.digest]);
  assert.deepEqual(await listed(destination, descriptor), []);
  assert.deepEqual([report.manifests, report.referrers], [2, 1]);
});

test("copy() copies new referrers of another repository for an image that is there", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const first = await refer(source, descriptor, "first", "signed");
  await engine.copy(elsewhereOf(pair));
  const second = await refer(source, descriptor, "second", "signed");
  const report = await engine.copy(elsewhereOf(pair));
  assert.deepEqual([report.result, report.manifests], ["copied", 1]);
  const all = [first.descriptor.digest, second.descriptor.digest].sort();
  assert.deepEqual(await listed(destination, descriptor, "kept"), all);
  assert.equal((await engine.copy(elsewhereOf(pair))).result, "unchanged");
});

test("plan() counts the requests of a copy with referrers in another repository", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await refer(source, descriptor, "first", "signed");
  const { totals } = await engine.plan(elsewhereOf(pair));
  assert.equal(destination.count({ method: "PUT" }) + destination.count({ method: "POST" }), 0);
  const asked = source.requests.length;
  const report = await engine.copy(elsewhereOf(pair));
  assert.equal(totals?.blobs.stream, report.blobs.streamed);
  assert.equal(totals?.bytes.stream, report.bytesStreamed);
  assert.equal(totals?.manifests, report.manifests);
  assert.deepEqual(totals?.requests.source, report.requests.source);
  assert.equal(report.requests.source, source.requests.length - asked);
});

test("plan() surveys each destination repository for its own blobs", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await refer(source, descriptor, "first", "signed");
  await refer(destination, descriptor, "first", "kept");
  const { totals } = await engine.plan(elsewhereOf(pair));
  assert.deepEqual(totals?.blobs, { stream: 3, mount: 0, present: 2 });
});

test("perform() of the steps of a plan copies referrers from one repository to another", async () => {
  await using pair = await startPair({ destination: { referrers: false } });
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const { descriptor: referrer } = await refer(source, descriptor, "first", "signed");
  const { stages } = await engine.plan(elsewhereOf(pair), { survey: false });
  for (const step of stages.flatMap(({ steps }) => steps)) await engine.perform(step);
  assert.deepEqual(await listed(destination, descriptor, "kept"), [referrer.digest]);
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
});

test("copy() mounts blobs of another repository of the destination's registry", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const { descriptor: referrer } = await refer(destination, descriptor, "first", "signed");
  const request = { ...elsewhereOf(pair), referrerSource: `${destination.host}/signed` };
  const report = await engine.copy(request);
  assert.deepEqual(await listed(destination, descriptor, "kept"), [referrer.digest]);
  assert.deepEqual([report.blobs.mounted, report.blobs.streamed], [2, 3]);
});

test("copy() sends the same requests if the repositories of referrers are the image's own", async () => {
  const asked: string[][] = [];
  for (const isNamed of [false, true]) {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const { descriptor } = await putImage(source, "app", { tag: "1" });
    await refer(source, descriptor, "first");
    const request = requestOf(pair);
    const names = {
      referrerSource: `${source.host}/app`,
      referrerDestination: request.destination,
    };
    await engine.copy(isNamed ? { ...request, ...names } : request);
    const all = [...source.requests, ...destination.requests];
    asked.push(
      all.map(({ method, path }) => `${method} ${path.replace(/uploads\/.*/, "")}`).sort(),
    );
  }
  assert.deepEqual(asked[0], asked[1]);
});

test("copy() makes the entries of a fallback index from the manifests", async () => {
  await using pair = await startPair({
    source: { referrers: false },
    destination: { referrers: false },
  });
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const options = { artifactType: "a/sbom", payload: "sbom", annotations: { level: "gold" } };
  const sbom = await putReferrer(source, "app", descriptor, options);
  const plain = await putImage(source, "app", { seed: 2, subject: descriptor });
  const tag = referrersTag(descriptor.digest);
  const manifests = [sbom, plain].map(({ descriptor: { mediaType, digest, size } }) => ({
    mediaType,
    digest,
    size,
  }));
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  await source.putManifest("app", index, OCI_INDEX, [tag]);
  await engine.copy(requestOf(pair));
  const written = new TextDecoder().decode(destination.getManifest("app", tag)?.bytes);
  assert.deepEqual(JSON.parse(written).manifests, [
    { ...manifests[0], artifactType: "a/sbom", annotations: { level: "gold" } },
    { ...manifests[1], artifactType: plain.config.mediaType },
  ]);
});

/** Makes the source answer its referrers API with these, whatever its fallback tags list. */
function answerApi({ source }: Pair, manifests: readonly Descriptor[] = []): void {
  source.fail({
    path: "/referrers/",
    times: 99,
    action: {
      status: 200,
      headers: { "content-type": OCI_INDEX },
      body: JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }),
    },
  });
}

/** How often the fallback tag of a subject was requested. */
function countFallback({ source }: Pair, { digest }: Descriptor, method: "GET" | "HEAD"): number {
  return source.requests.filter((request) =>
    request.method === method && request.path.endsWith(`/manifests/${referrersTag(digest)}`)
  ).length;
}

for (const hasList of [true, false]) {
  const name = hasList ? "that the list of tags has" : "found by HEAD, without a list of tags";
  test(`copy() copies the referrers of a fallback tag beside the referrers API, ${name}`, async () => {
    await using pair = await startPair({ source: { referrers: false } });
    const { source, destination, engine } = pair;
    const { descriptor } = await putImage(source, "app", { tag: "1" });
    const older = await refer(source, descriptor, "older than the API");
    const newer = await refer(source, descriptor, "newer");
    answerApi(pair, [newer.descriptor]);
    if (!hasList) source.fail({ path: "/tags/list", times: 99, action: { status: 403 } });
    await engine.copy(requestOf(pair));
    assert.deepEqual(
      await listed(destination, descriptor),
      [older, newer].map(({ descriptor }) => descriptor.digest).sort(),
    );
    assert.equal(countFallback(pair, descriptor, "GET"), 1);
    assert.equal(countFallback(pair, descriptor, "HEAD"), hasList ? 0 : 1);
    assert.equal((await engine.verify(requestOf(pair))).equal, true);
  });
}

test("copy() requests a fallback tag beside the referrers API only if it may exist", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await refer(source, descriptor, "listed");
  await engine.copy(requestOf(pair));
  assert.equal(source.count({ path: "/manifests/sha256-" }), 0);
  source.fail({ path: "/tags/list", times: 99, action: { status: 403 } });
  source.clearRequests();
  await engine.copy({ ...requestOf(pair), destination: `${pair.destination.host}/probed` });
  assert.equal(countFallback(pair, descriptor, "HEAD"), 1);
  assert.equal(countFallback(pair, descriptor, "GET"), 0);
  source.clearRequests();
  const destination = `${pair.destination.host}/without`;
  await engine.copy({ ...requestOf(pair), destination, digestTags: false });
  assert.equal(source.count({ path: "/manifests/sha256-" }), 0);
});

test("copy() does not GET a fallback tag that a HEAD did not find, without the referrers API", async () => {
  await using pair = await startPair({ source: { referrers: false } });
  const { source, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  source.fail({ path: "/tags/list", times: 99, action: { status: 403 } });
  await engine.copy(requestOf(pair));
  assert.equal(countFallback(pair, descriptor, "HEAD"), 1);
  assert.equal(countFallback(pair, descriptor, "GET"), 0);
});
