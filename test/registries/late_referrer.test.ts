/** A signature that oras attaches after its image was mirrored follows by the events of a real registry alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { logLines } from "../handler/log_lines.ts";
import { variablesFor } from "../handler/setup.ts";
import { startHandler } from "../handler/start_handler.ts";
import { putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import { until } from "../support/until.ts";
import { startCrossdock } from "../workers/support.ts";
import { requireBinary } from "./binaries.ts";
import { createTempFolder, runProgram } from "./run_program.ts";
import { startRealRegistry } from "./support.ts";

const TOKEN = "a-token-of-the-registry";

interface Server extends AsyncDisposable {
  readonly url: string;
  /** The messages of its log, with their fields. */
  readonly lines: readonly Record<string, unknown>[];
}

const HOSTS: Readonly<
  Record<string, (variables: Record<string, string>) => Promise<Server>>
> = {
  async long_running(variables): Promise<Server> {
    const handler = await startHandler(variables);
    return {
      url: handler.url,
      get lines(): Server["lines"] {
        return logLines(handler);
      },
      [Symbol.asyncDispose]: () => handler[Symbol.asyncDispose](),
    };
  },
  workerd: (variables) => startCrossdock({ variables }),
};

/** Takes the events of a registry, and passes them on as soon as there is a server. */
async function startRelay(): Promise<
  AsyncDisposable & { readonly url: string; target: string | undefined }
> {
  const relay = { target: undefined as string | undefined };
  const server = await serve(async (request) => {
    const body = await request.text();
    if (!relay.target) return new Response(null, { status: 503 });
    const { headers } = request;
    return await fetch(relay.target, { method: "POST", headers, body });
  });
  return Object.assign(relay, {
    url: server.url,
    [Symbol.asyncDispose]: () => server.close(),
  });
}

for (const [host, start] of Object.entries(HOSTS)) {
  test(`a signature of an image and of one platform follow by events of distribution 3, on ${host}`, async () => {
    await using relay = await startRelay();
    await using registry = await startRealRegistry("distribution3", {
      notifications: { url: relay.url, headers: { Authorization: `Bearer ${TOKEN}` } },
    });
    await using mirror = await startRegistry();
    await using origin = await startRegistry();
    await using server = await start({
      ...variablesFor(registry, mirror),
      CROSSDOCK_CONFIG: `
sync:
  - name: apps
    type: repository
    source: "${registry.host}/app"
    target: "${mirror.host}/mirror/app"
    tags: {deny: ["sha256-.*"]}
    referrers: true
    fastCheck: true
webhooks: {in: {distribution: {kind: bearer, place: "${registry.host}", secrets: [${TOKEN}]}}}
`,
    });
    relay.target = `${server.url}/hooks/distribution`;
    const { descriptor, images } = await putIndex(origin, "app", {
      tag: "1",
      platforms: ["linux/amd64", "linux/arm64"],
    });
    const engine = createSyncEngine({ runtime: await createRuntime() });
    await engine.copy({ source: `${origin.host}/app:1`, destination: `${registry.host}/app` });
    await until("the image is at the mirror", () => mirror.tags("mirror/app").length > 0);
    await using home = await createTempFolder("oras");
    const child = images[1]?.descriptor;
    assert.ok(child);
    for (const { digest } of [descriptor, child]) {
      const output = await runProgram(requireBinary("oras"), [
        "attach",
        "--plain-http",
        "--artifact-type=application/vnd.cncf.notary.signature",
        `--annotation=of=${digest}`,
        `${registry.host}/app@${digest}`,
      ], { HOME: home.path });
      const signature = /^Digest: (sha256:[0-9a-f]{64})$/m.exec(new TextDecoder().decode(output))
        ?.[1];
      assert.ok(signature);
      await until(
        "the signature is at the mirror",
        () => mirror.getManifest("mirror/app", signature) !== undefined,
      );
      const puts = mirror.count({ method: "PUT", path: `/manifests/${signature}` });
      assert.equal(puts, 1);
    }
    assert.equal(mirror.count({ method: "PUT", path: "/manifests/1" }), 1);
    assert.deepEqual(server.lines.filter(({ level }) => level === "error"), []);
  });
}
