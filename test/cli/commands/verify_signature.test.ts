import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { KEYS } from "../../admission/fixtures.ts";
import { DIGEST, fixture, putFixture } from "../../admission/support.ts";
import { startRegistry } from "../../support/registry.ts";
import type { RunningRegistry } from "../../support/registry.ts";
import { runCrossdock } from "../../support/run_crossdock.ts";

interface Setup extends AsyncDisposable {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  /** A policy that requires the key p256, and the key itself. */
  readonly policy: string;
  readonly key: string;
}

async function setUp(): Promise<Setup> {
  const source = await startRegistry();
  const destination = await startRegistry();
  const folder = mkdtempSync(join(tmpdir(), "crossdock-"));
  const [key, policy] = [join(folder, "cosign.pub"), join(folder, "policy.yaml")];
  writeFileSync(key, KEYS["p256"] ?? "");
  writeFileSync(
    policy,
    `admission: [{ images: "**", signatures: [{ key: '{{ file "${key}" }}' }] }]\n`,
  );
  for (const name of ["p256", "rsa", "app"]) await putFixture(source, fixture(name), name);
  return {
    source,
    destination,
    policy,
    key,
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([source.close(), destination.close()]);
      rmSync(folder, { recursive: true });
    },
  };
}

test("crossdock verify-signature accepts the signer, and no other", async () => {
  await using setup = await setUp();
  const { source, key, policy } = setup;
  const signed = await runCrossdock("verify-signature", "--key", key, `${source.host}/p256:1`);
  assert.equal(signed.exitCode, 0, signed.stderr);
  assert.match(signed.stdout, new RegExp(`^admitted   ${source.host}/p256:1@${DIGEST}\n`));
  assert.match(
    signed.stdout,
    /^ +accepted +\S+@sha256:[0-9a-f]{64}\n +signed by key [0-9a-f]{16}\n$/m,
  );
  for (const name of ["rsa", "app"]) {
    const args = ["--policy", policy, "--json", `${source.host}/${name}:1`];
    const other = await runCrossdock("verify-signature", ...args);
    assert.equal(other.exitCode, 15, other.stderr);
    assert.equal(JSON.parse(other.stdout).result, "rejected");
  }
});

test("crossdock copy --policy writes nothing for an image that the policy rejects", async () => {
  await using setup = await setUp();
  const { source, destination, policy } = setup;
  for (const name of ["rsa", "app"]) {
    const names = [`${source.host}/${name}:1`, `${destination.host}/copy`];
    const { exitCode, stderr } = await runCrossdock("copy", "--policy", policy, ...names);
    assert.equal(exitCode, 15, stderr);
    assert.match(stderr, /the admission policy rejects .*\nhint: /);
  }
  const rejected = [`${source.host}/app:1`, `${destination.host}/copy`];
  const plan = await runCrossdock("plan", "--policy", policy, ...rejected);
  assert.equal(plan.exitCode, 15, plan.stderr);
  assert.match(plan.stdout, /^policy rejected: no signature was found$/m);
  const writes = destination.requests.filter(({ method }) => !["GET", "HEAD"].includes(method));
  assert.deepEqual(writes, []);
  const names = [`${source.host}/p256:1`, `${destination.host}/copy`];
  const { exitCode, stderr } = await runCrossdock("copy", "--policy", policy, ...names);
  assert.equal(exitCode, 0, stderr);
  assert.equal(destination.getManifest("copy", "1")?.digest, DIGEST);
});

test("crossdock copy --all-tags --policy writes nothing of rejected images", async () => {
  await using setup = await setUp();
  const { source, destination, policy } = setup;
  const args = ["--all-tags", "--policy", policy, `${source.host}/app`, `${destination.host}/copy`];
  const { exitCode, stdout } = await runCrossdock("copy", ...args);
  assert.equal(exitCode, 14, stdout);
  assert.match(stdout, /the admission policy rejects/);
  const writes = destination.requests.filter(({ method }) => !["GET", "HEAD"].includes(method));
  assert.deepEqual(writes, []);
});

test("crossdock verify-signature rejects a private key, and does not print it", async () => {
  await using setup = await setUp();
  const { source, key } = setup;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  for (const text of [pem, `${KEYS["p256"]}${KEYS["rsa"]}`]) {
    writeFileSync(key, text);
    const args = ["verify-signature", "--key", key, `${source.host}/p256:1`];
    const { exitCode, stderr } = await runCrossdock(...args);
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, /--key .*: expected one public key in PEM/);
    assert.ok(!stderr.includes(text.slice(40, 60)));
  }
});

test("crossdock verify-signature needs a signer", async () => {
  const { exitCode, stderr } = await runCrossdock("verify-signature", "localhost/a:1");
  assert.equal(exitCode, 2);
  assert.match(stderr, /expected --policy, --key, or --issuer and --identity/);
});

test("crossdock sync fails each tag that the policy of its file rejects", async () => {
  await using setup = await setUp();
  const { source, destination, key, policy } = setup;
  const rules = ["p256", "rsa"].map((name) =>
    `  - { source: "${source.host}/${name}:1", target: "${destination.host}/${name}:1", type: image }`
  );
  writeFileSync(
    policy,
    `admission: [{ images: "**", signatures: [{ key: '{{ file "${key}" }}' }] }]\nsync:\n${
      rules.join("\n")
    }\n`,
  );
  const args = ["sync", "--config", policy];
  const dry = await runCrossdock(...args, "--dry-run");
  assert.match(dry.stdout, /^failed .*\/rsa:1.*: source: the admission policy rejects/m);
  assert.deepEqual(destination.requests.filter(({ method }) => method === "PUT"), []);
  const { exitCode, stdout } = await runCrossdock(...args);
  assert.equal(exitCode, 13, stdout);
  assert.equal(destination.getManifest("p256", "1")?.digest, DIGEST);
  assert.equal(destination.getManifest("rsa", "1"), undefined);
  const status = await runCrossdock(...args, "--status");
  assert.match(status.stdout, /^missing .*\/rsa:1.*: source: the admission policy rejects/m);
});
