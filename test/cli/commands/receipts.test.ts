import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManifestReceipts } from "../../../src/receipts/list_receipts.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { DIGEST, fixture, putFixture } from "../../admission/support.ts";
import { newKey, receiptsOf } from "../../receipts/support.ts";
import { putImage, putIndex, putReferrer } from "../../support/image.ts";
import { startPair } from "../../support/pair.ts";
import type { Pair } from "../../support/pair.ts";
import { startRegistry } from "../../support/registry.ts";
import type { EmbeddedRegistry } from "../../support/registry.ts";
import { engineCli } from "../engine_cli.ts";

const KEY = newKey();
const OTHER = newKey();
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PLATFORMS = ["linux/amd64", "linux/arm64"];
const FILES = {
  "key.pem": KEY.privateKey,
  "key.pub": KEY.publicKey,
  "other.pub": OTHER.publicKey,
  "rsa.pem": "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n",
  "text": "c2VjcmV0",
};

interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...args: readonly string[]): Promise<Result> {
  const { exitCode, stdout, stderr } = await engineCli({ files: FILES }).run(...args);
  return { exitCode, stdout, stderr };
}

/** The result as JSON, and the exit code. */
async function runJson(
  ...args: readonly string[]
): Promise<{ exitCode: number; image: string; manifests: ManifestReceipts[] }> {
  const { exitCode, stdout, stderr } = await run("receipts", "--json", ...args);
  assert.equal(stderr, "");
  return { exitCode, ...JSON.parse(stdout) };
}

interface Copied extends Pair {
  readonly digest: Digest;
  /** `registry/app` of the copy. */
  readonly name: string;
}

/** A copy of an image with its receipt. */
async function startCopied(): Promise<Copied> {
  const pair = await startPair({ engine: { receipts: receiptsOf(KEY) } });
  const { descriptor: { digest } } = await putImage(pair.source, "app", { tag: "1" });
  const name = `${pair.destination.host}/app`;
  await pair.engine.copy({ source: `${pair.source.host}/app:1`, destination: name });
  return { ...pair, digest, name };
}

const statesOf = ({ receipts }: ManifestReceipts): string[] => receipts.map(({ state }) => state);

test("crossdock receipts shows a valid receipt, and exits with 0", async () => {
  await using copied = await startCopied();
  const { name, digest, source } = copied;
  const { exitCode, stdout, stderr } = await run("receipts", "--key", "key.pub", `${name}:1`);
  assert.equal(exitCode, 0, stderr);
  const lines = stdout.split("\n");
  assert.deepEqual(lines.slice(0, 3), [`image      ${name}:1@${digest}`, "", digest]);
  assert.match(lines[3] ?? "", new RegExp(`^  valid     ${name}@sha256:[0-9a-f]{64}$`));
  assert.deepEqual(lines.slice(4, 6), [
    `  copy of   ${source.host}/app:1@${digest}`,
    `  in        ${name}`,
  ]);
  assert.match(lines[6] ?? "", /^ {2}at {8}\d{4}-\d\d-\d\dT/);
  assert.deepEqual(lines.slice(7), [""]);
});

test("crossdock receipts --json has each manifest of an index, the index first", async () => {
  await using pair = await startPair({ engine: { receipts: receiptsOf(KEY) } });
  const index = await putIndex(pair.source, "app", { tag: "1", platforms: PLATFORMS });
  const name = `${pair.destination.host}/app`;
  await pair.engine.copy({ source: `${pair.source.host}/app:1`, destination: name });
  const { exitCode, image, manifests } = await runJson("--key", "key.pub", `${name}:1`);
  assert.deepEqual([exitCode, image], [0, `${name}:1@${index.descriptor.digest}`]);
  assert.equal(manifests[0]?.digest, index.descriptor.digest);
  assert.deepEqual(
    manifests.map(({ digest }) => digest).toSorted(),
    [index.descriptor, ...index.images.map(({ descriptor }) => descriptor)]
      .map(({ digest }) => digest).toSorted(),
  );
  assert.deepEqual(manifests.map(({ isProven }) => isProven), [true, true, true]);
  const child = index.images[0]?.descriptor.digest;
  const one = await runJson("--key", "key.pub", `${name}@${child}`);
  assert.deepEqual(one.manifests.map(({ digest }) => digest), [child]);
});

