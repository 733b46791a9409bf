/** A push to a real registry appears at its mirror, by the registry's own notification and with nobody doing anything. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import type { Handler, HandlerHost, StartHandler } from "../handler/handler.ts";
import { denoRun } from "../handler/hosts/deno_run.ts";
import { startProcess } from "../handler/hosts/start_process.ts";
import { startWorkerd } from "../handler/hosts/workerd.ts";
import { logLines } from "../handler/log_lines.ts";
import { until } from "../support/until.ts";
import { freePort } from "../hosts/support.ts";
import { putCosignSignature, putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { requireBinary } from "./binaries.ts";
import { runProgram } from "./run_program.ts";
import { startRealRegistry } from "./support.ts";
import type { RealRegistry } from "./support.ts";

const TOKEN = "a-token-of-the-registry";

const HOSTS: Readonly<Partial<Record<HandlerHost, StartHandler>>> = {
  "deno-run": (variables) => startProcess(denoRun, variables),
  workerd: startWorkerd,
};

/** A registry that tells of its pushes to a hook of a handler that has yet to start. */
function startTelling(port: number, hook: string): Promise<RealRegistry> {
  return startRealRegistry("distribution3", {
    storage: "filesystem",
    notifications: {
      url: `http://127.0.0.1:${port}/hooks/${hook}`,
      headers: { Authorization: `Bearer ${TOKEN}` },
    },
  });
}

function configOf(source: RealRegistry, mirror: RealRegistry): string {
  return `
sync:
  - {name: app, type: repository, source: "${source.host}/team/app", target: "${mirror.host}/mirror/app", digestTags: true}
webhooks:
  in:
    source: {sender: distribution, kind: bearer, place: "${source.host}", secrets: [${TOKEN}]}
    mirror: {sender: distribution, kind: bearer, place: "${mirror.host}", secrets: [${TOKEN}]}
`;
}

/** Paths of the requests that the handler has answered, with their status. */
function answersOf(handler: Handler, path: string): unknown[] {
  return logLines(handler).filter((line) => line["message"] === "request" && line["path"] === path)
    .map(({ status }) => status);
}

const engine = createSyncEngine({ runtime: await createRuntime() });

const TRIES = 400;
const TRY_MS = 50;

/** Waits until the mirror's `mirror/app` has a digest under a tag. */
async function reach({ host }: RealRegistry, tag: string, digest: string): Promise<void> {
  const url = `http://${host}/v2/mirror/app/manifests/${tag}`;
  let last = "";
  for (let i = 0; i < TRIES; i++) {
    const response = await fetch(url, { headers: { accept: `${OCI_INDEX}, ${OCI_MANIFEST}` } });
    last = `${response.status} ${await response.text()}`;
    if (response.headers.get("docker-content-digest") === digest) return;
    await delay(TRY_MS);
  }
  assert.fail(`${url} was not ${digest} within 20 s: ${last}`);
}

for (const [host, start] of Object.entries(HOSTS)) {
  test(`a push to distribution 3 appears at its mirror by the handler on ${host}`, async () => {
    const port = await freePort();
    await using source = await startTelling(port, "source");
    await using mirror = await startTelling(port, "mirror");
    await using handler = await start({
      PORT: `${port}`,
      CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
      CROSSDOCK_CONFIG: configOf(source, mirror),
    });
    await using origin = await startRegistry();
    const { descriptor } = await putIndex(origin, "app", {
      tag: "1",
      platforms: ["linux/amd64", "linux/arm64"],
    });

    // Pushed by crane.
    const crane = requireBinary("crane");
    const pushed = `${source.host}/team/app:1`;
    await runProgram(crane, ["copy", "--insecure", `${origin.host}/app:1`, pushed]);
    await reach(mirror, "1", descriptor.digest);

    // A tag alone.
    await runProgram(crane, ["tag", "--insecure", pushed, "stable"]);
    await reach(mirror, "stable", descriptor.digest);

    // A signature, which belongs to both.
    const { tag, digest } = await putSignature(origin, descriptor.digest);
    await engine.copy({
      source: `${origin.host}/app:${tag}`,
      destination: `${source.host}/team/app:${tag}`,
    });
    await reach(mirror, tag, digest);

    // The mirror has told of what it was given, and nothing came of that.
    await until("the mirror has told", () => answersOf(handler, "/hooks/mirror").length > 0);
    const answers = [
      ...answersOf(handler, "/hooks/source"),
      ...answersOf(handler, "/hooks/mirror"),
    ];
    assert.deepEqual([...new Set(answers)], [202]);
    const events = logLines(handler).filter(({ message }) => message === "event");
    assert.deepEqual([...new Set(events.map(({ hook }) => hook))], ["source"]);
  });
}

async function putSignature(
  registry: Parameters<typeof putCosignSignature>[0],
  subject: Parameters<typeof putCosignSignature>[2],
): Promise<{ tag: string; digest: string }> {
  const { tag } = await putCosignSignature(registry, "app", subject);
  const digest = registry.getManifest("app", tag)?.digest;
  assert.ok(digest);
  return { tag, digest };
}
