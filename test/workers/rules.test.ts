/** The Worker as it is deployed, with rules: ticks of its clock, runs as Workflows, and notices of copies. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { putImage } from "../support/image.ts";
import { NOTICE_SECRET, startNoticeReceiver } from "../support/notices.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { until } from "../support/until.ts";
import { startCrossdock } from "./support.ts";
import type { LogLine, RunningWorker, StartOptions } from "./support.ts";

const DAY_MS = 24 * 60 * 60_000;
const INTO_DAY_MS = (3 * 60 + 10) * 60_000;

/** The last ten past three, to the minute. */
const TEN_PAST_THREE = Math.floor((Date.now() - INTO_DAY_MS) / DAY_MS) * DAY_MS + INTO_DAY_MS;

interface Mirror extends AsyncDisposable {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly worker: RunningWorker;
}

/** A Worker that mirrors `app` from one registry to the other, and what else the text of its configuration says. */
async function startMirror(
  { more = () => "", prune = false, tags = "", schedule = "10 3 * * *", ...options }:
    & StartOptions
    & {
      more?: (source: RunningRegistry) => string;
      prune?: boolean;
      tags?: string;
      schedule?: string;
    } = {},
): Promise<Mirror> {
  await using started = new AsyncDisposableStack();
  const source = started.use(await startRegistry());
  const destination = started.use(await startRegistry());
  const worker = started.use(
    await startCrossdock({
      ...options,
      variables: {
        CROSSDOCK_RETRIES: "0",
        // What rules name needs no leave of these.
        CROSSDOCK_ALLOW_SOURCES: "",
        CROSSDOCK_ALLOW_DESTINATIONS: "",
        CROSSDOCK_CONFIG: `
sync:
  - name: apps
    type: repository
    source: "${source.host}/app"
    target: "${destination.host}/mirror/app"
    schedule: "${schedule}"
${tags && `    tags: ${tags}`}
${prune ? pruning(destination) : ""}
${more(source)}
`,
      },
    }),
  );
  const kept = started.move();
  return { source, destination, worker, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The end of a rule that prunes, and another rule whose tag it must leave there. */
function pruning({ host }: RunningRegistry): string {
  return `
    prune: {maxShare: 1}
  - {name: stable, type: image, source: "r.example/app:1", target: "${host}/mirror/app:stable"}
`;
}

/** Requests for steps of rules that the Worker has made to itself. */
function stepsOf(worker: RunningWorker): number {
  return linesOf(worker, "request").filter(({ path }) => path === "/internal/rule-steps").length;
}

function linesOf({ lines }: RunningWorker, message: string): LogLine[] {
  return lines.filter((line) => line.message === message);
}

test("scheduled() starts a run of each rule that is due, and that a copy of each tag", async () => {
  await using mirror = await startMirror();
  const { source, destination, worker } = mirror;
  for (const [seed, tag] of ["1", "2", "3"].entries()) await putImage(source, "app", { tag, seed });
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  await until("all tags are there", () => destination.tags("mirror/app").length === 3);
  for (const tag of ["1", "2", "3"]) {
    const { digest } = source.getManifest("app", tag) ?? {};
    assert.equal(destination.getManifest("mirror/app", tag)?.digest, digest);
  }
  assert.equal(linesOf(worker, "durable rule started").length, 1);
  assert.equal(linesOf(worker, "durable copy started").length, 3);
});

test("scheduled() starts only due rules, and a repeated tick once", async () => {
  await using mirror = await startMirror();
  const { source, destination, worker } = mirror;
  await putImage(source, "app", { tag: "1" });
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE - 5 * 60_000 });
  assert.equal(linesOf(worker, "durable rule started").length, 0);
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  assert.equal(linesOf(worker, "durable rule started").length, 1);
  await until("the tag is there", () => destination.tags("mirror/app").length === 1);
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  assert.equal(linesOf(worker, "rule started").length, 1);
});

test("SyncWorkflow of 300 tags in step lists them, and sends one HEAD per tag to each side", async () => {
  await using mirror = await startMirror();
  const { source, destination, worker } = mirror;
  for (const [registry, name] of [[source, "app"], [destination, "mirror/app"]] as const) {
    const { descriptor } = await putImage(registry, name, { tag: "0" });
    const bytes = registry.getManifest(name, "0")?.bytes ?? {};
    const tags = Array.from({ length: 300 }, (_, i) => `${i}`);
    await registry.putManifest(name, bytes, descriptor.mediaType, tags);
  }
  source.clearRequests();
  destination.clearRequests();
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  await until("all pages are compared", () => linesOf(worker, "rule ended").length === 1);
  assert.deepEqual(
    [source.count(), source.count({ method: "HEAD" }), source.count({ path: "/tags/list" })],
    [301, 300, 1],
  );
  assert.deepEqual([destination.count(), destination.count({ method: "HEAD" })], [300, 300]);
  assert.deepEqual(linesOf(worker, "rule ended")[0]?.tags, { unchanged: 300 });
  // The repository, its tags, and twenty of them a request.
  assert.equal(stepsOf(worker), 1 + 1 + 15);
});

