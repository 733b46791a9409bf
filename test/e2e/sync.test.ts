/** `crossdock sync` and `import` as their users run them: a process of its own, between registries that listen. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveApp } from "../support/serve_app.ts";
import { TOKENS, variablesFor } from "../handler/setup.ts";
import { putImage, putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";
import { REGSYNC_FILES, REGSYNC_FOLDER } from "../config/regsync_files.ts";
import type { Run } from "../cli/fake_cli.ts";
import { runCrossdock, startCrossdock } from "../support/run_crossdock.ts";
import { until } from "../support/until.ts";

/** A source with a few tags, and a target. */
interface Pair extends AsyncDisposable {
  readonly a: RunningRegistry;
  readonly b: RunningRegistry;
}

async function startPair(options: RegistryOptions = {}): Promise<Pair> {
  await using started = new AsyncDisposableStack();
  const a = started.use(await startRegistry());
  const b = started.use(await startRegistry(options));
  for (const [i, tag] of ["1.2", "1.2.3", "edge"].entries()) {
    await putImage(a, "app", { tag, layers: 1, seed: i + 1 });
  }
  await putIndex(a, "app", { tag: "latest", platforms: ["linux/amd64", "linux/arm64"], seed: 9 });
  const kept = started.move();
  return { a, b, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function fileFor({ a, b }: Pair, more = ""): string {
  return `
sync:
- name: app
  source: ${a.host}/app
  target: ${b.host}/mirror/app
  type: repository
  interval: 1h
  tags: { allow: ["1.*"] }
${more}`;
}

function sync(text: string, ...flags: string[]): Promise<Run> {
  return runCrossdock({ input: text }, "sync", "-c", "-", ...flags);
}

test("crossdock sync copies what a rule selects, and a second run writes nothing", async () => {
  await using pair = await startPair();
  const { b } = pair;
  const text = fileFor(pair);
  const planned = await sync(text, "--dry-run");
  assert.equal(planned.exitCode, 0, planned.stderr);
  assert.match(planned.stdout, /\ntags {10}2 would-copy\n/);
  assert.equal((await sync(text, "--status")).exitCode, 12);
  assert.deepEqual(b.tags("mirror/app"), []);

  const first = await sync(text);
  assert.equal(first.exitCode, 0, first.stderr);
  assert.deepEqual([first.stderr, first.stdout.match(/^copied /gm)?.length], ["", 2]);
  assert.deepEqual(b.tags("mirror/app"), ["1.2", "1.2.3"]);

  b.clearRequests();
  const again = await sync(text, "--json");
  const { result, rules } = JSON.parse(again.stdout);
  assert.deepEqual([again.exitCode, result], [0, "ok"]);
  assert.deepEqual(rules[0].tags.map((tag: { result: string }) => tag.result), [
    "unchanged",
    "unchanged",
  ]);
  assert.deepEqual([...new Set(b.requests.map(({ method }) => method))], ["HEAD"]);
  assert.equal((await sync(text, "--status")).exitCode, 0);
});

test("crossdock sync reads the file that a backup names", async () => {
  await using pair = await startPair();
  const { b } = pair;
  await putImage(b, "mirror/app", { tag: "1.2", seed: 77 });
  const folder = mkdtempSync(join(tmpdir(), "crossdock-backup-"));
  try {
    const file = join(folder, "team");
    writeFileSync(file, "ops\n");
    const backup = `  backup: '{{ file "${file}" }}-{{ .Ref.Tag }}'`;
    const done = await sync(fileFor(pair, backup));
    assert.deepEqual([done.exitCode, done.stderr], [0, ""]);
    assert.deepEqual(b.tags("mirror/app"), ["1.2", "1.2.3", "ops-1.2"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("crossdock sync --missing leaves a tag alone that the target has", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  const { descriptor } = await putImage(b, "mirror/app", { tag: "1.2", seed: 77 });
  const text = fileFor(pair);
  const { exitCode, stdout } = await sync(text, "--missing");
  assert.equal(exitCode, 0);
  assert.match(stdout, /\ntags {10}1 copied, 1 unchanged\n|\ntags {10}1 unchanged, 1 copied\n/);
  assert.equal(b.getManifest("mirror/app", "1.2")?.digest, descriptor.digest);
  assert.equal((await sync(text)).exitCode, 0);
  assert.equal(
    b.getManifest("mirror/app", "1.2")?.digest,
    a.getManifest("app", "1.2")?.digest,
  );
});

test("crossdock sync --rule does not prune tags of other rules", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  for (const tag of ["1.0", "edge"]) await putImage(b, "mirror/app", { tag });
  const edge =
    `- { name: edge, source: "${a.host}/app:edge", target: "${b.host}/mirror/app:edge", type: image }\n`;
  const text = fileFor(pair, edge).replace('["1.*"]', '["1.2.*"]')
    .replace("interval: 1h", "prune: { maxShare: 1 }");
  const planned = await sync(text, "--rule", "app", "--dry-run");
  assert.match(planned.stdout, /^would-delete +\S+\/mirror\/app:1\.0$/m);
  assert.doesNotMatch(planned.stdout, /edge/);
  const { exitCode, stderr } = await sync(text, "--rule", "app");
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.deepEqual(b.tags("mirror/app"), ["1.2", "1.2.3", "edge"]);
});

test("crossdock sync ends with 13 where one rule fails, and the others are done; with 14 where all fail", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  const gone =
    `- { name: gone, source: ${a.host}/none:1, target: ${b.host}/none:1, type: image }\n`;
  const some = await sync(fileFor(pair, gone));
  assert.equal(some.exitCode, 13);
  assert.match(some.stdout, /^failed .*none:1 not found$/m);
  assert.deepEqual(b.tags("mirror/app"), ["1.2", "1.2.3"]);
  const all = await sync(fileFor(pair, gone), "--rule", "gone");
  assert.equal(all.exitCode, 14);
});

test("crossdock sync shows itself by the credentials of the file, and never shows them", async () => {
  await using pair = await startPair({ auth: { type: "bearer", users: { me: "hunter2" } } });
  const { b } = pair;
  const creds = `creds: [{ registry: "${b.host}", user: me, pass: '{{ env "PASS" }}' }]\n`;
  const run = (PASS: string, ...flags: string[]): Promise<Run> =>
    runCrossdock({ input: creds + fileFor(pair), env: { PASS } }, "sync", "-c", "-", ...flags);
  const wrong = await run("hunter3", "--debug");
  assert.equal(wrong.exitCode, 14);
  assert.match(wrong.stdout, /^failed .*: destination: .*401/m);
  const right = await run("hunter2", "--json");
  assert.equal(right.exitCode, 0, right.stdout);
  for (const { stdout, stderr } of [wrong, right]) {
    assert.doesNotMatch(stdout + stderr, /hunter[23]/);
  }
});

for (const flags of [[], ["--watch"]]) {
  test(`crossdock sync ${flags.join("")} stops both sides at Ctrl-C, and keeps and prints the results so far`, async () => {
    await using pair = await startPair();
    const { a, b } = pair;
    const { layers } = await putImage(a, "slow", { tag: "1", layers: 1, layerBytes: 300_000 });
    const path = `blobs/${layers[0]?.digest}`;
    a.fail({ path, action: { hangAfterBytes: 100_000 } });
    const slow =
      `- { name: slow, source: ${a.host}/slow, target: ${b.host}/slow, type: repository }\n`;
    const input = fileFor(pair, slow);
    const running = startCrossdock({ input }, "sync", "-c", "-", ...flags);
    await until(
      "the slow layer has begun",
      () =>
        a.requests.some(({ path: at, responseBytes }) =>
          at.endsWith(path) && responseBytes >= 100_000
        ),
    );
    running.send("SIGINT");
    const { exitCode, stdout, stderr } = await running.exit;
    assert.equal(exitCode, 130, stderr);
    assert.match(stderr, flags.length > 0 ? /^warning.*\nstopped\n$/ : /^stopped: 2 copied; .*\n$/);
    // With --watch, each line begins with its time.
    assert.match(stdout, /^(\S+Z {2})?rule {10}app\n(\S+Z {2})?copied .*\n(\S+Z {2})?copied .*\n$/);
    assert.deepEqual([b.tags("mirror/app"), b.tags("slow")], [["1.2", "1.2.3"], []]);
  });
}

test("crossdock sync --watch copies at its start and again by the schedule", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  const input = fileFor(pair).replace("interval: 1h", "interval: 1s");
  const running = startCrossdock({ input }, "sync", "-c", "-", "--watch");
  await until("the first run has copied its tags", () => b.tags("mirror/app").length === 2);
  await putImage(a, "app", { tag: "1.9", layers: 1, seed: 5 });
  await until("the next run has copied the new tag", () => b.tags("mirror/app").includes("1.9"));
  running.send("SIGTERM");
  const { exitCode, stdout, stderr } = await running.exit;
  assert.deepEqual([exitCode, stderr], [143, "stopped\n"]);
  assert.match(stdout, /^\d{4}-\S+Z {2}next {10}app: \d{4}-.*Z$/m);
});

for (const name of REGSYNC_FILES) {
  const text = readFileSync(join(REGSYNC_FOLDER, name), "utf8");
  // The others are about hosts that are not there.
  if (!/registry: .*SOURCE/.test(text) || text.includes(".example")) continue;

  test(`crossdock sync runs regsync's file ${name} as it is`, async () => {
    await using pair = await startPair();
    const { a, b } = pair;
    for (const repository of ["team/a", "team/b"]) {
      await putImage(a, repository, { tag: "latest", layers: 1, seed: 20 });
      await putImage(a, repository, { tag: "2.0", layers: 1, seed: 21 });
    }
    const env = { SOURCE: a.host, TARGET: b.host };
    const run = (...flags: string[]): Promise<Run> =>
      runCrossdock({ input: text, env }, "sync", "-c", "-", ...flags);
    const { exitCode, stdout, stderr } = await run();
    assert.equal(exitCode, 0, stdout + stderr);
    assert.match(stdout, /^copied /m);
    const status = await run("--status");
    assert.equal(status.exitCode, 0, status.stdout + status.stderr);
    assert.doesNotMatch(status.stdout, /^(behind|missing|error) /m);
  });
}

test("crossdock sync --state remembers in a file, and asks the target only for its list of tags", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  const folder = mkdtempSync(join(tmpdir(), "crossdock-state-"));
  try {
    const file = join(folder, "state");
    const text = fileFor(pair);
    assert.equal((await sync(text, "--state", file)).exitCode, 0);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    a.clearRequests();
    b.clearRequests();
    const again = await sync(text, "--state", file);
    assert.deepEqual([again.exitCode, again.stderr], [0, ""]);
    assert.match(again.stdout, /^unchanged .* sha256:[0-9a-f]{12} {2}\(remembered\)$/m);
    assert.match(again.stdout, /\ntags {10}2 unchanged \(remembered\)\n/);
    assert.deepEqual([a.count(), b.count()], [3, 1]);
    const json = await sync(text, "--state", file, "--json");
    const [{ tags }] = JSON.parse(json.stdout).rules;
    assert.deepEqual(tags.map(({ remembered }: { remembered?: true }) => remembered), [true, true]);
    writeFileSync(file, "not a state");
    const foreign = await sync(text, "--state", file);
    assert.equal(foreign.exitCode, 0);
    assert.match(foreign.stderr, /^warning: app: remembered state of .*: .* is not a state file/m);
    assert.match(foreign.stdout, /\ntags {10}2 unchanged\n/);
    assert.equal(readFileSync(file, "utf8"), "not a state");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("crossdock sync --via runs the server's rules, and prints their status", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  await using server = await serveApp({
    ...variablesFor(),
    CROSSDOCK_ALLOW_PRIVATE: `${a.host} ${b.host}`,
    CROSSDOCK_CONFIG: fileFor(pair),
  });
  const run = (token: keyof typeof TOKENS, ...flags: string[]): Promise<Run> =>
    runCrossdock(
      { env: { CROSSDOCK_TOKEN: TOKENS[token] } },
      "sync",
      "--via",
      server.url,
      ...flags,
    );
  const refused = await run("read");
  assert.equal(refused.exitCode, 3);
  assert.match(refused.stderr, /has the scope read, expected copy/);
  const before = await run("read", "--status");
  assert.equal(before.exitCode, 12, before.stderr);
  const steady = ({ exitCode, stdout, stderr }: Run): unknown => [
    exitCode,
    stdout.replace(/^(time|requests) .*$/gm, "").split("\n").sort(),
    stderr,
  ];
  const planned = await run("copy", "--dry-run");
  assert.deepEqual(steady(planned), steady(await sync(fileFor(pair), "--dry-run")));
  const done = await run("copy");
  assert.equal(done.exitCode, 0, done.stderr);
  assert.match(done.stdout, /^rule {10}app\ncopied .*\ncopied .*\n\ntags {10}2 copied\n/);
  assert.deepEqual(b.tags("mirror/app"), ["1.2", "1.2.3"]);
  const status = await run("read", "--status", "--json");
  assert.equal(JSON.parse(status.stdout).state, "in-step");
  const unknown = await run("copy", "--rule", "ap");
  assert.equal(unknown.exitCode, 4);
  assert.match(unknown.stderr, /there is no rule "ap"/);
});

test("crossdock import prints a config that sync runs", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  const file = `${a.host}:\n  tls-verify: false\n  images:\n    app: ["1.2", edge]\n`;
  const imported = await runCrossdock(
    { input: file },
    ...["import", "--from", "skopeo", "--to", `${b.host}/all`, "-"],
  );
  assert.equal(imported.exitCode, 0, imported.stderr);
  const { exitCode, stdout, stderr } = await sync(
    imported.stdout.replace("tls: insecure", "tls: disabled"),
  );
  assert.equal(exitCode, 0, stdout + stderr);
  assert.deepEqual(b.tags("all/app"), ["1.2", "edge"]);
});
