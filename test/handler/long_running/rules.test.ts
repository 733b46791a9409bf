/** Rules on hosts that run until they are told to stop: from a file, at the start, by the clock, and who is told of them. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { putImage } from "../../support/image.ts";
import { NOTICE_SECRET, startNoticeReceiver } from "../../support/notices.ts";
import { startRegistry } from "../../support/registry.ts";
import { logLines } from "../log_lines.ts";
import type { LogLine } from "../log_lines.ts";
import { startDock } from "../setup.ts";
import type { Dock, RegistryHosts } from "../setup.ts";
import { runHandlerToItsEnd, startHandler, testHost } from "../start_handler.ts";
import { until } from "../../support/until.ts";

/** A rule from `app` to the mirror, with further keys, and what else stands in the configuration. */
function configOf({ source, destination }: RegistryHosts, keys: string, more = ""): string {
  return `
sync:
  - {name: apps, type: repository, source: "${source}/app", target: "${destination}/mirror/app", ${keys}}
${more}
`;
}

function linesOf({ handler }: Pick<Dock, "handler">, message: string, by?: string): LogLine[] {
  return logLines(handler).filter((line) =>
    line["message"] === message && (by === undefined || line["by"] === by)
  );
}

test("handler copies missing tags at its start, and moves no tag", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await putImage(source, "app", { tag: "new", seed: 1 });
  await putImage(source, "app", { tag: "moved", seed: 2 });
  const old = await putImage(destination, "mirror/app", { tag: "moved", seed: 3 });
  const hosts = { source: source.host, destination: destination.host };
  await using handler = await startHandler({
    CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
    CROSSDOCK_CONFIG: configOf(hosts, 'schedule: "0 0 30 2 *"'),
  });
  await until("the first run is over", () => linesOf({ handler }, "rule ended").length > 0);
  assert.deepEqual(destination.tags("mirror/app"), ["moved", "new"]);
  assert.equal(destination.getManifest("mirror/app", "moved")?.digest, old.descriptor.digest);
  assert.deepEqual(linesOf({ handler }, "rule ended").map(({ by }) => by), ["start"]);
});

test("handler runs no rule without a schedule", async () => {
  await using dock = await startDock({
    variables: (hosts) => ({ CROSSDOCK_CONFIG: configOf(hosts, "tags: {allow: ['1']}") }),
  });
  const health = await fetch(`${dock.handler.url}/healthz`);
  assert.equal(health.status, 200, await health.text());
  assert.equal(linesOf(dock, "rule started").length, 0);
});

test("handler copies a pushed tag by the schedule", async () => {
  await using dock = await startDock({
    variables: (hosts) => ({ CROSSDOCK_CONFIG: configOf(hosts, "interval: 1s") }),
  });
  await until("it ran once", () => linesOf(dock, "rule ended", "schedule").length > 0);
  const { descriptor } = await putImage(dock.source, "app", { tag: "1" });
  await until("the tag is there", () => dock.destination.tags("mirror/app").length > 0);
  assert.equal(dock.destination.getManifest("mirror/app", "1")?.digest, descriptor.digest);
});

