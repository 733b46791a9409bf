import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../src/server/config.ts";
import { createHookReceiver } from "../../src/server/receive_hook.ts";
import type { HookReceiver } from "../../src/server/receive_hook.ts";
import type { RuleEnd, RuleOccasion } from "../../src/server/rule_runner.ts";
import type { TagReport } from "../../src/sync/rule_report.ts";

const SECRET = "a-secret-of-the-registry";
const [OLD, NEW] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`] as const;

const config = parseConfig({
  CROSSDOCK_CONFIG: `
sync:
  - {name: apps, type: repository, source: r.example/app, target: m.example/app, tags: {deny: ["sha256-.*"]}, digestTags: true}
webhooks:
  in:
    distribution: {kind: bearer, place: r.example, secrets: [${SECRET}]}
`,
});

interface Faked {
  readonly receive: HookReceiver;
  /** What rules were run for, one after the other. */
  readonly runs: RuleOccasion["only"][];
  /** How long was waited before each, in milliseconds, where it was waited. */
  readonly waits: number[];
  /** Waits for the work behind the answers. */
  settle(): Promise<void>;
}

/** A receiver whose rules end as `ends` says, in turn; its clock goes on only while it waits, and that is over when it is settled. */
function fakeReceiver(ends: readonly RuleEnd[], stopping?: AbortSignal): Faked {
  const runs: Faked["runs"] = [];
  const waits: number[] = [];
  const jobs: Promise<unknown>[] = [];
  const gate = Promise.withResolvers<void>();
  let now = 1_000_000;
  const receive = createHookReceiver({
    config,
    runtime: {
      fetch: () => Promise.reject(new Error("nothing is to be fetched")),
      now: () => now,
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        waits.push(ms);
        await gate.promise;
        now += ms;
      },
    },
    runRule: (_, { only }) => {
      runs.push(only);
      return Promise.resolve(ends[runs.length - 1] ?? "failed");
    },
    background: (job) => void jobs.push(job),
    stopping,
  });
  return {
    receive,
    runs,
    waits,
    async settle(): Promise<void> {
      gate.resolve();
      await Promise.all(jobs);
    },
  };
}

/** Tells of a push, and gives what the sender is told. */
async function tell(
  { receive }: Faked,
  target: { tag?: string; digest?: string; id?: string } = {},
): Promise<string> {
  const { id = "1", ...rest } = target;
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const event = { id, action: "push", target: { mediaType, repository: "app", tag: "1", ...rest } };
  const { kind } = await receive("distribution", {
    method: "POST",
    headers: new Headers({ authorization: `Bearer ${SECRET}` }),
    body: Uint8Array.from(new TextEncoder().encode(JSON.stringify({ events: [event] }))),
  }, () => {});
  return kind;
}

function endWith(tag: Pick<TagReport, "result" | "digest">): RuleEnd {
  const names = { source: "r.example/app:1", destination: "m.example/app:1" };
  return {
    rule: "apps",
    result: "ok",
    tags: [{ ...names, ...tag }],
    pruned: [],
    requests: { source: 1, destination: 1 },
    durationMs: 1,
    warnings: [],
  };
}

const ONLY = { repository: "r.example/app", tag: "1" };

test("createHookReceiver() looks again where the tag is not there yet, or is still the old one", async () => {
  const faked = fakeReceiver([
    endWith({ result: "missing" }),
    endWith({ result: "unchanged", digest: OLD }),
    endWith({ result: "copied", digest: NEW }),
  ]);
  assert.equal(await tell(faked, { digest: NEW }), "accepted");
  await faked.settle();
  assert.deepEqual(faked.waits, [2000, 10_000]);
  assert.deepEqual(faked.runs, [ONLY, ONLY, ONLY]);
});

test("createHookReceiver() looks once where the tag is what the sender says", async () => {
  const faked = fakeReceiver([endWith({ result: "started", digest: NEW })]);
  await tell(faked, { digest: NEW });
  await faked.settle();
  assert.deepEqual([faked.runs, faked.waits], [[ONLY], []]);
});

test("createHookReceiver() puts a second push off to the end of the window, with all that follow it", async () => {
  const end = endWith({ result: "copied" });
  const faked = fakeReceiver([end, end]);
  for (const id of ["1", "2", "3", "3"]) assert.equal(await tell(faked, { id }), "accepted");
  await faked.settle();
  assert.deepEqual([faked.runs.length, faked.waits], [2, [10_000]]);
});

test("createHookReceiver() takes an event again whose rule could not be run", async () => {
  const faked = fakeReceiver(["failed", endWith({ result: "copied", digest: NEW })]);
  await tell(faked, { digest: NEW });
  await faked.settle();
  await tell(faked, { digest: NEW });
  await faked.settle();
  assert.equal(faked.runs.length, 2);
});

test("createHookReceiver() looks at the repository for a digest tag, once its tag is there", async () => {
  const faked = fakeReceiver(["started"]);
  assert.equal(await tell(faked, { tag: `sha256-${"c".repeat(64)}.sig`, digest: NEW }), "accepted");
  await faked.settle();
  assert.deepEqual([faked.runs, faked.waits], [[{ repository: "r.example/app" }], [2000]]);
});

test("createHookReceiver() leaves what was put off to the clock when the host is to end", async () => {
  const stopping = new AbortController();
  const faked = fakeReceiver([endWith({ result: "missing" })], stopping.signal);
  stopping.abort(new Error("about to stop"));
  await tell(faked, { digest: NEW });
  await faked.settle();
  assert.equal(faked.runs.length, 1);
});
