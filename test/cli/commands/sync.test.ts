/** `crossdock sync`: what it prints, and what it ends with. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuleReport, SyncReport } from "../../../src/sync/model.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCliOptions } from "../fake_cli.ts";
import {
  BOTH,
  FAILED,
  FILE,
  files,
  ruleReport,
  runnerOf,
  statusOf,
  sync,
  tagReport,
} from "../sync_samples.ts";

test("crossdock sync prints a line for each tag by its rule, and the sums", async () => {
  const { exitCode, stdout, stderr } = await sync({ runner: runnerOf(BOTH) });
  assert.deepEqual(stdout.split("\n"), [
    "rule          base",
    "copied        localhost:5000/base:1 -> localhost:5001/base:1  sha256:aaaaaaaaaaaa",
    "unchanged     localhost:5000/base:2 -> localhost:5001/base:2  sha256:aaaaaaaaaaaa",
    "deleted       localhost:5001/base:0",
    "rule          apps",
    "copied        localhost:5000/apps:1 -> localhost:5001/apps:1  sha256:aaaaaaaaaaaa",
    "",
    "tags          2 copied, 1 unchanged, 1 deleted",
    "requests      4 to sources, 6 to targets",
    "time          0 ms",
    "",
  ]);
  assert.deepEqual([exitCode, stderr], [0, ""]);
});

test("crossdock sync --json prints one document, and nothing else on stdout", async () => {
  const { exitCode, stdout, stderr } = await sync({ runner: runnerOf(BOTH) }, "--json");
  const wanted: SyncReport = { result: "ok", rules: [BOTH.base, BOTH.apps], durationMs: 0 };
  assert.deepEqual(JSON.parse(stdout), wanted);
  assert.deepEqual([exitCode, stderr], [0, ""]);
});

test("crossdock sync marks the tags that were remembered, and counts them separately", async () => {
  const remembered = { result: "unchanged", remembered: true } as const;
  const { stdout } = await sync({
    runner: runnerOf({
      ...BOTH,
      base: ruleReport("base", [
        tagReport("base", "1", { result: "unchanged" }),
        tagReport("base", "2", remembered),
        tagReport("base", "3", remembered),
      ]),
    }),
  });
  assert.match(stdout, /^unchanged {5}\S+ -> \S+:1 {2}sha256:a{12}$/m);
  assert.match(stdout, /^unchanged {5}\S+ -> \S+:2 {2}sha256:a{12} {2}\(remembered\)$/m);
  assert.match(stdout, /^tags {10}1 unchanged, 2 unchanged \(remembered\), 1 copied$/m);
});

test("crossdock sync prints each warning and hint once, on stderr", async () => {
  const { stdout, stderr } = await sync({
    runner: runnerOf({
      base: ruleReport("base", [tagReport("base", "1", FAILED), tagReport("base", "2", FAILED)], {
        result: "all-failed",
        warnings: ["one", "one"],
      }),
      apps: BOTH.apps,
    }),
  });
  assert.equal(stderr, "warning: base: one\nhint: is it up\n");
  assert.match(
    stdout,
    /^failed {8}localhost:5000\/base:1 -> .*: source: connect: nobody listens$/m,
  );
  assert.match(stdout, /^failed {8}base$/m);
});

test("crossdock sync warns once that webhooks.out is ignored", async () => {
  const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
  const out = (path: string): string =>
    `{url: "https://chat.example/${path}", secrets: [${secret}]}`;
  const options = {
    files: { "crossdock.yaml": `${FILE}\nwebhooks: {out: [${out("a")}, ${out("b")}]}\n` },
    runner: runnerOf(BOTH),
  };
  const { exitCode, stderr } = await sync(options);
  assert.deepEqual([exitCode, stderr], [
    0,
    "warning: crossdock.yaml: webhooks.out is ignored: only the server sends notifications\n",
  ]);
  assert.equal((await sync(options, "--quiet")).stderr, "");
});

test("crossdock sync --quiet prints nothing but errors", async () => {
  const fine = await sync({ runner: runnerOf(BOTH) }, "--quiet");
  assert.deepEqual(fine, { exitCode: 0, stdout: "", stderr: "" });
  const base = ruleReport("base", [tagReport("base", "1", FAILED)], { result: "all-failed" });
  const failed = await sync({ runner: runnerOf({ ...BOTH, base }) }, "--quiet");
  assert.deepEqual(failed, {
    exitCode: 13,
    stdout: "",
    stderr: "error: base: localhost:5000/base:1 -> localhost:5001/base:1: " +
      "source: connect: nobody listens\n",
  });
});

const results: [base: RuleReport["result"], apps: RuleReport["result"], exitCode: number][] = [
  ["ok", "ok", 0],
  ["ok", "postponed", 10],
  ["some-failed", "ok", 13],
  ["all-failed", "ok", 13],
  ["some-failed", "all-failed", 13],
  ["all-failed", "postponed", 13],
  ["all-failed", "all-failed", 14],
];
for (const [base, apps, wanted] of results) {
  test(`crossdock sync ends with ${wanted} where one rule is ${base} and the other ${apps}`, async () => {
    const reports = {
      base: ruleReport("base", [], { result: base }),
      apps: ruleReport("apps", [], { result: apps }),
    };
    assert.equal((await sync({ runner: runnerOf(reports) })).exitCode, wanted);
  });
}

test("crossdock sync shows until when a rule is postponed", async () => {
  const postponedUntil = Date.UTC(2026, 2, 7, 12);
  const base = ruleReport("base", [], { result: "postponed", postponedUntil });
  const { stdout } = await sync({ runner: runnerOf({ ...BOTH, base }) });
  assert.match(stdout, /^postponed {5}base until 2026-03-07T12:00:00\.000Z$/m);
});

test("crossdock sync hands --dry-run and --missing on, and runs the rules of --rule alone", async () => {
  const asked: unknown[] = [];
  const runner = {
    run: (
      { name }: { name: string },
      { dryRun, missing }: { dryRun?: boolean; missing?: boolean },
    ) => {
      asked.push([name, dryRun, missing]);
      return Promise.resolve(ruleReport(name, []));
    },
  } as FakeCliOptions["runner"] & object;
  await sync({ runner }, "--dry-run", "--rule", "apps");
  await sync({ runner }, "--missing", "--rule", "apps", "--rule", "base");
  assert.deepEqual(asked, [
    ["apps", true, undefined],
    ["base", undefined, true],
    ["apps", undefined, true],
  ]);
});

test("crossdock sync --status prints each tag's state, and exits with 12 if one is behind", async () => {
  const names = { source: "localhost:5000/base:1", destination: "localhost:5001/base:1" };
  const inStep = { ...names, state: "in-step", digest: `sha256:${"a".repeat(64)}` } as const;
  const current = `sha256:${"b".repeat(64)}`;
  const cases = [
    [[inStep], 0],
    [[inStep, { ...inStep, state: "behind", current }], 12],
    [[inStep, { ...names, state: "error", error: FAILED.error }], 13],
    [[{ ...names, state: "error", error: FAILED.error }], 14],
  ] as const;
  for (const [tags, wanted] of cases) {
    const runner = statusOf({ base: tags as never });
    const { exitCode, stdout } = await sync({ runner }, "--status", "--rule", "base");
    assert.equal(exitCode, wanted, stdout);
  }
  const { stdout } = await sync({ runner: statusOf({ base: cases[1][0] as never }) }, "--status");
  assert.deepEqual(stdout.split("\n"), [
    "rule          base",
    "in-step       localhost:5000/base:1 -> localhost:5001/base:1  sha256:aaaaaaaaaaaa",
    "behind        localhost:5000/base:1 -> localhost:5001/base:1  sha256:aaaaaaaaaaaa, " +
    "has sha256:bbbbbbbbbbbb",
    "rule          apps",
    "",
    "no tags       apps",
    "tags          1 in-step, 1 behind",
    "",
  ]);
});

test("crossdock sync continues when stdout is closed", async () => {
  const cli = fakeCli({
    files,
    runner: runnerOf({
      ...BOTH,
      base: ruleReport("base", [tagReport("base", "1", FAILED)], { result: "all-failed" }),
    }),
  });
  const { stdout } = cli.environment;
  stdout.write = ((_: string, done: (error: Error) => void) => {
    done(Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" }));
    return false;
  }) as typeof stdout.write;
  assert.equal((await cli.run("sync")).exitCode, 13);
});

for (const json of [false, true]) {
  test(`crossdock sync stopped by Ctrl-C prints the results so far${json ? " as JSON" : ""}`, async () => {
    const cli = fakeCli({
      files,
      runner: {
        run({ name: rule }, { emit, signal }): Promise<RuleReport> {
          emit?.({ type: "rule-started", rule });
          emit?.({ type: "tag-ended", rule, tag: tagReport(rule, "1") });
          if (rule === "base") {
            emit?.({ type: "rule-ended", report: ruleReport(rule, [tagReport(rule, "1")]) });
            return Promise.resolve(ruleReport(rule, [tagReport(rule, "1")]));
          }
          cli.send("SIGINT");
          return Promise.reject(signal?.reason ?? new Error("not aborted"));
        },
      },
    });
    const { exitCode, stdout, stderr } = await cli.run("sync", ...(json ? ["--json"] : []));
    assert.equal(exitCode, 130);
    assert.equal(stderr, "stopped: 2 copied; run the same command again to continue\n");
    if (json) {
      const rest = { rule: "apps", result: "stopped", tags: [tagReport("apps", "1")], pruned: [] };
      assert.deepEqual(JSON.parse(stdout), {
        result: "stopped",
        rules: [ruleReport("base", [tagReport("base", "1")]), rest],
      });
    } else {
      assert.match(stdout, /^rule {10}base\ncopied .*\nrule {10}apps\ncopied .*\n$/);
    }
    assert.equal(cli.timers, 0);
  });
}

test("crossdock sync --via has the server run its own rules", async () => {
  const asked: unknown[] = [];
  const done: SyncReport = { result: "some-failed", rules: [BOTH.base], durationMs: 7 };
  const cli = fakeCli({
    remoteEngine: {
      sync(request, { emit } = {}): Promise<SyncReport> {
        asked.push(request);
        for (const tag of BOTH.base.tags) emit?.({ type: "tag-ended", rule: "base", tag });
        return Promise.resolve(done);
      },
      detachSync: (request) => {
        asked.push(request);
        return Promise.resolve({ started: { rules: [{ rule: "base", id: "run-1" }] } });
      },
      syncStatus: (rules) => {
        asked.push(rules);
        return Promise.resolve({ state: "in-step", rules: [] });
      },
    },
  });
  const via = ["sync", "--via", "https://a.example"];
  const { exitCode, stdout } = await cli.run(...via, "--rule", "base", "--missing");
  assert.equal(exitCode, 13);
  assert.match(stdout, /^rule {10}base\ncopied .*\nunchanged .*\n\ntags {10}/);
  assert.equal((await cli.run(...via, "--status", "--rule", "base")).exitCode, 0);
  const started = await cli.run(...via, "--detach");
  assert.deepEqual([started.exitCode, started.stdout], [0, "started       base  run-1\n"]);
  assert.deepEqual(asked, [{ rules: ["base"], missing: true }, ["base"], {}]);
  assert.equal(cli.engines.length, 0);
});
