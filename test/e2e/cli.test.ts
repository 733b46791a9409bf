/** The program as its users run it: a process of its own, between registries that listen. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";
import { runCrossdock, startCrossdock } from "../support/run_crossdock.ts";
import { until } from "../support/until.ts";

/** A device on Linux to which no write succeeds. */
const FULL = "/dev/full";

/** Two registries that are gone at the end of the block. */
interface Pair extends AsyncDisposable {
  readonly a: RunningRegistry;
  readonly b: RunningRegistry;
}

async function startPair(options: RegistryOptions = {}): Promise<Pair> {
  const a = await startRegistry();
  const b = await startRegistry(options);
  return {
    a,
    b,
    async [Symbol.asyncDispose](): Promise<void> {
      await a.close();
      await b.close();
    },
  };
}

test("crossdock copies an index with a signature and an SBOM, plans, verifies, and finds nothing to do again", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  const { descriptor } = await putIndex(a, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
    tag: "1",
  });
  await putReferrer(a, "app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  await putCosignSignature(a, "app", descriptor.digest);
  const source = `docker://${a.host}/app:1`;
  const destination = `${b.host}/copy/app:1`;

  const planned = await runCrossdock("plan", source, destination);
  assert.equal(planned.exitCode, 0, planned.stderr);
  assert.match(planned.stdout, /\nblobs\n.*\nmanifests\n.*\nreferrers\n.*\ntag\n/s);
  assert.equal(b.getManifest("copy/app", "1"), undefined);
  const missing = await runCrossdock("verify", source, destination);
  assert.notEqual(missing.exitCode, 0);

  const copied = await runCrossdock("copy", source, destination);
  assert.equal(copied.exitCode, 0, copied.stderr);
  assert.match(
    copied.stdout,
    new RegExp(`^copied .*@${descriptor.digest}\nto .*@${descriptor.digest}\n`),
  );
  assert.equal(copied.stderr, "");
  assert.equal(b.getManifest("copy/app", "1")?.digest, descriptor.digest);

  const again = await runCrossdock("copy", "--json", source, destination);
  assert.equal(again.exitCode, 0, again.stderr);
  const report = JSON.parse(again.stdout);
  assert.deepEqual([report.result, report.blobs.streamed, report.manifests], ["unchanged", 0, 0]);

  const equal = await runCrossdock("verify", source, destination);
  assert.match(equal.stdout, /^equal: /, equal.stderr);
  assert.equal(equal.exitCode, 0);
});

test("crossdock plans, copies and verifies referrers in repositories of their own", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  const { descriptor } = await putImage(a, "app", { tag: "1" });
  const referrer = await putReferrer(a, "signed", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  const { digest } = referrer.descriptor;
  const names = [`${a.host}/app:1`, `${b.host}/app:1`];
  const from = ["--referrer-source", `${a.host}/signed`];
  const to = ["--referrer-destination", `${b.host}/kept`];

  const planned = await runCrossdock("plan", ...from, ...to, ...names);
  assert.match(planned.stdout, /\nreferrers\n/, planned.stderr);
  const copied = await runCrossdock("copy", ...from, ...to, ...names);
  assert.equal(copied.exitCode, 0, copied.stderr);
  assert.ok(b.getManifest("kept", digest));
  assert.equal(b.getManifest("app", digest), undefined);

  const equal = await runCrossdock("verify", ...from, ...to, ...names);
  assert.match(equal.stdout, /^equal: .*1 referrer compared/, equal.stderr);
  assert.equal(equal.exitCode, 0);
  const lacking = await runCrossdock("verify", ...from, ...names);
  assert.equal(lacking.exitCode, 12, lacking.stderr);
  assert.match(lacking.stdout, new RegExp(`^missing {4}referrer ${digest} \\(SBOM\\)\n`));
});

for (const type of ["basic", "bearer"] as const) {
  test(`crossdock copy sends --src-creds to no other registry of referrers: ${type}`, async () => {
    await using pair = await startPair({ auth: { type, users: { me: "s3cret" } } });
    await using third = await startRegistry({ auth: { type, users: { me: "s3cret" } } });
    const { a, b } = pair;
    await putImage(a, "app", { tag: "1" });
    const { exitCode, stderr } = await runCrossdock(
      "copy",
      ...["--dest-creds", "me:s3cret", "--referrer-destination", `${third.host}/kept`],
      ...["--src-creds", "me:s3cret", "--referrer-source", `${third.host}/signed`],
      `${a.host}/app:1`,
      `${b.host}/app:1`,
    );
    assert.equal(exitCode, 3, stderr);
    assert.match(stderr, /\nhint: .*--src-creds: given for 127\.0\.0\.1:\d+; ~\/\.docker/);
    assert.ok(third.requests.length > 0);
    assert.ok(third.requests.every(({ headers }) => headers.get("authorization") === null));
  });
}

