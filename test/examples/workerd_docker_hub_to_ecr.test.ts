/** Bundled by wrangler from the example's own file, and run in the real workerd. */
import { test } from "node:test";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { until } from "../support/until.ts";
import { startWith } from "../workers/support.ts";
import { readExample, readExampleFor } from "./read_example.ts";

const WRANGLER = new URL("../../examples/docker_hub_to_ecr/wrangler.toml", import.meta.url);
const ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

const toml = readExample("docker_hub_to_ecr/wrangler.toml");
const [, vars = ""] = /^\[vars\]\n((?:.+\n)+)/m.exec(toml) ?? [];
const variables = Object.fromEntries(
  [...vars.matchAll(/^([A-Z_]+) = "(.*)"$/gm)].map(([, name = "", value = ""]) => [name, value]),
);
const cron = /^crons = \["(.+)"\]$/m.exec(toml)?.[1] ?? "";

const SECRETS = {
  DOCKERHUB_USER: "someone",
  DOCKERHUB_TOKEN: "dckr_of-the-example",
  AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "of-the-example",
  CROSSDOCK_TOKENS: '{"me": "a-token-of-the-example"}',
};

test("examples/docker_hub_to_ecr copies the tags of its rules at a cron tick", async () => {
  await using started = new AsyncDisposableStack();
  const users = { someone: SECRETS.DOCKERHUB_TOKEN };
  const hub = started.use(await startRegistry({ auth: { type: "bearer", users } }));
  const ecr = started.use(await startRegistry());
  const releases = [
    "3.18.9",
    "3.19.1",
    "3.20.0",
    "3.20.1",
    "3.21.0",
    "3.21.1",
    "3.22_rc1",
    "edge",
    "20251016",
  ];
  for (const [i, tag] of releases.entries()) {
    await putImage(hub, "library/alpine", { tag, layers: 1, layerBytes: 64, seed: i });
  }
  await putImage(hub, "library/nginx", { tag: "stable", layers: 1, layerBytes: 64, seed: 99 });
  const worker = started.use(
    await startWith({
      ...variables,
      ...SECRETS,
      CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
      CROSSDOCK_CONFIG: readExampleFor("docker_hub_to_ecr/crossdock.yaml", {
        "docker.io": hub.host,
        [ECR]: ecr.host,
      }),
    }, { config: fileURLToPath(WRANGLER) }),
  );
  const tick = new URL("/cdn-cgi/local/scheduled", worker.url);
  tick.searchParams.set("cron", cron);
  tick.searchParams.set("time", `${Date.UTC(2026, 10, 25, 3, 17)}`);
  const response = await fetch(tick);
  assert.equal(response.status, 200, await response.text());
  await until(
    "all is at the mirror",
    () => ecr.tags("mirror/alpine").length === 5 && ecr.tags("mirror/nginx").length === 1,
  );
  assert.deepEqual(ecr.tags("mirror/alpine"), ["3.19.1", "3.20.0", "3.20.1", "3.21.0", "3.21.1"]);
  assert.deepEqual(ecr.tags("mirror/nginx"), ["stable"]);

  // As `crossdock sync --via … --detach` asks.
  await putImage(hub, "library/nginx", {
    tag: "stable-alpine",
    layers: 1,
    layerBytes: 64,
    seed: 98,
  });
  const asked = await fetch(new URL("/v1/syncs", worker.url), {
    method: "POST",
    headers: {
      authorization: "Bearer a-token-of-the-example",
      "content-type": "application/json",
      prefer: "respond-async",
    },
    body: JSON.stringify({ rules: ["nginx"] }),
  });
  const { rules } = await asked.json();
  assert.deepEqual([asked.status, rules.length, rules[0].rule], [202, 1, "nginx"]);
  await until(
    "the new tag is at the mirror",
    () => ecr.tags("mirror/nginx").includes("stable-alpine"),
  );
});

test("examples/docker_hub_to_ecr/wrangler.toml binds itself, and its cron matches the rules", () => {
  const name = /^name = "(.+)"$/m.exec(toml)?.[1];
  assert.equal(/^service = "(.+)"$/m.exec(toml)?.[1], name);
  const text = readExample("docker_hub_to_ecr/crossdock.yaml");
  const { config } = parseSyncConfig(text, { from: "crossdock.yaml", env: SECRETS, now: 0 });
  assert.ok(config.rules.length > 0);
  for (const { schedule } of config.rules) assert.deepEqual(schedule, { cron });
});

test("examples/docker_hub_to_ecr/wrangler.toml builds the Worker as that of the repository", () => {
  const root = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  for (const key of ["command", "main", "directory", "html_handling", "compatibility_date"]) {
    const read = (text: string): string | undefined =>
      new RegExp(`^${key} = "(.+)"$`, "m").exec(text)?.[1]?.replace("../../", "");
    assert.ok(read(root), key);
    assert.equal(read(toml), read(root), key);
  }
});