test("crossdock receipts exits with 15 if one manifest of an index has no receipt", async () => {
  await using pair = await startPair({ engine: { receipts: receiptsOf(KEY) } });
  const index = await putIndex(pair.source, "app", { tag: "1", platforms: PLATFORMS });
  const name = `${pair.destination.host}/app`;
  // The receipt of the last manifest, which is the index, is not put.
  pair.destination.fail({
    method: "PUT",
    path: "/manifests/sha256:",
    after: 4,
    action: { status: 403 },
  });
  await assert.rejects(
    pair.engine.copy({ source: `${pair.source.host}/app:1`, destination: name }),
  );
  const { exitCode, manifests } = await runJson("--key", "key.pub", `${name}:1`);
  assert.equal(exitCode, 15);
  const missing = manifests.filter(({ isProven }) => !isProven).map(({ digest }) => digest);
  assert.deepEqual(missing, [index.descriptor.digest]);
});

test("crossdock receipts without a key lists receipts as unchecked, and says how to check them", async () => {
  await using copied = await startCopied();
  const { exitCode, stdout } = await run("receipts", `${copied.name}:1`);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^ {2}unchecked /m);
  assert.match(stdout, /name the signer's public key by --key/);
  const { manifests: [image] } = await runJson(`${copied.name}:1`);
  assert.equal(image && "isProven" in image, false);
});

test("crossdock receipts of an image without receipts", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "app", { tag: "1" });
  const name = `${registry.host}/app:1`;
  const listed = await run("receipts", name);
  assert.equal(listed.exitCode, 0);
  assert.match(listed.stdout, /^ {2}missing {3}it has no receipt$/m);
  assert.equal((await run("receipts", "--key", "key.pub", name)).exitCode, 15);
});

test("crossdock receipts rejects those of another signer", async () => {
  await using copied = await startCopied();
  const { exitCode, stdout } = await run("receipts", "--key", "other.pub", `${copied.name}:1`);
  assert.equal(exitCode, 15);
  assert.match(stdout, /^ {2}rejected /m);
  assert.match(stdout, /^ {2}reason {4}it names another key: /m);
});

/** The text of the only bundle of a repository. */
async function readBundle(registry: EmbeddedRegistry, repository: string): Promise<string> {
  for (const digest of registry.blobs(repository)) {
    const text = new TextDecoder().decode(await registry.getBlob(repository, digest));
    if (text.includes("dsseEnvelope")) return text;
  }
  assert.fail("there is no bundle");
}

interface Payload {
  subject: { name: string; digest: Record<string, string> }[];
  predicate: { source: { name: string }; policy?: object };
}

/** A bundle whose statement was changed after it was signed. */
function tamper(bundle: string, change: (payload: Payload) => void): string {
  const json = JSON.parse(bundle);
  const payload: Payload = JSON.parse(atob(json.dsseEnvelope.payload));
  change(payload);
  json.dsseEnvelope.payload = btoa(JSON.stringify(payload));
  return JSON.stringify(json);
}

const FORGED: [name: string, change: (bundle: string) => string, reason: RegExp][] = [
  [
    "with another source",
    (bundle) => tamper(bundle, (one) => one.predicate.source.name = "trusted.example/app:1"),
    /signature/i,
  ],
  [
    "of another digest",
    (bundle) =>
      tamper(
        bundle,
        (one) => one.subject.forEach(({ digest }) => digest["sha256"] = "0".repeat(64)),
      ),
    /it signs another digest/,
  ],
  [
    "of another key in its hint",
    (bundle) => bundle.replace(/"hint":"[^"]*"/, `"hint":"${"A".repeat(43)}="`),
    /it names another key/,
  ],
  ["that is no JSON", () => "{", /it is not JSON/],
  ["that is no bundle", () => "{}", /read the bundle/],
  ["that is empty", () => "", /it is not JSON/],
];

