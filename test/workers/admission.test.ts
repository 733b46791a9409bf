/** The admission policy of the Worker as it is deployed, with the second Worker that verifies signatures, in a real workerd. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { KEYS, ROOT } from "../admission/fixtures.ts";
import { DIGEST, fixture, ISSUER, putFixture, WORKFLOW } from "../admission/support.ts";
import { startRegistry } from "../support/registry.ts";
import { until } from "../support/until.ts";
import { startCrossdock } from "./support.ts";

const source = await startRegistry();
const destination = await startRegistry();
after(() => Promise.all([source.close(), destination.close()]));

const NAMES = ["p256", "p384", "p521", "rsa", "keyless", "legacy-p256", "legacy-keyless", "app"];
for (const name of [...NAMES, "embedded"]) await putFixture(source, fixture(name), name);

const requirements = (name: string): object[] =>
  name.includes("keyless") || name === "embedded"
    ? [{ keyless: { issuer: ISSUER, identity: WORKFLOW } }]
    : [{ key: KEYS[name.replace("legacy-", "")] ?? KEYS["p256"] }];

const SECRET = "a-secret-of-the-sender";

/** JSON is YAML. */
const CONFIG = JSON.stringify({
  admission: [
    ...[...NAMES, "embedded"].map((name) => ({
      images: `${source.host}/${name}`,
      signatures: requirements(name),
    })),
    { images: `${source.host}/wrong`, signatures: requirements("p384") },
  ],
  sync: [
    {
      name: "mirror",
      source: `${source.host}/p256:1`,
      target: `${destination.host}/cron/p256:1`,
      type: "image",
      schedule: "* * * * *",
    },
    {
      name: "unsigned",
      source: `${source.host}/app:1`,
      target: `${destination.host}/cron/app:1`,
      type: "image",
      schedule: "* * * * *",
    },
  ],
  webhooks: { in: { plain: { kind: "bearer", secrets: [SECRET], place: source.host } } },
});
await putFixture(source, fixture("p256"), "wrong");

const variables = {
  CROSSDOCK_CONFIG: CONFIG,
  CROSSDOCK_SIGSTORE_ROOT: JSON.stringify(ROOT),
};
const worker = await startCrossdock({ variables, admission: true });
after(() => worker[Symbol.asyncDispose]());

function writes(repository: string): string[] {
  return destination.requests
    .filter(({ method, path }) =>
      !["GET", "HEAD"].includes(method) && path.includes(`/${repository}/`)
    )
    .map(({ method, path }) => `${method} ${path}`);
}

for (const name of NAMES.filter((name) => name !== "app")) {
  test(`POST /v1/admissions admits ${name}`, async () => {
    const body = { reference: `${source.host}/${name}:1` };
    const { status, json } = await worker.ask("POST", "/v1/admissions", body);
    assert.equal(status, 200, JSON.stringify(json));
    assert.deepEqual([json.result, json.digest], ["admitted", DIGEST], JSON.stringify(json));
  });
}

for (const name of ["app", "wrong", "embedded", "unknown"]) {
  test(`POST /v1/copies rejects ${name} before any write`, async () => {
    if (name === "unknown") await putFixture(source, fixture("p256"), name);
    const id = await worker.start({
      source: `${source.host}/${name}:1`,
      destination: `${destination.host}/${name}:1`,
    });
    // A durable copy.
    const copy = await worker.reach(id, "failed", "complete");
    assert.equal(copy.problem?.code, "rejected", JSON.stringify(copy));
    assert.deepEqual(writes(name), []);
  });
}

test("POST /v1/copies copies an image that the policy admits", async () => {
  const id = await worker.start({
    source: `${source.host}/keyless:1`,
    destination: `${destination.host}/keyless:1`,
  });
  const copy = await worker.reach(id, "failed", "complete");
  assert.equal(copy.report?.digest, DIGEST, JSON.stringify(copy));
  assert.equal(copy.report.admission?.result, "admitted");
});

test("POST /v1/steps performs no step that no policy has checked", async () => {
  const step = {
    type: "manifest",
    source: `${source.host}/app`,
    destination: `${destination.host}/steps`,
    descriptor: {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: DIGEST,
      size: 1,
    },
    tag: "1",
  };
  const { status, json } = await worker.ask("POST", "/v1/steps", step);
  assert.deepEqual([status, json.code], [403, "denied"]);
  assert.deepEqual(writes("steps"), []);
});

test("cron copies only images that the policy admits", async () => {
  await worker.tick();
  await until(
    "the signed image is copied",
    () => destination.getManifest("cron/p256", "1") !== undefined,
  );
  assert.deepEqual(writes("cron/app"), []);
});

test("a webhook copies only images that the policy admits", async () => {
  const before = destination.requests.length;
  for (const repository of ["app", "p256"]) {
    const response = await fetch(new URL("/hooks/plain", worker.url), {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${SECRET}` },
      body: JSON.stringify({ repository: `${source.host}/${repository}`, tag: "1" }),
    });
    assert.equal(response.status, 202, await response.text());
  }
  await until("the events are done", () => {
    const asked = destination.requests.slice(before).map(({ path }) => path);
    return ["app", "p256"].every((name) => asked.some((path) => path.includes(`/cron/${name}/`)));
  });
  assert.deepEqual(writes("cron/app"), []);
});

test("a Worker without the binding rejects every request if it has a policy", async () => {
  await using broken = await startCrossdock({ variables, durable: false });
  const { status, json } = await broken.ask("GET", "/readyz");
  assert.equal(status, 503);
  assert.match(json.detail, /admission: this host cannot verify signatures/);
});
