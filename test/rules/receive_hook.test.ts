import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report } from "../../src/copy/model.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import type { ServerConfig } from "../../src/config/server_config.ts";
import { createHookReceiver } from "../../src/rules/receive_hook.ts";
import type { HookReceiver, HookReceiverOptions } from "../../src/rules/receive_hook.ts";
import { CrossdockError } from "../../src/errors.ts";
import type { SubjectImage } from "../../src/sync/find_image.ts";
import type { RuleEnd, RuleOccasion } from "../../src/rules/dispatch.ts";
import type { RuleReport, TagReport } from "../../src/sync/model.ts";

const SECRET = "a-secret-of-the-registry";
const [OLD, NEW] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`] as const;

const HOOKS = `
webhooks:
  in:
    distribution: {kind: bearer, place: r.example, secrets: [${SECRET}]}
`;

/** A rule, with further keys. */
function configOf(keys: string): ServerConfig {
  return parseConfig({
    CROSSDOCK_CONFIG: `
sync:
  - {name: apps, type: repository, source: r.example/app, target: m.example/app, ${keys}}
${HOOKS}`,
  });
}

const CONFIG = configOf('tags: {deny: ["sha256-.*"]}, digestTags: true');

interface Faked {
  readonly receive: HookReceiver;
  /** What rules were run for, one after the other. */
  readonly runs: RuleOccasion["only"][];
  /** How long was waited before each, in milliseconds, where it was waited. */
  readonly waits: number[];
  /** Waits for the work behind the answers. */
  settle(): Promise<void>;
}

/** Begins here, in milliseconds since the epoch. */
const START = 1_000_000;

/** A receiver whose rules end as `ends` says, in turn; its clock goes on only while it waits, and that is over when it is settled. */
function fakeReceiver(
  ends: readonly RuleEnd[],
  {
    config = CONFIG,
    findImage = () => Promise.reject(new Error("no image is to be found")),
    stopping,
    canWait,
    dispatch,
  }: Partial<HookReceiverOptions> = {},
): Faked {
  const runs: Faked["runs"] = [];
  const waits: number[] = [];
  const jobs: Promise<unknown>[] = [];
  const timers: { readonly at: number; readonly wake: () => void }[] = [];
  let now = START;
  const receive = createHookReceiver({
    config,
    runtime: {
      fetch: () => Promise.reject(new Error("nothing is to be fetched")),
      now: () => now,
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        waits.push(ms);
        await new Promise<void>((wake) => timers.push({ at: now + ms, wake }));
      },
    },
    dispatch: dispatch ?? (async (_, { only, waitUntil }) => {
      // A run that a rate limit postpones waits as long as it may, and then tries again.
      for (;;) {
        runs.push(only);
        const end = ends[runs.length - 1] ?? "failed";
        if (typeof end === "string" || end.postponedUntil === undefined) return end;
        if (!await waitUntil?.(end.postponedUntil)) return end;
      }
    }),
    findImage,
    background: (job) => void jobs.push(job),
    stopping,
    canWait,
  });
  return {
    receive,
    runs,
    waits,
    async settle(): Promise<void> {
      let isOver = false;
      const settleAll = async (): Promise<void> => {
        for (const job of jobs) await job;
      };
      const over = settleAll().finally(() => isOver = true);
      while (!isOver) {
        await new Promise((next) => setImmediate(next));
        const next = timers.sort((a, b) => a.at - b.at).shift();
        now = Math.max(now, next?.at ?? now);
        next?.wake();
      }
      await over;
    },
  };
}

/** Tells of a push, and gives what the sender is told. */
async function tell(
  { receive }: Faked,
  target: { tag?: string | undefined; digest?: string; id?: string; repository?: string } = {},
): Promise<string> {
  const { id = "1", ...rest } = target;
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const event = { id, action: "push", target: { mediaType, repository: "app", tag: "1", ...rest } };
  const body = Uint8Array.from(new TextEncoder().encode(JSON.stringify({ events: [event] })));
  const { kind } = await receive("distribution", {
    method: "POST",
    headers: new Headers({ authorization: `Bearer ${SECRET}` }),
    readBody: () => Promise.resolve(body),
  }, () => {});
  return kind;
}

function endWith(tag: Pick<TagReport, "result" | "digest" | "report" | "error">): RuleEnd {
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

function postponed(postponedUntil: number): RuleEnd {
  const end = endWith({ result: "postponed" }) as RuleReport;
  return { ...end, result: "postponed", postponedUntil };
}

const ONLY = { repository: "r.example/app", tag: "1" };

test("createHookReceiver() runs again if the tag is missing or still the old one", async () => {
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

test("createHookReceiver() runs once if the tag has the digest of the event", async () => {
  const faked = fakeReceiver([endWith({ result: "started", digest: NEW })]);
  await tell(faked, { digest: NEW });
  await faked.settle();
  assert.deepEqual([faked.runs, faked.waits], [[ONLY], []]);
});

for (const keys of ["platform: linux/amd64", "platforms: [linux/amd64], index: rebuild"]) {
  test(`createHookReceiver() detects the event's image if the target has another digest: ${keys}`, async () => {
    const config = configOf(keys);
    const made = (digest: string): RuleEnd => {
      const report = { source: `r.example/app:1@${digest}` } as Report;
      return endWith({ result: "copied", digest: `sha256:${"c".repeat(64)}`, report });
    };
    const looksAt = async (...ends: RuleEnd[]): Promise<number> => {
      const faked = fakeReceiver(ends, { config });
      await tell(faked, { digest: NEW });
      await faked.settle();
      return faked.runs.length;
    };
    const other = `sha256:${"c".repeat(64)}`;
    assert.equal(await looksAt(made(NEW)), 1);
    assert.equal(await looksAt(made(OLD), made(NEW)), 2);
    assert.equal(await looksAt(endWith({ result: "started", digest: other })), 1);
    // It may still be what was there before.
    const same = endWith({ result: "unchanged", digest: other });
    assert.equal(await looksAt(same, made(NEW)), 2);
  });
}

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