test("crossdock verify with the options of the copy finds that copy equal", async () => {
  await using pair = await startPair({ strictManifests: false });
  const { a, b } = pair;
  await putIndex(a, "app", { platforms: ["linux/amd64", "linux/arm64"], tag: "1" });
  const source = `${a.host}/app:1`;
  for (const index of ["rebuild", "sparse", "unwrap"]) {
    const options = ["--platform", "linux/amd64", "--index", index];
    const names = [source, `${b.host}/${index}/app`];
    const copied = await runCrossdock("copy", ...options, ...names);
    assert.equal(copied.exitCode, 0, copied.stderr);
    const verified = await runCrossdock("verify", ...options, ...names);
    assert.equal(verified.exitCode, 0, verified.stdout + verified.stderr);
    const whole = await runCrossdock("verify", ...names);
    assert.equal(whole.exitCode, 12, whole.stdout + whole.stderr);
  }
});

test("crossdock verify lists what a copy lacks", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  await putImage(a, "app", { tag: "1" });
  const { descriptor } = await putImage(a, "app", { tag: "2", seed: 2 });
  await putImage(b, "app", { tag: "2", seed: 3 });
  const { exitCode, stdout, stderr } = await runCrossdock(
    "verify",
    `${a.host}/app:2`,
    `${b.host}/app:2`,
  );
  assert.equal(exitCode, 12, stderr);
  assert.match(stdout, new RegExp(`${descriptor.digest}`));
});

test("crossdock inspect and tags show the content of a registry", async () => {
  await using pair = await startPair();
  const { a } = pair;
  const { descriptor, layers } = await putImage(a, "app", { tag: "1", platform: "linux/arm64" });
  a.setTag("app", "latest", descriptor.digest);
  const inspected = await runCrossdock("inspect", `${a.host}/app:1`);
  assert.equal(inspected.exitCode, 0, inspected.stderr);
  assert.match(inspected.stdout, /image linux\/arm64/);
  assert.match(inspected.stdout, new RegExp(layers[0]?.digest.slice(0, 19) ?? ""));
  const tags = await runCrossdock("tags", `${a.host}/app`);
  assert.deepEqual([tags.exitCode, tags.stdout], [0, "1\nlatest\n"], tags.stderr);
});

test("crossdock auth distinguishes right, wrong and missing credentials", async () => {
  await using pair = await startPair({ auth: { type: "basic", users: { me: "s3cret" } } });
  const { b } = pair;
  const right = await runCrossdock({ input: "me:s3cret\n" }, "auth", "--creds-fd", "0", b.host);
  assert.equal(right.exitCode, 0, right.stderr);
  assert.match(right.stdout, /accepts the credential\ncredential {2}--creds-fd 0\n/);
  const wrong = await runCrossdock(
    { env: { CREDS: "me:wr0ng" } },
    "auth",
    "--creds-env",
    "CREDS",
    b.host,
  );
  assert.equal(wrong.exitCode, 3, wrong.stderr);
  assert.match(wrong.stdout, /rejects the credential\ncredential {2}--creds-env CREDS\n/);
  const none = await runCrossdock("auth", b.host);
  assert.equal(none.exitCode, 3, none.stderr);
  assert.match(none.stdout, /requires one\nsearched {4}~\/\.docker\/config\.json: not found\n/);
  for (const { stdout, stderr } of [right, wrong, none]) {
    assert.doesNotMatch(stdout + stderr, /s3cret|wr0ng/);
  }
});

for (const type of ["basic", "bearer"] as const) {
  test(`crossdock copy names the side of a missing credential, and the places that it searched: ${type}`, async () => {
    await using pair = await startPair({ auth: { type, users: { me: "s3cret" } } });
    const { a, b } = pair;
    await putImage(a, "app", { tag: "1" });
    const names = [`${a.host}/app:1`, `${b.host}/app:1`];
    const { exitCode, stderr } = await runCrossdock("copy", ...names);
    assert.equal(exitCode, 3, stderr);
    assert.match(stderr, /^error: destination: .*401/);
    assert.match(stderr, /\nhint: .*~\/\.docker\/config\.json: not found/);
    const given = await runCrossdock("copy", "--dest-creds", "me:s3cret", ...names);
    assert.equal(given.exitCode, 0, given.stderr);
  });
}