for (const [name, change, reason] of FORGED) {
  test(`crossdock receipts rejects a bundle ${name}`, async () => {
    await using copied = await startCopied();
    const bundle = await readBundle(copied.destination, "app");
    await using registry = await startRegistry();
    const { descriptor } = await putImage(registry, "app", { tag: "1" });
    assert.equal(descriptor.digest, copied.digest);
    const payload = change(bundle);
    await putReferrer(registry, "app", descriptor, { artifactType: BUNDLE, payload });
    const args = ["--key", "key.pub", "--name", copied.name, `${registry.host}/app:1`];
    const { exitCode, manifests: [image] } = await runJson(...args);
    assert.equal(exitCode, 15);
    assert.deepEqual(image?.receipts.map(({ state }) => state), ["rejected"]);
    assert.match(image?.receipts[0]?.reason ?? "", reason);
  });
}

test("crossdock receipts rejects a receipt of another image, and one about another name", async () => {
  await using copied = await startCopied();
  const payload = await readBundle(copied.destination, "app");
  await using registry = await startRegistry();
  const same = await putImage(registry, "same", { tag: "1" });
  const other = await putImage(registry, "other", { tag: "1", seed: 2 });
  await putReferrer(registry, "same", same.descriptor, { artifactType: BUNDLE, payload });
  await putReferrer(registry, "other", other.descriptor, { artifactType: BUNDLE, payload });
  const moved = await run("receipts", "--key", "key.pub", `${registry.host}/other:1`);
  assert.equal(moved.exitCode, 15);
  assert.match(moved.stdout, /^ {2}reason {4}it signs another digest$/m);
  const renamed = await run("receipts", "--key", "key.pub", `${registry.host}/same:1`);
  assert.equal(renamed.exitCode, 15);
  assert.ok(
    renamed.stdout.includes(
      `  reason    it is about ${copied.name}, expected ${registry.host}/same\n`,
    ),
    renamed.stdout,
  );
  const args = ["--key", "key.pub", "--name", copied.name, `${registry.host}/same:1`];
  assert.equal((await run("receipts", ...args)).exitCode, 0);
});

test("crossdock receipts leaves signatures and other attestations out", async () => {
  await using registry = await startRegistry();
  for (const name of ["p256", "keyless"]) await putFixture(registry, fixture(name), "app");
  const { mediaType = "", bytes } = registry.getManifest("app", "1") ?? assert.fail();
  const subject = { mediaType, digest: DIGEST as Digest, size: bytes.length };
  const artifactType = "application/vnd.cncf.notary.signature";
  await putReferrer(registry, "app", subject, { artifactType, payload: "{}" });
  const { manifests: [image] } = await runJson("--key", "key.pub", `${registry.host}/app:1`);
  assert.deepEqual(image && statesOf(image), []);
});

test("crossdock receipts quotes a pattern that is not encoded, and no control characters", async () => {
  await using registry = await startRegistry();
  const { descriptor } = await putImage(registry, "app", { tag: "1" });
  const digest = { sha256: descriptor.digest.slice(7) };
  const payload = JSON.stringify({
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint: "" } },
    dsseEnvelope: {
      payloadType: "application/vnd.in-toto+json",
      payload: btoa(JSON.stringify({
        _type: "https://in-toto.io/Statement/v1",
        subject: [{ name: "a.example/\x1b[2J", digest }],
        predicateType: "https://slsa.dev/verification_summary/v1",
        predicate: {
          policy: { uri: "urn:crossdock:admission:%" },
          inputAttestations: [],
          "urn:crossdock:receipt:source": { name: "b.example/c:1", digest, copiedAt: "now" },
        },
      })),
      signatures: [{ sig: "MA==" }],
    },
  });
  await putReferrer(registry, "app", descriptor, { artifactType: BUNDLE, payload });
  const { exitCode, stdout } = await run("receipts", `${registry.host}/app:1`);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^ {2}policy {4}urn:crossdock:admission:%$/m);
  assert.ok(!stdout.includes("\x1b"));
});