const IMAGE: SubjectImage = {
  digest: `sha256:${"c".repeat(64)}`,
  isIndex: false,
};
const SIGNED = configOf("referrers: true, digestTags: true, fastCheck: true");

test("createHookReceiver() runs for the repository of a shortened digest tag after that tag exists", async () => {
  const config = configOf(
    'tags: {deny: ["sha512-.*"]}, digestTags: true, referrers: true',
  );
  const faked = fakeReceiver(["started"], { config });
  assert.equal(
    await tell(faked, { tag: `sha512-${"c".repeat(64)}`, digest: NEW }),
    "accepted",
  );
  await faked.settle();
  assert.deepEqual([faked.runs, faked.waits], [[{ repository: "r.example/app" }], [2000]]);
});

test("createHookReceiver() finds the image of a digest tag, and retries by its tag until something is copied", async () => {
  const asked: unknown[] = [];
  const findImage: HookReceiverOptions["findImage"] = (
    { digest },
    { mayBeImage },
  ) => {
    asked.push([digest, mayBeImage]);
    return Promise.resolve(IMAGE);
  };
  const faked = fakeReceiver([
    endWith({ result: "unchanged" }),
    endWith({ result: "copied" }),
  ], { findImage });
  const tag = `${IMAGE.digest.replace(":", "-")}.sig`;
  assert.equal(await tell(faked, { tag, digest: NEW }), "accepted");
  await faked.settle();
  assert.deepEqual(asked, [[IMAGE.digest, true]]);
  assert.deepEqual(faked.waits, [2000]);
  const only = { repository: "r.example/app", subject: IMAGE };
  assert.deepEqual(faked.runs, [only, { ...only, tag: "1" }]);
});

test("createHookReceiver() runs again if the admission policy rejects the image of a new referrer", async () => {
  const error = { code: "rejected", message: "no signature was found" } as const;
  const faked = fakeReceiver([
    endWith({ result: "failed", error }),
    endWith({ result: "failed", error: { ...error, code: "network" } }),
  ], { findImage: () => Promise.resolve(IMAGE), config: configOf("referrers: true") });
  assert.equal(await tell(faked, { tag: undefined, digest: NEW }), "accepted");
  await faked.settle();
  assert.deepEqual(faked.waits, [2000]);
  assert.equal(faked.runs.length, 2);
});

