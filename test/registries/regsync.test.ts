/** regsync as the judge: for each file it selects what is selected here. It speaks to loopback alone. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { parse } from "yaml";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { expandRule } from "../sync/setup.ts";
import { putImage, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { REGSYNC_FILES, REGSYNC_FOLDER } from "../config/regsync_files.ts";
import { requireBinary } from "./binaries.ts";
import { createTempFolder } from "./run_program.ts";
import { startRealRegistry } from "./support.ts";
import type { RealRegistry } from "./support.ts";
import { putTinyImage } from "./tiny_image.ts";

const TAGS = [
  "latest",
  "Latest",
  "edge",
  "alpine",
  "lat",
  "1",
  "v1",
  "V1",
  "1.2",
  "1x2",
  "v1.2",
  "1.2.3",
  "v1.2.3",
  "1.2.3.0",
  "1.2.3-rc2",
  "1.2.3-rc11",
  "1.2.3-alpine",
  "1.2.3-",
  "v1.2.4",
  "1.3.0-alpine3.20",
  "1.10",
  "1.1",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.2",
  "1.0.0-beta",
  "1.0.0-1",
  "0.2.0",
  "0.2.1",
  "0.2.9",
  "0.3",
  "0.0.3",
  "0.0.4",
  "2",
  "2.0-rc1",
  "v2.0.0",
  "3.19",
  "10.0.17763",
  "10.0.17763.2114",
  "10.0.17764",
  "20231231",
  "20240102-nightly",
  "20240102150405",
  "99999999999999999999",
  "1..2",
  "1.2.",
  "v",
  "sha256-0123456789abcdef.sig",
  "dev-build_7",
];

/** Puts one image under many tags. */
async function putTags(
  { host }: RealRegistry,
  repository: string,
  tags: readonly string[],
): Promise<void> {
  const [first = "", ...rest] = tags;
  await putTinyImage({ host } as RealRegistry, `${repository}:${first}`);
  const url = (tag: string): string => `http://${host}/v2/${repository}/manifests/${tag}`;
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await (await fetch(url(first), { headers: { accept: mediaType } })).text();
  for (const tag of rest) {
    const headers = { "content-type": mediaType };
    const response = await fetch(url(tag), { method: "PUT", headers, body: manifest });
    await response.body?.cancel();
    assert.equal(response.status, 201, tag);
  }
}

/** Runs regsync where no proxy, login or name beyond this machine can be reached. */
async function regsync(
  args: readonly string[],
  config: string,
  env: Record<string, string>,
): Promise<{ stdout: string; stderr: string }> {
  await using home = await createTempFolder("regsync-home");
  const file = join(home.path, "regsync.yml");
  await writeFile(file, config);
  const nowhere = "http://127.0.0.1:1";
  const options = {
    env: { HOME: home.path, HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, ...env },
    maxBuffer: 64 * 1024 * 1024,
    timeout: 120_000,
  };
  return await new Promise((resolve, reject) => {
    execFile(
      requireBinary("regsync"),
      [...args, "--config", file],
      options,
      (error, stdout, stderr) => error ? reject(error) : resolve({ stdout, stderr }),
    );
  });
}

/** What regsync says that it would copy: `source target`, sorted. */
async function judge(config: string, env: Record<string, string>): Promise<string[]> {
  const { stderr } = await regsync(["check", "--logopt", "json"], config, env);
  return stderr.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, string>)
    .filter(({ msg }) => msg === "Image sync needed")
    .map(({ source, target }) => `${source} ${target}`)
    .sort();
}

