/** The admission policy of a server: by HTTP, by webhook and by schedule. test/workers/ has the same for a Worker. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { readAdmission } from "../../src/config/read_admission.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import { openServerAdmission } from "../../src/entries/open_server_admission.ts";
import { ParseError } from "../../src/errors.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { composeServer } from "../../src/server/compose.ts";
import type { ComposedServer } from "../../src/server/compose.ts";
import { KEYS, ROOT } from "../admission/fixtures.ts";
import type { FixtureRepository } from "../admission/fixtures.ts";
import { DIGEST, fixture, putFixture } from "../admission/support.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";

const SECRET = "a-secret-of-the-sender";
const REJECTED = ["app", "rsa", "tampered"];

interface Setup extends AsyncDisposable {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly server: ComposedServer;
  /** The work after responses. */
  readonly jobs: Promise<unknown>[];
}

async function setUp(): Promise<Setup> {
  const source = await startRegistry();
  const destination = await startRegistry();
  for (const name of ["p256", "app", "rsa"]) await putFixture(source, fixture(name), name);
  await putFixture(source, tamper(fixture("p256")), "tampered");
  const runtime = await createRuntime();
  const jobs: Promise<unknown>[] = [];
  const config = parseConfig({
    CROSSDOCK_OPEN: "true",
    CROSSDOCK_ALLOW_SOURCES: "**",
    CROSSDOCK_ALLOW_DESTINATIONS: "**",
    CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
    CROSSDOCK_LOG: "off",
    CROSSDOCK_SIGSTORE_ROOT: JSON.stringify(ROOT),
    CROSSDOCK_CONFIG: JSON.stringify({
      admission: [{ images: "**", signatures: [{ key: KEYS["p256"] }] }],
      sync: ["p256", ...REJECTED].map((name) => ({
        name,
        source: `${source.host}/${name}:1`,
        target: `${destination.host}/rule/${name}:1`,
        type: "image",
        backup: "old-{{ .Ref.Tag }}",
      })),
      webhooks: { in: { plain: { kind: "bearer", secrets: [SECRET], place: source.host } } },
    }),
  }, { readAdmission });
  const server = composeServer(config, {
    runtime,
    write: () => {},
    openAdmission: openServerAdmission(runtime),
    background: (job) => void jobs.push(job),
  });
  return {
    source,
    destination,
    server,
    jobs,
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([source.close(), destination.close()]);
    },
  };
}

/** Changes one character of each signature, and the manifests that name it. */
function tamper({ tags, manifests, blobs }: FixtureRepository): FixtureRepository {
  const renamed = new Map<string, string>();
  const changed = Object.entries(blobs).map(([digest, data]) => {
    const text = Buffer.from(data, "base64").toString();
    if (!text.includes('"sig":"')) return [digest, data];
    const other = text.replace(/"sig":"M/, '"sig":"N');
    assert.notEqual(other, text);
    const renamedTo = `sha256:${createHash("sha256").update(other).digest("hex")}`;
    renamed.set(digest, renamedTo);
    return [renamedTo, Buffer.from(other).toString("base64")];
  });
  const rewritten = Object.entries(manifests).map(([digest, { type, text }]) => {
    let changed = text;
    for (const [from, to] of renamed) changed = changed.replaceAll(from, to);
    return [digest, { type, text: changed }];
  });
  return { tags, manifests: Object.fromEntries(rewritten), blobs: Object.fromEntries(changed) };
}

function writesOf({ destination }: Setup): string[] {
  return destination.requests.filter(({ method }) => !["GET", "HEAD"].includes(method))
    .map(({ method, path }) => `${method} ${path}`);
}

async function post({ server }: Setup, path: string, body: object): Promise<Response> {
  return await server.app.request(path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      authorization: `Bearer ${SECRET}`,
    },
    body: JSON.stringify(body),
  });
}

