import { test } from "node:test";
import assert from "node:assert/strict";
import type { RuleReport } from "../../../src/sync/model.ts";
import type { RuleRunOptions } from "../../../src/sync/run_rules.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCli } from "../fake_cli.ts";
import { ruleReport, tagReport } from "../sync_samples.ts";
import { until } from "../../support/until.ts";

const HOUR_MS = 3_600_000;

const FILE = `
sync:
- { name: a, source: localhost:5000/a, target: localhost:5001/a, type: repository, interval: 1h }
- { name: b, source: localhost:5000/b, target: localhost:5001/b, type: repository, interval: 2h }
- { name: once, source: localhost:5000/c, target: localhost:5001/c, type: repository }
`;

interface Watched {
  readonly cli: FakeCli;
  /** Rules as they are begun, those of `--missing` with a star. */
  readonly begun: string[];
  /** What rules end with, and when; default: at once. */
  run: (rule: string, options: RuleRunOptions) => Promise<RuleReport>;
}

function watched(file = FILE): Watched {
  const begun: string[] = [];
  const self: Watched = {
    begun,
    run: (rule) => Promise.resolve(ruleReport(rule, [tagReport(rule, "1")])),
    cli: fakeCli({
      files: { "crossdock.yaml": file },
      runner: {
        run({ name }, options): Promise<RuleReport> {
          begun.push(options.missing ? `${name}*` : name);
          return self.run(name, options);
        },
      },
    }),
  };
  return self;
}

/** Advances the clock in steps until this many rules have begun. Rules need turns of the event loop. */
async function passUntil({ cli, begun }: Watched, count: number): Promise<void> {
  await until(`${count} rules have started`, () => {
    if (begun.length < count) cli.advance(HOUR_MS / 4);
    return begun.length >= count;
  });
}

test("crossdock sync --watch copies missing tags, then runs each rule on its schedule until it is stopped", async () => {
  const self = watched();
  const running = self.cli.run("sync", "--watch", "--progress", "none");
  await passUntil(self, 7);
  self.cli.send("SIGTERM");
  const { exitCode, stdout, stderr } = await running;
  assert.deepEqual(self.begun.slice(0, 3), ["a*", "b*", "once*"]);
  const rest = self.begun.slice(3).filter((rule) => rule === "a");
  assert.ok(rest.length >= 2 && self.begun.includes("b"), `${self.begun}`);
  assert.ok(!self.begun.includes("once"));
  assert.equal(exitCode, 143);
  assert.equal(stderr, "warning: once: no schedule, it runs only once\nstopped\n");
  assert.match(stdout, /^1970-01-01T00:31:40Z {2}next {10}a: 1970-01-01T01:00:00\.000Z$/m);
  assert.match(stdout, /Z {2}next {10}a: 1 copied; 1970-01-01T0[2-9]:/m);
  assert.equal(self.cli.timers, 0);
});

test("crossdock sync --watch does not begin a rule again that is still running", async () => {
  const self = watched();
  const ends: (() => void)[] = [];
  const running = self.cli.run("sync", "--watch", "--rule", "a");
  self.run = (rule) => {
    const report = ruleReport(rule, []);
    if (self.begun.length === 1) return Promise.resolve(report);
    return new Promise((resolve) => ends.push(() => resolve(report)));
  };
  await passUntil(self, 2);
  for (let i = 0; i < 12; i++) {
    self.cli.advance(HOUR_MS);
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.deepEqual(self.begun, ["a*", "a"]);
  ends.shift()?.();
  await passUntil(self, 3);
  self.cli.send("SIGINT");
  ends.shift()?.();
  assert.equal((await running).exitCode, 130);
});

test("crossdock sync --watch lets a rule wait for a rate limit, until its next time at the latest", async () => {
  const self = watched();
  const waits: (boolean | undefined)[] = [];
  self.run = async (rule, { waitUntil }) => {
    const now = self.cli.environment.now();
    if (self.begun.length === 2) waits.push(await waitUntil?.(now + HOUR_MS / 2));
    if (self.begun.length === 3) waits.push(await waitUntil?.(now + 10 * HOUR_MS));
    return ruleReport(rule, []);
  };
  const running = self.cli.run("sync", "--watch", "--rule", "a");
  await passUntil(self, 4);
  self.cli.send("SIGINT");
  assert.equal((await running).exitCode, 130);
  assert.deepEqual(waits, [true, false]);
});

test("crossdock sync --watch requires a rule with a schedule", async () => {
  const self = watched("sync:\n- { source: a.io/b:1, target: c.io/b:1, type: image }\n");
  const { exitCode, stderr } = await self.cli.run("sync", "--watch");
  assert.equal(exitCode, 2);
  assert.match(stderr, /^error: no rule has a schedule.*\nhint: set interval or schedule/);
  assert.deepEqual(self.begun, []);
});

test("crossdock sync --watch prints a warning again in each run", async () => {
  let runs = 0;
  const cli = fakeCli({
    files: { "crossdock.yaml": FILE },
    runner: {
      run({ name: rule }, { emit }): Promise<RuleReport> {
        runs += 1;
        for (const message of ["w", "w"]) emit?.({ type: "warning", rule, message });
        const report = ruleReport(rule, []);
        emit?.({ type: "rule-ended", report });
        return Promise.resolve(report);
      },
    },
  });
  const running = cli.run("sync", "--watch", "--rule", "a");
  await until("three runs have ended", () => {
    if (runs < 3) cli.advance(HOUR_MS);
    return runs >= 3;
  });
  cli.send("SIGINT");
  const { stderr } = await running;
  assert.equal(stderr.match(/^1970-[\d:T-]+Z {2}warning: a: w$/gm)?.length, runs);
});

test("crossdock sync --watch --json writes lines of JSON with their times, and nothing else", async () => {
  const cli = fakeCli({
    files: { "crossdock.yaml": FILE },
    runner: {
      run({ name: rule }, { emit }): Promise<RuleReport> {
        const tags = [
          tagReport(rule, "1"),
          { ...tagReport(rule, "2"), result: "unchanged" } as const,
        ];
        for (const tag of tags) emit?.({ type: "tag-ended", rule, tag });
        emit?.({ type: "warning", rule, message: "w" });
        const report = ruleReport(rule, tags);
        emit?.({ type: "rule-ended", report });
        return Promise.resolve(report);
      },
    },
  });
  const running = cli.run("sync", "--watch", "--json", "--changes", "--rule", "a");
  await until("the next time is written", () => cli.timers > 0);
  cli.send("SIGINT");
  const { exitCode, stdout } = await running;
  assert.equal(exitCode, 130);
  const entries = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(entries.map(({ type }) => type), [
    "tag-ended",
    "warning",
    "rule-ended",
    "next",
    "stopped",
  ]);
  assert.deepEqual(entries[2].counts, { copied: 1, unchanged: 1 });
  assert.equal(entries[2].tags, undefined);
  for (const { time } of entries) assert.match(time, /^1970-01-01T00:16:40\.000Z$/);
  assert.equal(entries[3].at, 3_600_000);
});