test("crossdock receipts refuses more bundles than it reads", async () => {
  await using registry = await startRegistry();
  const { descriptor } = await putImage(registry, "app", { tag: "1" });
  for (let i = 0; i < 65; i++) {
    await putReferrer(registry, "app", descriptor, { artifactType: BUNDLE, payload: `${i}` });
  }
  const { exitCode, stderr } = await run("receipts", "--key", "key.pub", `${registry.host}/app:1`);
  assert.notEqual(exitCode, 0);
  assert.match(stderr, /has 65 bundles, expected at most 64/);
});

test("crossdock receipts names a tag that is missing", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "app", { tag: "1.4" });
  const { exitCode, stderr } = await run("receipts", `${registry.host}/app:1.5`);
  assert.equal(exitCode, 4);
  assert.match(stderr, /1\.5.* not found/);
});

const WRONG_KEYS: [name: string, file: string, message: RegExp][] = [
  ["a private key", "key.pem", /^error: --key key\.pem: expected one public key in PEM$/m],
  ["text", "text", /^error: --key text: expected one public key in PEM$/m],
  ["no file", "none.pub", /^error: --key none\.pub: file not found$/m],
];

for (const [name, file, message] of WRONG_KEYS) {
  test(`crossdock receipts --key refuses ${name}`, async () => {
    const { exitCode, stderr } = await run("receipts", "--key", file, "a.example/b:1");
    assert.equal(exitCode, 2);
    assert.match(stderr, message);
    assert.ok(
      !stderr.includes(KEY.privateKey.split("\n")[1] ?? "-") && !stderr.includes(FILES.text),
    );
  });
}

test("crossdock receipts reads the receipts of --referrer-source", async () => {
  await using pair = await startPair({ engine: { receipts: receiptsOf(KEY) } });
  await putImage(pair.source, "app", { tag: "1" });
  const destination = `${pair.destination.host}/app`;
  const referrers = `${pair.destination.host}/signatures`;
  await pair.engine.copy({
    source: `${pair.source.host}/app:1`,
    destination,
    referrerDestination: referrers,
  });
  const args = ["--key", "key.pub", `${destination}:1`];
  assert.equal((await run("receipts", ...args)).exitCode, 15);
  assert.equal((await run("receipts", "--referrer-source", referrers, ...args)).exitCode, 0);
});

test("crossdock copy --receipt-key signs a receipt, and plan announces it", async () => {
  await using pair = await startPair();
  await putIndex(pair.source, "app", { tag: "1", platforms: PLATFORMS });
  const names = [`${pair.source.host}/app:1`, `${pair.destination.host}/app:1`];
  const plan = await run("plan", "--receipt-key", "key.pem", ...names);
  assert.equal(plan.stdout.match(/sign a receipt/g)?.length, 3, plan.stdout);
  const copy = await run("copy", "--receipt-key", "key.pem", ...names);
  assert.equal(copy.exitCode, 0, copy.stderr);
  assert.match(copy.stdout, /^receipts {3}3 signed$/m);
  assert.equal((await run("receipts", "--key", "key.pub", names[1] ?? "")).exitCode, 0);
  const again = await run("copy", "--receipt-key", "key.pem", ...names);
  assert.match(again.stdout, /^unchanged/);
  assert.doesNotMatch(again.stdout, /receipts/);
});

