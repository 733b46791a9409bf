import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { referrersTag } from "../../src/oci/digest_tag.ts";
import { OCI_INDEX } from "../../src/oci/media_types.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { FaultAction, RunningRegistry } from "../support/registry.ts";
import { failureOf, openSide } from "./setup.ts";

const SBOM = "application/spdx+json";

/** An image and what refers to it, as descriptors. */
async function putReferred(
  registry: RunningRegistry,
  count: number,
): Promise<{ subject: Descriptor; referrers: Descriptor[] }> {
  const { descriptor: subject } = await putImage(registry, "a/b", { tag: "1" });
  const referrers: Descriptor[] = [];
  for (let i = 0; i < count; i++) {
    const options = { artifactType: SBOM, payload: `${i}` };
    referrers.push((await putReferrer(registry, "a/b", subject, options)).descriptor);
  }
  return { subject, referrers };
}

function digests(descriptors: readonly Descriptor[]): string[] {
  return descriptors.map((descriptor) => descriptor.digest);
}

function fallbackIndex(registry: RunningRegistry, subject: Descriptor): Descriptor[] {
  const manifest = registry.getManifest("a/b", referrersTag(subject.digest));
  assert.equal(manifest?.mediaType, OCI_INDEX);
  return JSON.parse(new TextDecoder().decode(manifest?.bytes)).manifests;
}

test("Repository.listReferrers() calls the API and returns artifact types", async () => {
  await using registry = await startRegistry();
  const { subject, referrers } = await putReferred(registry, 2);
  const repository = (await openSide(registry.host)).pull("a/b");
  const found = await repository.listReferrers(subject.digest);
  assert.deepEqual(digests(found), digests(referrers));
  assert.equal(found[0]?.artifactType, SBOM);
  assert.equal(repository.requests, 1);
});

test("Repository.listReferrers() is empty where nothing refers to it", async () => {
  for (const referrers of [true, false]) {
    await using registry = await startRegistry({ referrers });
    const { subject } = await putReferred(registry, 0);
    const repository = (await openSide(registry.host)).pull("a/b");
    assert.deepEqual(await repository.listReferrers(subject.digest), []);
  }
});

test("Repository.listReferrers() reads the fallback tag, and tries the API once", async () => {
  await using registry = await startRegistry({ referrers: false });
  const { subject, referrers } = await putReferred(registry, 2);
  const repository = (await openSide(registry.host)).pull("a/b");
  assert.deepEqual(digests(await repository.listReferrers(subject.digest)), digests(referrers));
  await repository.listReferrers(subject.digest);
  assert.equal(registry.count({ path: "/referrers/" }), 1);
  assert.equal(registry.count({ path: "/manifests/sha256-" }), 2);
});

const NO_API: readonly [name: string, action: FaultAction][] = [
  ["404 with HTML", { status: 404, body: "<!doctype html><p>nothing" }],
  ["404 without a body", { status: 404 }],
  ["400", { status: 400 }],
  ["403", { status: 403 }],
  ["405", { status: 405 }],
  ["501", { status: 501 }],
  ["200 with HTML", { status: 200, body: "<!doctype html><p>welcome" }],
  ["200 with nothing", { status: 200 }],
  ["200 with JSON that is no index", { status: 200, body: `{"errors":[]}` }],
  ["200 with null", { status: 200, body: "null" }],
];

for (const [name, action] of NO_API) {
  test(`Repository.listReferrers() reads the fallback tag where the API answers ${name}`, async () => {
    await using registry = await startRegistry({ referrers: false });
    const { subject, referrers } = await putReferred(registry, 1);
    registry.fail({ path: "/referrers/", action });
    const repository = (await openSide(registry.host)).pull("a/b");
    assert.deepEqual(digests(await repository.listReferrers(subject.digest)), digests(referrers));
  });
}

test("Repository.listReferrers() does not treat a failing API as a missing one", async () => {
  await using registry = await startRegistry();
  const { subject } = await putReferred(registry, 1);
  registry.fail({ path: "/referrers/", times: 9, action: { status: 503 } });
  const { pull } = await openSide(registry.host, { retries: 1 });
  assert.equal((await failureOf(pull("a/b").listReferrers(subject.digest))).isTemporary, true);
  assert.equal(registry.count(), 2);
});

/** Gives the API's answers one page of one entry after the other. */
function servePages(registry: RunningRegistry, entries: readonly Descriptor[]): void {
  entries.forEach((entry, page) => {
    const link = `?page=${page + 1}`;
    const headers: Record<string, string> = page + 1 < entries.length
      ? { link: `<${link}>; rel="next"` }
      : {};
    const body = JSON.stringify({ schemaVersion: 2, manifests: [entry] });
    registry.fail({ path: "/referrers/", action: { status: 200, body, headers } });
  });
}