test("POST /v1/copies writes nothing of an image that the policy rejects", async () => {
  await using setup = await setUp();
  const { source, destination } = setup;
  const copy = (name: string): Promise<Response> =>
    post(setup, "/v1/copies", {
      source: `${source.host}/${name}:1`,
      destination: `${destination.host}/copy`,
    });
  for (const name of REJECTED) {
    const response = await copy(name);
    assert.equal(response.status, 403);
    assert.equal((await response.json()).code, "rejected");
  }
  assert.deepEqual(writesOf(setup), []);
  const response = await copy("p256");
  assert.equal(response.status, 200);
  assert.equal((await response.json()).admission.result, "admitted");
  assert.equal(destination.getManifest("copy", "1")?.digest, DIGEST);
});

test("POST /v1/admissions returns the verdict, and POST /v1/steps performs nothing", async () => {
  await using setup = await setUp();
  const { source, destination } = setup;
  const verdicts = {
    p256: /^signed by key/,
    rsa: /names another key/,
    tampered: /verification failed/,
  };
  for (const [name, reason] of Object.entries(verdicts)) {
    const response = await post(setup, "/v1/admissions", { reference: `${source.host}/${name}:1` });
    assert.equal(response.status, 200);
    const { result, requirements } = await response.json();
    assert.equal(result, name === "p256" ? "admitted" : "rejected");
    assert.match(requirements[0].candidates[0].reason, reason);
  }
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const response = await post(setup, "/v1/steps", {
    type: "manifest",
    source: `${source.host}/app`,
    destination: `${destination.host}/step`,
    descriptor: { mediaType, digest: DIGEST, size: 1 },
    tag: "1",
  });
  assert.equal(response.status, 403);
  assert.deepEqual(writesOf(setup), []);
});

test("rules copy only admitted images, by schedule and by webhook", async (context) => {
  const occasions: Record<string, (setup: Setup, name: string) => Promise<unknown>> = {
    async schedule({ server }, name): Promise<void> {
      const rule = server.config.sync.rules.find((rule) => rule.name === name);
      assert.ok(rule);
      await server.dispatch(rule, { by: "schedule", at: Date.now() });
    },
    async webhook(setup, name): Promise<void> {
      const body = { repository: `${setup.source.host}/${name}`, tag: "1" };
      const response = await post(setup, "/hooks/plain", body);
      assert.equal(response.status, 202, await response.text());
      await Promise.all(setup.jobs);
    },
  };
  for (const [by, run] of Object.entries(occasions)) {
    await context.test(by, async () => {
      await using setup = await setUp();
      for (const name of REJECTED) await run(setup, name);
      assert.deepEqual(writesOf(setup), []);
      await run(setup, "p256");
      assert.equal(setup.destination.getManifest("rule/p256", "1")?.digest, DIGEST);
    });
  }
});

test("rules back up no image for one that the policy rejects", async () => {
  await using setup = await setUp();
  const { destination, server } = setup;
  const run = async (name: string): Promise<void> => {
    const rule = server.config.sync.rules.find((rule) => rule.name === name);
    assert.ok(rule);
    await server.dispatch(rule, { by: "schedule", at: Date.now() });
  };
  for (const name of ["p256", "app"]) await putImage(destination, `rule/${name}`, { tag: "1" });
  const before = destination.getManifest("rule/p256", "1")?.digest;
  await run("app");
  assert.deepEqual(writesOf(setup), []);
  assert.equal(destination.getManifest("rule/app", "old-1"), undefined);
  await run("p256");
  assert.equal(destination.getManifest("rule/p256", "old-1")?.digest, before);
  assert.equal(destination.getManifest("rule/p256", "1")?.digest, DIGEST);
});

test("composeServer() refuses a policy on a host that cannot verify signatures", async () => {
  const runtime = await createRuntime();
  const config = parseConfig({ CROSSDOCK_CONFIG: "admission:\nsync: []" });
  assert.equal(config.sync.admission, "unread");
  assert.throws(() => composeServer(config, { runtime, write: () => {} }), ParseError);
});