test("crossdock copy --all-tags --receipt-key signs a receipt for each tag", async () => {
  await using pair = await startPair();
  for (const [seed, tag] of ["1", "2"].entries()) await putImage(pair.source, "app", { tag, seed });
  const [source, destination] = [`${pair.source.host}/app`, `${pair.destination.host}/app`];
  const args = ["copy", "--all-tags", "--receipt-key", "key.pem", source, destination];
  const { exitCode, stderr } = await run(...args);
  assert.equal(exitCode, 0, stderr);
  for (const tag of ["1", "2"]) {
    const checked = await run("receipts", "--key", "key.pub", `${destination}:${tag}`);
    assert.equal(checked.exitCode, 0, checked.stdout);
  }
});

test("crossdock sync signs receipts by the key of the file, and once more names what failed", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  const [source, target] = [`${pair.source.host}/app`, `${pair.destination.host}/app`];
  const rule = { name: "app", type: "repository", source, target };
  const receipt = { key: '{{ env "RECEIPT_KEY" }}' };
  const defaults = { skipDockerConfig: true };
  const file = JSON.stringify({ receipt, defaults, sync: [rule] });
  const cli = engineCli({
    files: { ...FILES, "crossdock.yaml": file },
    env: { RECEIPT_KEY: KEY.privateKey },
  });
  pair.destination.fail({ method: "PUT", path: "/manifests/sha256:", action: { status: 403 } });
  const failed = await cli.run("sync");
  assert.equal(failed.exitCode, 14, failed.stderr);
  assert.match(
    failed.stdout + failed.stderr,
    /: the image is copied, and its receipt is not: .* 403/,
  );
  const { exitCode, stdout, stderr } = await cli.run("sync");
  assert.equal(exitCode, 0, stderr);
  assert.doesNotMatch(failed.stdout + failed.stderr + stdout + stderr, /PRIVATE KEY/);
  assert.equal((await run("receipts", "--key", "key.pub", `${target}:1`)).exitCode, 0);
});

test("crossdock copy names the receipt that failed", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  pair.destination.fail({ method: "PUT", path: "/manifests/sha256:", action: { status: 403 } });
  const names = [`${pair.source.host}/app:1`, `${pair.destination.host}/app:1`];
  const { exitCode, stderr } = await run("copy", "--receipt-key", "key.pem", ...names);
  assert.notEqual(exitCode, 0);
  assert.match(
    stderr,
    new RegExp(`receipt of sha256:[0-9a-f]{64} in ${pair.destination.host}/app`),
  );
});

const WRONG_RECEIPT_KEYS: [name: string, args: string[], message: RegExp][] = [
  [
    "a public key",
    ["key.pub"],
    /--receipt-key key\.pub: expected the private key, got the public one/,
  ],
  ["another format", ["rsa.pem"], /--receipt-key rsa\.pem: the private key is not PKCS #8/],
  ["text", ["text"], /--receipt-key text: expected one private key in PEM/],
  ["no file", ["none.pem"], /--receipt-key none\.pem: file not found/],
  [
    "a key in KMS by an alias",
    ["awskms:///alias/a"],
    /--receipt-key awskms:\/\/\/alias\/a: expected awskms:\/\/\//,
  ],
  [
    "a key in KMS without an access key",
    ["awskms:///arn:aws:kms:eu-west-1:111122223333:key/1"],
    /a key in AWS KMS needs an access key\nhint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/,
  ],
  [
    "a server",
    ["key.pem", "--via", "https://crossdock.example"],
    /--receipt-key cannot be combined with --via: the server uses its own .* keys/,
  ],
  ["a folder as destination", ["key.pem"], /--receipt-key needs a registry as destination/],
];

for (const [name, args, message] of WRONG_RECEIPT_KEYS) {
  for (const command of ["copy", "plan"]) {
    test(`crossdock ${command} --receipt-key refuses ${name}`, async () => {
      const destination = name.startsWith("a folder")
        ? "oci:/tmp/crossdock-none:1"
        : "b.example/app:1";
      const names = ["a.example/app:1", destination];
      const { exitCode, stderr } = await run(command, "--receipt-key", ...args, ...names);
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, message);
      assert.ok(!stderr.includes("c2VjcmV0"), stderr);
    });
  }
}