test("Repository.listReferrers() follows Link", async () => {
  await using registry = await startRegistry();
  const { subject, referrers } = await putReferred(registry, 3);
  servePages(registry, referrers);
  const repository = (await openSide(registry.host)).pull("a/b");
  assert.deepEqual(digests(await repository.listReferrers(subject.digest)), digests(referrers));
  assert.deepEqual(registry.requests.map(({ query }) => query.get("page")), [null, "1", "2"]);
});

test("Repository.listReferrers() rejects a Link that leads in circles", async () => {
  await using registry = await startRegistry();
  const { subject } = await putReferred(registry, 0);
  let page = 0;
  registry.fail({
    path: "/referrers/",
    times: 1_000_000,
    action: {
      tamper(): Response {
        page = 1 - page;
        const headers = { link: `<?page=${page}>; rel="next"` };
        return Response.json({ schemaVersion: 2, manifests: [] }, { headers });
      },
    },
  });
  const repository = (await openSide(registry.host)).pull("a/b");
  const error = await failureOf(repository.listReferrers(subject.digest));
  assert.deepEqual([error.code, error.side], ["limit", "source"]);
  assert.ok(registry.count() <= 1000, `${registry.count()} requests`);
});

for (
  const [name, link, status] of [
    ["a Link that cannot be read", "?page=1", 200],
    ["a missing second page", `<?page=1>; rel="next"`, 404],
  ] as const
) {
  test(`Repository.listReferrers() rejects ${name}`, async () => {
    await using registry = await startRegistry();
    const { subject, referrers } = await putReferred(registry, 1);
    const body = JSON.stringify({ schemaVersion: 2, manifests: referrers });
    registry.fail({ path: "/referrers/", action: { status: 200, body, headers: { link } } });
    // An unreadable Link ends the list before a second page is requested.
    registry.fail({ path: "/referrers/", action: { status, body }, optional: true });
    const repository = (await openSide(registry.host)).pull("a/b");
    const error = await failureOf(repository.listReferrers(subject.digest));
    assert.deepEqual([error.code, error.side], ["registry", "source"]);
    assert.match(error.message, /may be incomplete/);
  });
}

test("Repository.listReferrers() takes a fallback tag that leads to the subject for none", async () => {
  await using registry = await startRegistry({ referrers: false });
  const image = (await putReferred(registry, 0)).subject;
  const { descriptor } = await putIndex(registry, "a/b", { platforms: ["linux/amd64"] });
  const repository = (await openSide(registry.host)).pull("a/b");
  for (const { digest } of [image, descriptor]) {
    registry.setTag("a/b", referrersTag(digest), digest);
    assert.deepEqual(await repository.listReferrers(digest), []);
  }
});

test("Repository.listReferrers() ignores a fallback tag of an image", async () => {
  await using registry = await startRegistry({ referrers: false });
  const { subject } = await putReferred(registry, 0);
  await putImage(registry, "a/b", { tag: referrersTag(subject.digest), seed: 9 });
  const repository = (await openSide(registry.host)).pull("a/b");
  assert.deepEqual(await repository.listReferrers(subject.digest), []);
});

test("Repository.recordReferrers() does nothing where the API is", async () => {
  await using registry = await startRegistry();
  const { subject, referrers } = await putReferred(registry, 1);
  const repository = (await openSide(registry.host)).push("a/b");
  assert.equal(await repository.recordReferrers(subject.digest, referrers), false);
  assert.equal(await repository.recordReferrers(subject.digest, referrers), false);
  assert.deepEqual(registry.tags("a/b"), ["1"]);
  assert.equal(registry.count(), 1);
});

test("Repository.recordReferrers() sends nothing if a put has shown that there is an API", async () => {
  await using registry = await startRegistry();
  const { subject, referrers } = await putReferred(registry, 1);
  const { pull, push } = await openSide(registry.host);
  const content = await pull("a/b").fetchManifest(referrers[0]?.digest ?? "");
  assert.ok(content);
  const repository = push("a/b");
  await repository.putManifest(content);
  registry.clearRequests();
  assert.equal(await repository.recordReferrers(subject.digest, referrers), false);
  assert.equal(registry.count(), 0);
});

test("Repository.recordReferrers() writes the fallback index once", async () => {
  await using registry = await startRegistry({ referrers: false });
  const { subject } = await putReferred(registry, 0);
  const { descriptor } = await putImage(registry, "a/b", { seed: 2, subject });
  const referrer = { ...descriptor, artifactType: SBOM, annotations: { a: "b" } };
  const repository = (await openSide(registry.host)).push("a/b");
  assert.equal(await repository.recordReferrers(subject.digest, [referrer]), true);
  assert.deepEqual(fallbackIndex(registry, subject), [referrer]);
  assert.equal(await repository.recordReferrers(subject.digest, [referrer]), false);
  assert.equal(registry.count({ method: "PUT" }), 1);
  assert.deepEqual(await repository.listReferrers(subject.digest), [referrer]);
});