test("createHookReceiver() combines the events of several referrers of an image, and repeated ones", async () => {
  const asked: string[] = [];
  const findImage: HookReceiverOptions["findImage"] = ({ digest }) => {
    asked.push(digest);
    return Promise.resolve(IMAGE);
  };
  const end = endWith({ result: "copied" });
  const faked = fakeReceiver([end, end, end], { config: SIGNED, findImage });
  for (const digest of [OLD, NEW, NEW, OLD]) {
    assert.equal(
      await tell(faked, { tag: undefined, digest, id: digest }),
      "accepted",
    );
  }
  await faked.settle();
  assert.deepEqual(asked, [OLD, NEW]);
  assert.deepEqual([faked.runs.length, faked.waits], [2, [10_000]]);
});

test("createHookReceiver() runs the rules whose referrerSource got a referrer, for their images", async () => {
  const asked: unknown[] = [];
  const findImage: HookReceiverOptions["findImage"] = (
    { repository, digest },
    { mayBeElsewhere },
  ) => {
    asked.push([repository, digest, mayBeElsewhere]);
    return Promise.resolve(IMAGE);
  };
  const config = configOf("referrers: true, referrerSource: r.example/signatures");
  const faked = fakeReceiver([endWith({ result: "copied" })], { findImage, config });
  const event = { tag: undefined, digest: NEW, repository: "signatures" };
  assert.equal(await tell(faked, event), "accepted");
  await faked.settle();
  assert.deepEqual(asked, [["signatures", NEW, true]]);
  assert.deepEqual(faked.runs, [{ repository: "r.example/app", subject: IMAGE }]);
});

test("createHookReceiver() runs nothing for a manifest that is no referrer", async () => {
  const faked = fakeReceiver([], {
    config: SIGNED,
    findImage: () => Promise.resolve(undefined),
  });
  assert.equal(await tell(faked, { tag: undefined, digest: NEW }), "accepted");
  await faked.settle();
  assert.deepEqual(faked.runs, []);
});

test("createHookReceiver() reads no manifest if no rule copies the referrers of the repository", async () => {
  const faked = fakeReceiver([]);
  assert.equal(await tell(faked, { tag: undefined, digest: NEW }), "ignored");
});

test("createHookReceiver() bounds the manifests that it reads, and the runs, at once for many referrers", async () => {
  const count = { reads: 0, runs: 0, mostReads: 0, mostRuns: 0, images: 0 };
  const turn = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) await new Promise((next) => setImmediate(next));
  };
  const rules = Array.from(
    { length: 20 },
    (_, i) =>
      `- {name: a${i}, type: repository, source: r.example/app${i}, target: m.example/app${i}, referrers: true}`,
  );
  const faked = fakeReceiver([], {
    config: parseConfig({
      CROSSDOCK_CONFIG: `sync:\n${rules.join("\n")}\n${HOOKS}`,
    }),
    async findImage({ digest }): Promise<SubjectImage> {
      count.mostReads = Math.max(count.mostReads, ++count.reads);
      await turn();
      count.reads -= 1;
      return { digest, isIndex: false };
    },
    async dispatch(): Promise<RuleEnd> {
      count.mostRuns = Math.max(count.mostRuns, ++count.runs);
      await turn();
      count.runs -= 1;
      count.images += 1;
      return endWith({ result: "copied" });
    },
  });
  for (let i = 0; i < 100; i++) {
    const digest = `sha256:${String(i).padStart(64, "0")}`;
    const repository = `app${i % 20}`;
    await tell(faked, { tag: undefined, digest, id: digest, repository });
  }
  await faked.settle();
  assert.equal(count.images, 100);
  assert.ok(count.mostReads <= 4 && count.mostRuns <= 4, JSON.stringify(count));
});

test("createHookReceiver() runs the whole repository for many referrers at once", async () => {
  const runs: RuleOccasion["only"][] = [];
  const { promise: allTold, resolve: release } = Promise.withResolvers<void>();
  const faked = fakeReceiver([], {
    config: SIGNED,
    findImage: ({ digest }) => Promise.resolve({ digest, isIndex: false }),
    async dispatch(_, { only }): Promise<RuleEnd> {
      runs.push(only);
      await allTold;
      return endWith({ result: "copied" });
    },
  });
  for (let i = 0; i < 100; i++) {
    const digest = `sha256:${String(i).padStart(64, "0")}`;
    await tell(faked, { tag: undefined, digest, id: digest });
  }
  for (let i = 0; i < 100; i++) await new Promise((next) => setImmediate(next));
  release();
  await faked.settle();
  const isWhole = (only: RuleOccasion["only"]): boolean => only?.subject === undefined;
  assert.deepEqual(runs.map(isWhole), [...Array(8).fill(false), true, true]);
  assert.deepEqual(runs.at(-1), { repository: "r.example/app", related: true });
});