// `deno task serve` may write to /var/lib/crossdock only.
if (testHost() !== "deno-run") {
  test("handler remembers in the file of CROSSDOCK_STATE what it has mirrored", async () => {
    const folder = mkdtempSync(join(tmpdir(), "crossdock-state-"));
    try {
      await using dock = await startDock({
        variables: (hosts) => ({
          CROSSDOCK_CONFIG: configOf(hosts, "interval: 1s"),
          CROSSDOCK_STATE: join(folder, "state"),
        }),
      });
      for (const [seed, tag] of ["1", "2"].entries()) {
        await putImage(dock.source, "app", { tag, seed });
      }
      const remembered = (): boolean =>
        linesOf(dock, "rule ended").some(({ tags }) =>
          (tags as { remembered?: number }).remembered === 2
        );
      await until("the tags are remembered", remembered);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("handler sends HEAD requests and one list for 300 tags that are in step", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  for (const [registry, name] of [[source, "app"], [destination, "mirror/app"]] as const) {
    const { descriptor } = await putImage(registry, name, { tag: "0" });
    const bytes = registry.getManifest(name, "0")?.bytes ?? {};
    const tags = Array.from({ length: 300 }, (_, i) => `${i}`);
    await registry.putManifest(name, bytes, descriptor.mediaType, tags);
  }
  const hosts = { source: source.host, destination: destination.host };
  await using handler = await startHandler({
    CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
    CROSSDOCK_CONFIG: configOf(hosts, "interval: 1s"),
  });
  await until(
    "the clock has ticked",
    () => linesOf({ handler }, "rule ended", "schedule").length > 0,
  );
  const [line] = linesOf({ handler }, "rule ended", "schedule");
  assert.deepEqual(line?.["requests"], { source: 301, destination: 300 });
  assert.deepEqual(line["tags"], { unchanged: 300 });
  const others = [...source.requests, ...destination.requests]
    .filter(({ method, path }) => method !== "HEAD" && !path.endsWith("/tags/list"));
  assert.deepEqual(others.map(({ method, path }) => `${method} ${path}`), []);
});

test("handler notifies of a failure, a copy and the return in step", async () => {
  await using receiver = await startNoticeReceiver();
  await using dock = await startDock({
    variables: (hosts) => ({
      CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
      CROSSDOCK_RETRIES: "0",
      CROSSDOCK_CONFIG: configOf(
        hosts,
        "interval: 1s, tags: {allow: ['1']}",
        `webhooks: {out: [{url: "${receiver.url}/hook", secrets: [${NOTICE_SECRET}]}]}`,
      ),
    }),
  });
  const refusal = { status: 403, body: '{"errors":[{"code":"DENIED","message":"not yours"}]}' };
  dock.destination.fail({ method: "PUT", path: "/manifests/", times: 1, action: refusal });
  const { descriptor } = await putImage(dock.source, "app", { tag: "1" });
  await until("it is in step again", () => receiver.events.length === 3);
  const told = receiver.events.map(({ type }) => type);
  assert.equal(told[0], "crossdock.failed");
  assert.deepEqual(told.toSorted(), [
    "crossdock.copied",
    "crossdock.failed",
    "crossdock.in_step",
  ]);
  for (const { subject, data } of receiver.events) {
    assert.equal(subject, `${dock.destination.host}/mirror/app:1`);
    assert.equal(data.rule, "apps");
  }
  const copied = receiver.events.find(({ type }) => type === "crossdock.copied");
  assert.equal((copied?.data as { digest?: string }).digest, descriptor.digest);
});

test("handler that stops does not wait for the retries of a notification", async () => {
  await using receiver = await startNoticeReceiver();
  receiver.refuse(503, 9);
  await using dock = await startDock({
    variables: (hosts) => ({
      CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
      CROSSDOCK_GRACE_MS: "600000",
      CROSSDOCK_CONFIG: configOf(
        hosts,
        "interval: 1s, tags: {allow: ['1']}",
        `webhooks: {out: [{url: "${receiver.url}", secrets: [${NOTICE_SECRET}]}]}`,
      ),
    }),
  });
  await putImage(dock.source, "app", { tag: "1" });
  await until("a copy was made", () => linesOf(dock, "copy ended").length > 0);
  await until("it was told", () => receiver.attempts > 0);
  dock.handler.send("SIGTERM");
  assert.equal(await dock.handler.ended, 0);
  assert.equal(linesOf(dock, "webhook was not delivered").length, 1);
});

test("handler whose rules are wrong names each mistake with its line, and ends with 2", async () => {
  const { end, stderr } = await runHandlerToItsEnd({
    CROSSDOCK_CONFIG: "sync:\n  - {source: a.example/b, type: repository}\nsnyc: []\n",
    PASSWORD: "do-not-show-this",
  });
  assert.equal(end, 2);
  assert.match(stderr, /CROSSDOCK_CONFIG:2:5: sync\[0\]\.target: /);
  assert.match(stderr, /CROSSDOCK_CONFIG:3:1: snyc: there is no such key/);
});

test("handler with an unreadable rules file reports it, and ends with 2", async () => {
  const path = join(tmpdir(), "crossdock-none", "crossdock.yaml");
  const { end, stderr } = await runHandlerToItsEnd({ CROSSDOCK_CONFIG_FILE: path });
  assert.equal(end, 2);
  assert.match(stderr, /CROSSDOCK_CONFIG_FILE: read .*crossdock\.yaml: /);
});

// `deno task serve` may read crossdock.yaml beside it and /etc/crossdock alone.
if (testHost() !== "deno-run") {
  test("handler reads its rules from a file, and warns of unread keys", async () => {
    const folder = mkdtempSync(join(tmpdir(), "crossdock-rules-"));
    const file = join(folder, "crossdock.yaml");
    try {
      writeFileSync(file, "creds: [{registry: a.example, regcert: x}]\n");
      await using handler = await startHandler({
        CROSSDOCK_OPEN: "true",
        CROSSDOCK_CONFIG_FILE: file,
      });
      const warnings = logLines(handler).filter(({ level }) => level === "warn")
        .map(({ message }) => `${message}`);
      assert.ok(warnings.some((text) => text.startsWith(`${file}:1:`)), warnings.join("\n"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("handler reads the files in templates, at its start and for a backup", async () => {
    const folder = mkdtempSync(join(tmpdir(), "crossdock-rules-"));
    try {
      await using source = await startRegistry();
      await using destination = await startRegistry();
      await putImage(source, "app", { tag: "1", seed: 1 });
      const old = await putImage(destination, "mirror/app", { tag: "1", seed: 2 });
      const from = join(folder, "source");
      const team = join(folder, "team");
      writeFileSync(from, `${source.host}/app\n`);
      writeFileSync(team, "ops\n");
      await using _ = await startHandler({
        CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
        CROSSDOCK_CONFIG: `
sync:
- name: app
  type: repository
  source: '{{ file "${from}" }}'
  target: ${destination.host}/mirror/app
  interval: 1s
  backup: '{{ file "${team}" }}-{{ .Ref.Tag }}'
`,
      });
      const digestOf = (tag: string): unknown => destination.getManifest("mirror/app", tag)?.digest;
      await until("the old image is saved", () => digestOf("ops-1") === old.descriptor.digest);
      await until(
        "the new one is there",
        () => digestOf("1") === source.getManifest("app", "1")?.digest,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