test("SyncWorkflow with a KV namespace remembers 300 tags, and sends one list to the target", async () => {
  await using mirror = await startMirror({ remembers: true });
  const { source, destination, worker } = mirror;
  for (const [registry, name] of [[source, "app"], [destination, "mirror/app"]] as const) {
    const { descriptor } = await putImage(registry, name, { tag: "0" });
    const bytes = registry.getManifest(name, "0")?.bytes ?? {};
    const tags = Array.from({ length: 300 }, (_, i) => `${i}`);
    await registry.putManifest(name, bytes, descriptor.mediaType, tags);
  }
  const runAt = async (day: number): Promise<unknown> => {
    source.clearRequests();
    destination.clearRequests();
    await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE + day * DAY_MS });
    await until("the rule has run", () => linesOf(worker, "rule ended").length === day + 1);
    return linesOf(worker, "rule ended")[day]?.tags;
  };
  assert.deepEqual(await runAt(0), { unchanged: 300 });
  assert.deepEqual([source.count(), destination.count()], [301, 300]);
  assert.deepEqual(await runAt(1), { remembered: 300 });
  assert.deepEqual([source.count(), destination.count()], [301, 1]);
  // A step more in each run, which stores the state.
  assert.equal(stepsOf(worker), 2 * (1 + 1 + 15 + 1));
});

test("SyncWorkflow with prune deletes tags that no rule selects any longer", async () => {
  await using mirror = await startMirror({ prune: true });
  const { source, destination, worker } = mirror;
  await putImage(source, "app", { tag: "1" });
  for (const tag of ["1", "gone", "stable"]) await putImage(destination, "mirror/app", { tag });
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  await until("the tag is gone", () => !destination.tags("mirror/app").includes("gone"));
  assert.deepEqual(destination.tags("mirror/app"), ["1", "stable"]);
});

test("SyncWorkflow deletes nothing where the source has none of the tags that the rule names", async () => {
  await using mirror = await startMirror({ prune: true, tags: "{allow: ['1', '2']}" });
  const { destination, worker } = mirror;
  for (const tag of ["1", "2", "old"]) await putImage(destination, "mirror/app", { tag });
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  await until("the run has ended", () => linesOf(worker, "rule ended").length === 1);
  // The repository, its tags and their page: no prune.
  assert.equal(stepsOf(worker), 3);
  assert.deepEqual(linesOf(worker, "rule ended").map(({ tags }) => tags), [{ missing: 2 }]);
  assert.deepEqual(destination.tags("mirror/app"), ["1", "2", "old"]);
});

test("SyncWorkflow continues after a page that fails, and notifies of the rejected copy", async () => {
  await using receiver = await startNoticeReceiver();
  await using mirror = await startMirror({
    more: () => `webhooks: {out: [{url: "${receiver.url}", secrets: [${NOTICE_SECRET}]}]}`,
  });
  const { source, destination, worker } = mirror;
  for (const [seed, tag] of ["bad", "good"].entries()) await putImage(source, "app", { tag, seed });
  const refusal = { status: 403, body: '{"errors":[{"code":"DENIED","message":"not yours"}]}' };
  destination.fail({ method: "PUT", path: "/manifests/bad", times: 9, action: refusal });
  receiver.refuse(503, 1);
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  await until("both were told of", () => receiver.events.length === 2);
  const told = receiver.events.map(({ type, subject }) => `${type} ${subject}`).sort();
  assert.deepEqual(told, [
    `crossdock.copied ${destination.host}/mirror/app:good`,
    `crossdock.failed ${destination.host}/mirror/app:bad`,
  ]);
  assert.deepEqual(destination.tags("mirror/app"), ["good"]);
});

test("SyncWorkflow waits for a rate limit, and then repeats the page", async () => {
  await using mirror = await startMirror();
  const { source, destination, worker } = mirror;
  await putImage(source, "app", { tag: "1" });
  const refusal = { status: 429, headers: { "retry-after": "2" } };
  source.fail({ method: "HEAD", path: "/manifests/1", times: 1, action: refusal });
  const begun = Date.now();
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  await until("the rule has ended", () => linesOf(worker, "rule ended").length === 1);
  assert.ok(Date.now() - begun >= 2000);
  assert.equal(linesOf(worker, "postponed by a rate limit").length, 1);
  assert.deepEqual(linesOf(worker, "rule ended")[0]?.tags, { started: 1 });
  await until("the tag is there", () => destination.tags("mirror/app").length === 1);
});