/** What is selected here. */
async function select(text: string, env: Record<string, string>): Promise<string[]> {
  const engine = createSyncEngine({ runtime: await createRuntime() });
  const now = Date.now();
  const { config } = parseSyncConfig(text, { from: "regsync.yml", env, now });
  const found: string[] = [];
  for (const rule of config.rules) {
    for await (const { items, failure } of expandRule(rule, engine.batch(), { now })) {
      assert.equal(failure, undefined);
      for (const { source, requests, mayBeMissing } of items) {
        if (mayBeMissing && !await exists(source)) continue;
        found.push(...requests.map(({ destination }) => `${source} ${destination}`));
      }
    }
  }
  return found.sort();

  async function exists(source: string): Promise<boolean> {
    const error = await engine.resolve(source).then(() => undefined, (error) => error);
    if (error && error.code !== "not_found") throw error;
    return error === undefined;
  }
}

async function startPair(): Promise<
  AsyncDisposable & { env: Record<string, string>; source: RealRegistry; target: RealRegistry }
> {
  const source = await startRealRegistry("distribution3", { storage: "memory" });
  const target = await startRealRegistry("distribution3", { storage: "memory" });
  return {
    source,
    target,
    env: { SOURCE: source.host, TARGET: target.host },
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([source.stop(), target.stop()]);
    },
  };
}

test("parseSyncConfig() and expandRule() select what regsync selects, file by file", async (t) => {
  await using pair = await startPair();
  await putTags(pair.source, "app", TAGS);
  await putTags(pair.source, "team/a", ["latest", "1.0", "2.1"]);
  await putTags(pair.source, "team/b", ["latest", "1.5"]);
  await putTags(pair.source, "other", ["edge", "1.9", "3"]);
  let count = 0;
  for (const name of REGSYNC_FILES) {
    const text = await readFile(join(REGSYNC_FOLDER, name), "utf8");
    if (!text.includes('env \\"SOURCE\\"') || name === "templates.yaml") continue;
    count += 1;
    await t.test(name, async () => {
      const wanted = await judge(text, pair.env);
      assert.ok(wanted.length > 2, `${wanted.length} images`);
      assert.deepEqual(await select(text, pair.env), wanted);
    });
  }
  assert.ok(count >= 7, `${count} files`);
});

/** Pieces of ranges and patterns, so that what nobody thought of is tried, too. */
const VERSIONS = [
  "1",
  "v1.2",
  "1.2.3",
  "1.2.3-rc2",
  "1.0.0-alpha.2",
  "0.2.1",
  "0.0.3",
  "2.0",
  "10.0.17763.2114",
  "1.2.3-",
];
const OPERATORS = ["", "=", ">", ">=", "<", "<=", "^", "~"];
const PATTERNS = [
  "v?\\d+(\\.\\d+)*",
  ".*-.*",
  "[^-]+",
  "1|2|3",
  "(?i)l.*",
  "\\w{2,4}",
  "v.*|latest",
  ".+rc\\d{1,2}$",
  "^1",
  "(1|2)\\..*",
  "[[:alpha:]]+",
  "\\D+",
  ".{3}",
  "(?s).*t",
  "1\\.2.*?",
];

test("parseSyncConfig() and expandRule() select what regsync selects, with random rules", async () => {
  await using pair = await startPair();
  await putTags(pair.source, "app", TAGS);
  const seed = Number(process.env["CROSSDOCK_TEST_SEED"] ?? Date.now() % 1_000_000);
  const random = createRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  const some = <Item>(most: number, make: () => Item): Item[] =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, make);
  const set = (): Record<string, string[]> => ({
    semverRange: some(
      2,
      () =>
        [pick(OPERATORS) + pick(VERSIONS), ...some(1, () => pick(OPERATORS) + pick(VERSIONS))].join(
          " ",
        ),
    ),
    allow: some(2, () => pick(PATTERNS)),
    deny: some(1, () => pick(PATTERNS)),
  });
  const { SOURCE: source = "", TARGET: target = "" } = pair.env;
  const text = JSON.stringify({
    creds: [source, target].map((registry) => ({ registry, tls: "disabled" })),
    sync: Array.from({ length: 40 }, (_, i) => ({
      source: `${source}/app`,
      target: `${target}/r${i}`,
      type: "repository",
      tags: set(),
      tagSets: some(2, set),
    })),
  });
  const wanted = await judge(text, pair.env);
  assert.ok(wanted.length > 100, `${wanted.length} images, seed ${seed}`);
  assert.deepEqual(await select(text, pair.env), wanted, `seed ${seed}`);
});