test("crossdock auth prints its retries, with the registry", async () => {
  await using pair = await startPair();
  const { a } = pair;
  a.fail({ path: "/v2/", action: { status: 503, headers: { "retry-after": "0" } } });
  const { exitCode, stderr } = await runCrossdock("auth", a.host);
  assert.equal(exitCode, 0);
  assert.match(stderr, new RegExp(`^retry 1 in \\d+ ms: ${a.host}: check access to .*503`));
});

test("crossdock copy of a missing image exits with 4 and copies nothing", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  const { exitCode, stdout, stderr } = await runCrossdock(
    "copy",
    `${a.host}/app:1`,
    `${b.host}/app:1`,
  );
  assert.equal(exitCode, 4, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /^error: source: .*app:1/);
});

test("crossdock copy of a malformed name ends with 2 and sends nothing", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  const { exitCode, stderr } = await runCrossdock("copy", `${a.host}/App:1`, `${b.host}/app:1`);
  assert.equal(exitCode, 2);
  assert.match(stderr, /^error: .*upper-case.*\nhint: .*\n$/);
  assert.equal(a.count() + b.count(), 0);
});

test("crossdock copy exits with 8 if the connection is refused", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  await putImage(a, "app", { tag: "1" });
  await b.close();
  const { exitCode, stderr } = await runCrossdock("copy", `${a.host}/app:1`, `${b.host}/app:1`);
  assert.equal(exitCode, 8, stderr);
  assert.match(stderr, /^error: destination: /);
});

test("crossdock tags ends quietly when its reader goes away", async () => {
  await using pair = await startPair();
  const { a } = pair;
  const { descriptor } = await putImage(a, "app");
  for (let i = 0; i < 20_000; i++) {
    a.setTag("app", `tag-${i}-${"x".repeat(100)}`, descriptor.digest);
  }
  const running = startCrossdock({}, "tags", `${a.host}/app`);
  running.closeStdoutAfterFirstChunk();
  const { exitCode, stderr } = await running.exit;
  assert.deepEqual([exitCode, stderr], [141, ""]);
});

for (const argv of [["--help"], ["--version"], ["tags"]] as const) {
  test(
    `crossdock ${argv[0]} names a stdout that is full`,
    { skip: !existsSync(FULL) },
    async () => {
      await using pair = await startPair();
      await putImage(pair.a, "app", { tag: "1" });
      const names = argv[0] === "tags" ? [`${pair.a.host}/app`] : [];
      const { exitCode, stderr } = await runCrossdock({ stdoutPath: FULL }, ...argv, ...names);
      assert.equal(exitCode, 2);
      assert.match(stderr, /^error: write to stdout: no space left on the device\nhint: /);
    },
  );
}

test("crossdock copy copies although stderr is full", { skip: !existsSync(FULL) }, async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  await putImage(a, "app", { tag: "1" });
  // The retry is printed while the copy runs.
  a.fail({ path: "/manifests/1", action: { status: 503, headers: { "retry-after": "0" } } });
  const names = [`${a.host}/app:1`, `${b.host}/app:1`];
  const { exitCode } = await runCrossdock({ stderrPath: FULL }, "copy", ...names);
  assert.equal(exitCode, 0);
  assert.deepEqual(b.tags("app"), ["1"]);
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`crossdock copy stops both sides at ${signal} and moves no tag`, async () => {
    await using pair = await startPair();
    const { a, b } = pair;
    const { layers } = await putImage(a, "app", { tag: "1", layerBytes: 300_000 });
    a.fail({ path: `blobs/${layers[0]?.digest}`, action: { hangAfterBytes: 100_000 } });
    const running = startCrossdock({}, "copy", `${a.host}/app:1`, `${b.host}/app:1`);
    await until(
      "the layer has begun",
      () =>
        a.requests.some(({ path, responseBytes }) =>
          path.endsWith(layers[0]?.digest ?? "none") && responseBytes >= 100_000
        ),
    );
    running.send(signal);
    const { exitCode, stdout, stderr } = await running.exit;
    assert.equal(stderr, "stopped: the destination tag was not moved\n");
    assert.deepEqual([exitCode, stdout], [code, ""]);
    assert.deepEqual(b.tags("app"), []);
  });
}
