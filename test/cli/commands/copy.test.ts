import assert from "node:assert/strict";
import { test } from "node:test";
import { putCosignSignature, putImage, putReferrer } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import type { RunningRegistry } from "../../support/registry.ts";
import { engineCli } from "../engine_cli.ts";
import { fakeCli } from "../fake_cli.ts";

/** A source with three tags, of which the destination has one, and another image at the second. */
async function startTagged(): Promise<
  { a: RunningRegistry; b: RunningRegistry } & AsyncDisposable
> {
  const a = await startRegistry();
  const b = await startRegistry();
  for (const [seed, tag] of ["1", "2", "3"].entries()) await putImage(a, "app", { tag, seed });
  await putImage(b, "app", { tag: "1", seed: 0 });
  await putImage(b, "app", { tag: "2", seed: 9 });
  return {
    a,
    b,
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([a.close(), b.close()]);
    },
  };
}

const digests = (registry: RunningRegistry): unknown[] =>
  ["1", "2", "3"].map((tag) => registry.getManifest("app", tag)?.digest);

test("crossdock copy --all-tags copies every tag, with signatures", async () => {
  await using registries = await startTagged();
  const { a, b } = registries;
  const { tag } = await putCosignSignature(
    a,
    "app",
    a.getManifest("app", "3")?.digest ?? "sha256:",
  );
  const names = [`${a.host}/app`, `${b.host}/app`];
  const { exitCode, stdout, stderr } = await engineCli().run("copy", "--all-tags", ...names);
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(digests(b), digests(a));
  assert.ok(b.getManifest("app", tag));
  assert.match(stdout, /^unchanged .*\/app:1 /m);
  assert.match(stdout, /^copied .*\/app:2 /m);
  assert.match(stdout, /^tags +1 unchanged, 3 copied$/m);
});

test("crossdock copy --all-tags --dry-run writes nothing and names what it would copy", async () => {
  await using registries = await startTagged();
  const { a, b } = registries;
  b.clearRequests();
  const names = [`${a.host}/app`, `${b.host}/app`];
  const { stdout } = await engineCli().run("copy", "--all-tags", "--dry-run", ...names);
  assert.match(stdout, /^would-copy .*\/app:2 /m);
  assert.equal(b.count({ method: "PUT" }) + b.count({ method: "POST" }), 0);
});

test("crossdock copy --all-tags --missing and --if-exists skip keep tags of the destination", async () => {
  for (const flags of [["--missing"], ["--if-exists", "skip"]]) {
    await using registries = await startTagged();
    const { a, b } = registries;
    const [, before] = digests(b);
    const names = [`${a.host}/app`, `${b.host}/app`];
    const { exitCode, stdout } = await engineCli().run("copy", "--all-tags", ...flags, ...names);
    assert.equal(exitCode, 0);
    assert.equal(digests(b)[1], before);
    assert.equal(digests(b)[2], digests(a)[2]);
    assert.match(stdout, /^copied .*\/app:3 /m);
  }
});

test("crossdock copy --all-tags --json prints the report of a sync", async () => {
  await using registries = await startTagged();
  const { a, b } = registries;
  const names = [`${a.host}/app`, `${b.host}/app`];
  const { stdout } = await engineCli().run("copy", "--all-tags", "--json", "--fast", ...names);
  const { result, rules } = JSON.parse(stdout);
  assert.equal(result, "ok");
  assert.deepEqual(rules[0].tags.map(({ result }: { result: string }) => result).sort(), [
    "copied",
    "copied",
    "unchanged",
  ]);
});

test("crossdock copy --all-tags fails for some tags with 13, for a missing repository with 14", async () => {
  await using registries = await startTagged();
  const { a, b } = registries;
  const flags = ["copy", "--all-tags", "--if-exists", "fail"];
  const some = await engineCli().run(...flags, `${a.host}/app`, `${b.host}/app`);
  assert.equal(some.exitCode, 13);
  assert.match(some.stderr, /hint: the tag was not moved; use --if-exists overwrite to move it/);
  const all = await engineCli().run(...flags, `${a.host}/none`, `${b.host}/app`);
  assert.equal(all.exitCode, 14);
});

test("crossdock copy --strict fails if a signature did not arrive", async () => {
  await using a = await startRegistry();
  await using b = await startRegistry();
  const { descriptor: subject } = await putImage(a, "app", { tag: "1" });
  const { descriptor } = await putReferrer(a, "app", subject, {
    artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    payload: "{}",
  });
  const names = [`${a.host}/app:1`, `${b.host}/app`];
  a.fail({ path: `/manifests/${descriptor.digest}`, action: { status: 404 }, times: 99 });
  const lacking = await engineCli().run("copy", "--strict", ...names);
  assert.equal(lacking.exitCode, 12);
  assert.match(lacking.stderr, /^error: lacks 1 of 1 signature \(1 not found at the source\)$/m);
  assert.ok(b.getManifest("app", "1"));
  const plain = await engineCli().run("copy", ...names);
  assert.equal(plain.exitCode, 0);
  a.clearFaults();
  const complete = await engineCli().run("copy", "--strict", ...names);
  assert.equal(complete.exitCode, 0, complete.stderr);
});

test("crossdock copy and plan name the additional tags", async () => {
  await using registries = await startTagged();
  const { a, b } = registries;
  const names = [`${a.host}/app:3`, `${b.host}/app:3,4,5`];
  const plan = await engineCli().run("plan", ...names);
  assert.match(plan.stdout, /\/app:3@sha256:.*\ntags {2}4, 5\n/);
  const copy = await engineCli().run("copy", ...names);
  assert.match(copy.stdout, /\/app:3@sha256:.*\nmore tags {2}4, 5\n/);
  assert.deepEqual(b.tags("app"), ["1", "2", "3", "4", "5"]);
});

const names = ["a.io/b", "c.io/d"];
const bad: [flags: string[], wanted: RegExp][] = [
  [["--missing", ...names], /^error: --missing requires --all-tags/],
  [["--strict", "--dry-run", ...names], /^error: --strict and --dry-run cannot be combined/],
  [["--strict", "--detach", ...names], /^error: --strict and --detach cannot be combined/],
  [["--all-tags", "a.io/b:1", "c.io/d"], /^error: .*it has a tag, expected a repository only/],
  [["--all-tags", "a.io/b", "c.io/d:1,2"], /^error: parse reference/],
  [["--all-tags", "a.io/b", "a.io/b"], /^error: --all-tags: source and destination are the same/],
  [["--all-tags", "a.io/b", "docker-archive:x.tar"], /^error: .* cannot keep several images/],
  [["--all-tags", "--additional-tag", "1", ...names], /^error: --all-tags and --additional-tag/],
  [["--all-tags", "--detach", ...names], /^error: --all-tags and --detach cannot be combined/],
  [["--all-tags", "--via", "https://x.io", ...names], /^error: --all-tags cannot be combined with/],
];
for (const [flags, wanted] of bad) {
  test(`crossdock copy ${flags.join(" ")} is rejected before any request`, async () => {
    const cli = fakeCli();
    const { exitCode, stderr } = await cli.run("copy", ...flags);
    assert.match(stderr, wanted);
    assert.equal(exitCode, 2);
    assert.deepEqual(cli.engines, []);
  });
}