test("Repository.recordReferrers() adds entries and keeps the existing ones", async () => {
  await using registry = await startRegistry({ referrers: false });
  const { subject, referrers } = await putReferred(registry, 2);
  const before = fallbackIndex(registry, subject);
  const { descriptor } = await putImage(registry, "a/b", { seed: 2, subject });
  const repository = (await openSide(registry.host)).push("a/b");
  const wanted = [...referrers, descriptor];
  assert.equal(await repository.recordReferrers(subject.digest, wanted), true);
  assert.deepEqual(fallbackIndex(registry, subject), [...before, descriptor]);
});

test("Repository.recordReferrers() of nothing writes nothing", async () => {
  await using registry = await startRegistry({ referrers: false });
  const { subject } = await putReferred(registry, 0);
  const repository = (await openSide(registry.host)).push("a/b");
  assert.equal(await repository.recordReferrers(subject.digest, []), false);
  assert.equal(registry.count({ method: "PUT" }), 0);
});

for (const action of [{ status: 503 }, { status: 422 }, { status: 418 }]) {
  test(`Repository.listReferrers() with warn reads the fallback tag after ${action.status}`, async () => {
    await using registry = await startRegistry({ referrers: false });
    const { subject, referrers } = await putReferred(registry, 1);
    registry.fail({ path: "/referrers/", times: 9, action });
    const warnings: string[] = [];
    const repository = (await openSide(registry.host, { retries: 1 })).pull("a/b");
    const options = { warn: (message: string) => void warnings.push(message) };
    const listed = await repository.listReferrers(subject.digest, options);
    assert.deepEqual(digests(listed), digests(referrers));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", new RegExp(`${action.status}.*may be missing in the copy$`));
  });
}

test("Repository.listReferrers() does not retry another host, and keeps a rate limit of the registry", async () => {
  await using registry = await startRegistry({ referrers: false });
  await using website = await startRegistry();
  const { subject, referrers } = await putReferred(registry, 1);
  const { pull, delays } = await openSide(registry.host, { retries: 1 });
  const limited = { path: "/referrers/", times: 9, action: { status: 429 } };
  const toWebsite = { redirect: `http://${website.host}/v2/a/referrers/x`, status: 303 };
  registry.fail({ path: "/referrers/", action: toWebsite });
  website.fail(limited);
  const options = { warn: (): void => {} };
  const listed = await pull("a/b").listReferrers(subject.digest, options);
  assert.deepEqual(digests(listed), digests(referrers));
  assert.deepEqual([website.count(), delays], [1, []]);
  registry.fail(limited);
  const error = await failureOf(pull("a/b").listReferrers(subject.digest, options));
  assert.equal(error.code, "rate_limited");
});

test("Repository.listReferrers() with warn takes a refused fallback tag for none", async () => {
  await using registry = await startRegistry({ referrers: false });
  const { subject } = await putReferred(registry, 1);
  registry.fail({ path: "/manifests/sha256-", times: 9, action: { status: 403 } });
  const warnings: string[] = [];
  const repository = (await openSide(registry.host)).pull("a/b");
  const options = { warn: (message: string) => void warnings.push(message) };
  assert.deepEqual(await repository.listReferrers(subject.digest, options), []);
  assert.match(warnings.join(), /403.*may be missing in the copy$/);
  assert.equal((await failureOf(repository.listReferrers(subject.digest))).code, "denied");
});

test("Repository.recordReferrers() writes the fallback index where the API stays empty", async () => {
  await using registry = await startRegistry({ referrers: false });
  const { subject } = await putReferred(registry, 0);
  const { descriptor } = await putImage(registry, "a/b", { seed: 2, subject });
  const body = '{"schemaVersion":2,"manifests":[]}';
  registry.fail({ path: "/referrers/", times: 9, action: { status: 200, body } });
  const repository = (await openSide(registry.host)).push("a/b");
  assert.equal(await repository.recordReferrers(subject.digest, [descriptor]), true);
  assert.ok(registry.getManifest("a/b", referrersTag(subject.digest)));
});

test("Repository.recordReferrers() keeps all fields of the fallback index", async () => {
  await using registry = await startRegistry({ referrers: false });
  const { subject, referrers } = await putReferred(registry, 1);
  const { descriptor } = await putImage(registry, "a/b", { seed: 2, subject });
  const tag = referrersTag(subject.digest);
  const entry = { ...referrers[0], "x-entry": 1 };
  const rest = { schemaVersion: 2, mediaType: OCI_INDEX, annotations: { a: "b" }, "x-index": [2] };
  await registry.putManifest("a/b", { ...rest, manifests: [entry] }, OCI_INDEX, [tag]);
  const repository = (await openSide(registry.host)).push("a/b");
  assert.equal(await repository.recordReferrers(subject.digest, [descriptor]), true);
  const written = new TextDecoder().decode(registry.getManifest("a/b", tag)?.bytes);
  assert.deepEqual(JSON.parse(written), { ...rest, manifests: [entry, descriptor] });
});
