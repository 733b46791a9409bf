import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossdockError } from "../../../src/errors.ts";
import { createNotifier } from "../../../src/webhooks/outgoing/notifier.ts";
import type { Notifier } from "../../../src/webhooks/outgoing/notifier.ts";
import type { TagReport } from "../../../src/sync/model.ts";
import type { OutgoingWebhook } from "../../../src/webhooks/outgoing/notice.ts";
import { NOTICE_SECRET } from "../../support/notices.ts";

const NAMES = { source: "r.example/app:1", destination: "m.example/app:1" };
const DIGEST = `sha256:${"a".repeat(64)}`;
const FAILED: TagReport = {
  ...NAMES,
  result: "failed",
  error: { code: "denied", message: "not yours" },
};
const UNCHANGED: TagReport = { ...NAMES, result: "unchanged", digest: DIGEST };

interface Told {
  readonly notify: Notifier;
  /** Type and host of each request, once all of them have been answered. */
  settle(): Promise<string[]>;
  readonly lines: unknown[];
}

/** A notifier whose receivers answer what `answer` says. */
function startNotifier(
  targets: readonly Pick<OutgoingWebhook, "url" | "events">[],
  { status = 204, guard = (): void => {} } = {},
): Told {
  const told: string[] = [];
  const lines: unknown[] = [];
  const jobs: Promise<unknown>[] = [];
  const notify = createNotifier({
    targets: targets.map((target) => ({ secrets: [NOTICE_SECRET], ...target })),
    runtime: {
      fetch: ({ url, body }) => {
        told.push(`${JSON.parse(String(body)).type} to ${url.host}`);
        return Promise.resolve(new Response(null, { status }));
      },
      now: () => 0,
      random: () => 0,
      sleep: () => Promise.resolve(),
    },
    guard,
    log: (...line) => void lines.push(line),
    background: (job) => void jobs.push(job),
  });
  return {
    notify,
    lines,
    async settle(): Promise<string[]> {
      await Promise.all(jobs);
      return told;
    },
  };
}

const ALL: OutgoingWebhook["events"] = ["copied", "failed", "in_step"];
const HOOK = { url: "https://hook.example/T0K3N", events: ALL };

test("createNotifier() notifies once of a failure, and once of the return in step", async () => {
  const { notify, settle } = startNotifier([HOOK]);
  notify("apps", UNCHANGED);
  notify("apps", FAILED);
  notify("apps", FAILED);
  // Notices are sent at the same time.
  await settle();
  notify("apps", { ...NAMES, result: "missing" });
  notify("apps", UNCHANGED);
  notify("apps", UNCHANGED);
  assert.deepEqual(await settle(), [
    "crossdock.failed to hook.example",
    "crossdock.in_step to hook.example",
  ]);
});

test("createNotifier() sends each target the events it selects", async () => {
  const { notify, settle } = startNotifier([
    { url: "https://a.example/", events: ["failed"] },
    { url: "https://b.example/", events: ["in_step"] },
  ]);
  notify("apps", FAILED);
  await settle();
  notify("apps", UNCHANGED);
  assert.deepEqual(await settle(), [
    "crossdock.failed to a.example",
    "crossdock.in_step to b.example",
  ]);
});

test("createNotifier() tries again as often as the schedule has it, and logs once that it was in vain", async () => {
  const { notify, settle, lines } = startNotifier([HOOK], { status: 503 });
  notify("apps", FAILED);
  assert.equal((await settle()).length, 4);
  assert.equal(lines.length, 1);
  assert.match(JSON.stringify(lines), /"error","webhook was not delivered".*answered 503/);
  assert.doesNotMatch(JSON.stringify(lines), /T0K3N/);
});

test("createNotifier() sends nothing where the guard does not let it", async () => {
  const { notify, settle, lines } = startNotifier([HOOK], {
    guard: () => {
      throw new CrossdockError("denied", "connect to hook.example: it is not a public address");
    },
  });
  notify("apps", FAILED);
  assert.deepEqual(await settle(), []);
  assert.match(JSON.stringify(lines), /"code":"denied"/);
});