/** mulberry32 */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("parseSyncConfig() fills in templates as regsync does", async () => {
  const text = await readFile(join(REGSYNC_FOLDER, "templates.yaml"), "utf8");
  const env = { SOURCE: "registry.example" };
  const { stdout } = await regsync(["config"], text, env);
  const theirs = parse(stdout) as {
    creds: { registry: string; user: string; pass: string }[];
    sync: { source: string; target: string; interval: string }[];
  };
  const { config } = parseSyncConfig(text, { from: "templates.yaml", env, now: 0 });
  assert.deepEqual(
    config.rules.map(({ source, targets }) => [source, ...targets]),
    theirs.sync.map(({ source, target }) => [source, target]),
  );
  assert.deepEqual(
    config.registries.map(({ registry, credential }) => ({ registry, ...credential })),
    theirs.creds.map(({ registry, user, pass }) => ({
      registry,
      kind: "basic",
      username: user,
      password: pass,
    })),
  );
  assert.deepEqual(config.rules[0]?.schedule, { everyMs: 90 * 60_000 });
});

test("verify() accepts copies of regsync with referrers in separate repositories", async () => {
  await using pair = await startPair();
  await using embedded = await startRegistry();
  const { source: { host: from }, target: { host: to } } = pair;
  const { descriptor } = await putImage(embedded, "app", { tag: "1" });
  for (const payload of ["first", "second"]) {
    await putReferrer(embedded, "app", descriptor, { artifactType: "application/x.test", payload });
  }
  const engine = createSyncEngine({ runtime: await createRuntime() });
  await engine.copy({
    source: `${embedded.host}/app:1`,
    destination: `${from}/app`,
    referrerDestination: `${from}/signed`,
  });
  const verify = (name: string): ReturnType<typeof engine.verify> =>
    engine.verify({
      source: `${from}/app:1`,
      destination: `${to}/${name}:1`,
      referrerSource: `${from}/signed`,
      referrerDestination: `${to}/${name}-kept`,
    });
  const rule = {
    source: `${from}/app:1`,
    target: `${to}/theirs:1`,
    type: "image",
    referrers: true,
    referrerSource: `${from}/signed`,
  };
  const run = (referrerTarget: string): Promise<unknown> => {
    const creds = [from, to].map((registry) => ({ registry, tls: "disabled" }));
    return regsync(["once"], JSON.stringify({ creds, sync: [{ ...rule, referrerTarget }] }), {});
  };

  await run(`${to}/elsewhere`);
  const { differences } = await verify("theirs");
  assert.equal(differences.filter(({ kind }) => kind === "referrer").length, 2);
  await run(`${to}/theirs-kept`);
  const theirs = await verify("theirs");
  assert.deepEqual([theirs.equal, theirs.checked.referrers], [true, 2]);

  await engine.copy({
    source: `${from}/app:1`,
    destination: `${to}/ours:1`,
    referrerSource: `${from}/signed`,
    referrerDestination: `${to}/ours-kept`,
  });
  assert.deepEqual(await listed("ours-kept"), await listed("theirs-kept"));

  async function listed(repository: string): Promise<string[]> {
    const tag = descriptor.digest.replace(":", "-");
    const response = await fetch(`http://${to}/v2/${repository}/manifests/${tag}`, {
      headers: { accept: "application/vnd.oci.image.index.v1+json" },
    });
    const { manifests } = await response.json() as { manifests: { digest: string }[] };
    return manifests.map(({ digest }) => digest).sort();
  }
});