test("scheduled() begins no rule that still runs, and again one that has ended", async () => {
  await using mirror = await startMirror();
  const { source, worker } = mirror;
  await putImage(source, "app", { tag: "1" });
  const refusal = { status: 429, headers: { "retry-after": "4" } };
  source.fail({ method: "HEAD", path: "/manifests/1", times: 1, action: refusal });
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  await until("it waits", () => linesOf(worker, "postponed by a rate limit").length === 1);
  const tomorrow = { cron: "*/5 * * * *", at: TEN_PAST_THREE + DAY_MS };
  await worker.tick(tomorrow);
  const message = "rule is still running and was not started again";
  assert.deepEqual(linesOf(worker, message).map(({ rule, by }) => ({ rule, by })), [
    { rule: "apps", by: "schedule" },
  ]);
  await until("it has ended", () => linesOf(worker, "rule ended").length === 1);
  const started = (): number => linesOf(worker, "durable rule started").length;
  for (let i = 0; started() < 2 && i < 50; i++) await worker.tick(tomorrow);
  await until("it ran again", () => linesOf(worker, "rule ended").length === 2);
  assert.equal(started(), 2);
});

test("an event that a limit puts off is left to a Workflow that waits, one for several", async () => {
  await using mirror = await startMirror({
    more: ({ host }) =>
      `webhooks: {in: {plain: {kind: bearer, place: "${host}", secrets: [a-secret-of-the-registry]}}}`,
  });
  const { source, worker } = mirror;
  for (const [seed, tag] of ["1", "2"].entries()) {
    await putImage(source, "app", { tag, seed });
    const refusal = { status: 429, headers: { "retry-after": "86400" } };
    source.fail({ method: "HEAD", path: `/manifests/${tag}`, times: 1, action: refusal });
    const response = await fetch(`${worker.url}/hooks/plain`, {
      method: "POST",
      headers: { authorization: "Bearer a-secret-of-the-registry" },
      body: JSON.stringify({ repository: `${source.host}/app`, tag }),
    });
    assert.equal(response.status, 202, await response.text());
  }
  await until("both are left", () => linesOf(worker, "durable rule started").length === 2);
  const ids = linesOf(worker, "durable rule started").map(({ id }) => id);
  assert.equal(ids[0], ids[1]);
  assert.equal(linesOf(worker, "rule ended").length, 2);
});

test("scheduled() without a Workflow runs the due rules itself", async () => {
  await using mirror = await startMirror({ durable: false });
  const { source, destination, worker } = mirror;
  await putImage(source, "app", { tag: "1" });
  await worker.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  assert.deepEqual(destination.tags("mirror/app"), ["1"]);
  assert.deepEqual(linesOf(worker, "rule ended").map(({ tags }) => tags), [{ copied: 1 }]);
});

test("steps of rules are asked for by the Worker itself alone", async () => {
  await using mirror = await startMirror();
  const { status } = await mirror.worker.ask("POST", "/internal/rule-steps", {
    type: "repositories",
    rule: "apps",
  });
  assert.equal(status, 404);
});

test("scheduled() reports an invalid rule by name and line, and runs nothing", async () => {
  await using broken = await startCrossdock({
    variables: { CROSSDOCK_CONFIG: "sync:\n  - {source: a.example/b, type: repository}\n" },
  });
  const { status, json } = await broken.ask("GET", "/readyz");
  assert.equal(status, 503);
  assert.match(json.detail, /CROSSDOCK_CONFIG:2:5: sync\[0\]\.target: /);
  await broken.tick({ cron: "*/5 * * * *", at: TEN_PAST_THREE });
  assert.equal(linesOf(broken, "rule started").length, 0);
});

test("rules may be bundled with the Worker, by wrangler's define", async () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const rules =
    "sync:\n  - {name: bundled, source: a.example/b, target: b.example/c, type: repository}\n";
  mkdirSync(join(root, ".cache"), { recursive: true });
  // Within the package, whose modules it is bundled with.
  const folder = mkdtempSync(join(root, ".cache", "define-"));
  const config = join(folder, "wrangler.toml");
  try {
    const toml = readFileSync(join(root, "wrangler.toml"), "utf8")
      .replace(
        /^(main|directory) = "((?:\.cache|src)\/.+)"$/gm,
        (_, key, path) => `${key} = ${JSON.stringify(join(root, path))}`,
      );
    const text = JSON.stringify(JSON.stringify(rules));
    writeFileSync(config, `${toml}\n[define]\nCROSSDOCK_BUNDLED_CONFIG = ${text}\n`);
    await using worker = await startCrossdock({ config });
    const { status, json } = await worker.ask("POST", "/v1/syncs", { rules: ["none"] });
    assert.equal(status, 404);
    assert.match(JSON.stringify(json), /bundled/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