test("createHookReceiver() lets other referrers run while one waits for a rate limit", async () => {
  let waits = 0;
  let copied = 0;
  const faked = fakeReceiver([], {
    config: SIGNED,
    findImage: ({ digest }) => Promise.resolve({ digest, isIndex: false }),
    async dispatch(_, { waitUntil }): Promise<RuleEnd> {
      // The first runs wait until the last one has ended.
      if (++waits <= 4) {
        assert.equal(await waitUntil?.(START + 60_000), true);
        assert.equal(copied, 1);
      } else copied += 1;
      return endWith({ result: "copied" });
    },
  });
  for (let i = 0; i < 5; i++) {
    const digest = `sha256:${String(i).padStart(64, "0")}`;
    await tell(faked, { tag: undefined, digest, id: digest });
  }
  await faked.settle();
  assert.deepEqual([waits, copied], [5, 1]);
});

test("createHookReceiver() waits for a manifest that is not there yet, and not after another error", async () => {
  const absent = new CrossdockError("not_found", "no such manifest");
  const denied = new CrossdockError("denied", "no access");
  for (
    const [error, waits] of [[absent, [2000, 10_000]], [denied, []]] as const
  ) {
    let asked = 0;
    const findImage: HookReceiverOptions["findImage"] = () => {
      asked += 1;
      return Promise.reject(error);
    };
    const faked = fakeReceiver([], { config: SIGNED, findImage });
    await tell(faked, { tag: undefined, digest: NEW });
    await faked.settle();
    assert.deepEqual([asked, faked.waits, faked.runs], [
      waits.length + 1,
      waits,
      [],
    ]);
    // The sender may repeat the event.
    await tell(faked, { tag: undefined, digest: NEW });
    await faked.settle();
    assert.equal(asked, 2 * (waits.length + 1));
  }
});

test("createHookReceiver() leaves a postponed run to the schedule when the host stops", async () => {
  const stopping = new AbortController();
  const faked = fakeReceiver([endWith({ result: "missing" })], { stopping: stopping.signal });
  stopping.abort(new Error("about to stop"));
  await tell(faked, { digest: NEW });
  await faked.settle();
  assert.equal(faked.runs.length, 1);
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

test("createHookReceiver() retries an event that a rate limit postponed", async () => {
  const done = endWith({ result: "copied", digest: NEW });
  const faked = fakeReceiver([
    postponed(START + MINUTE_MS),
    postponed(START + 2 * MINUTE_MS),
    done,
  ]);
  await tell(faked, { digest: NEW });
  await faked.settle();
  assert.deepEqual([faked.runs, faked.waits], [[ONLY, ONLY, ONLY], [MINUTE_MS, MINUTE_MS]]);
});

test("createHookReceiver() retries once for several events that a rate limit postponed", async () => {
  const until = START + MINUTE_MS;
  const faked = fakeReceiver([postponed(until), postponed(until), endWith({ result: "copied" })]);
  await tell(faked, { id: "1" });
  await tell(faked, { id: "2" });
  await faked.settle();
  assert.deepEqual(faked.waits.toSorted((a, b) => a - b), [10_000, MINUTE_MS]);
  assert.equal(faked.runs.length, 3);
});

test("createHookReceiver() discards an event that a rate limit postpones for more than a day", async () => {
  const ends = [1, 24, 26].map((hours) => postponed(START + hours * HOUR_MS));
  const faked = fakeReceiver(ends);
  await tell(faked, { digest: NEW });
  await faked.settle();
  assert.equal(faked.runs.length, 3);
});

test("createHookReceiver() waits for no limit where the host does not live so long, or is to end", async () => {
  const stopping = new AbortController();
  stopping.abort(new Error("about to stop"));
  for (const options of [{ canWait: false }, { stopping: stopping.signal }]) {
    const faked = fakeReceiver([postponed(START + MINUTE_MS)], options);
    await tell(faked, { digest: NEW });
    await faked.settle();
    assert.deepEqual([faked.runs.length, faked.waits], [1, []]);
  }
});
