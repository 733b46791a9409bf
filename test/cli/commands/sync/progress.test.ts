/** `crossdock sync`: what it prints while copies run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuleReport } from "../../../../src/sync/model.ts";
import { syncStreamEventSchema } from "../../../../src/stream_events.ts";
import { fakeCli } from "../../fake_cli.ts";
import { report } from "../../samples.ts";
import { FAILED, files, ruleReport, tagReport } from "../../sync_samples.ts";

test("crossdock sync shows the progress of running copies", async () => {
  const cli = fakeCli({
    files,
    runner: {
      run({ name: rule }, { emit }): Promise<RuleReport> {
        const names = { source: "a", destination: `b${rule}` };
        const plan = {
          stages: [{ name: "blobs", steps: [{ type: "blob", descriptor: { size: 2048 } }] }],
        };
        emit?.({ type: "copy", rule, ...names, event: { type: "plan", plan: plan as never } });
        const progress = { type: "progress", digest: "d", bytes: 1024, sizeBytes: 2048 } as const;
        emit?.({ type: "copy", rule, ...names, event: progress });
        cli.advance(5000);
        emit?.({ type: "tag-ended", rule, tag: { ...names, result: "copied", report } });
        cli.advance(5000);
        return Promise.resolve(ruleReport(rule, []));
      },
    },
  });
  const { stderr } = await cli.run("sync");
  const line = "1.0 KiB of 2.0 KiB, 0 of 1 blobs, 205 B/s, 5 s left\n";
  assert.equal(stderr, line + line);
  assert.equal(cli.timers, 0);
});

const ONE_RULE = "sync:\n- { source: a.io/b, target: c.io/b, type: repository }\n";

test("crossdock sync --changes leaves out tags to which nothing happened, and still counts them", async () => {
  const cli = fakeCli({
    files,
    runner: {
      run({ name: rule }, { emit }): Promise<RuleReport> {
        const results = ["unchanged", "copied", "skipped", "too-fresh", "unchanged"] as const;
        const tags = results.map((result, i) => ({ ...tagReport(rule, `${i}`), result }));
        emit?.({ type: "tags-selected", rule, repository: "a.io/b", count: tags.length });
        for (const tag of tags) emit?.({ type: "tag-ended", rule, tag });
        return Promise.resolve(ruleReport(rule, tags));
      },
    },
  });
  const { stdout } = await cli.run("sync", "--changes");
  assert.deepEqual(stdout.match(/^(unchanged|skipped)/gm), null);
  assert.equal(stdout.match(/^copied /gm)?.length, stdout.match(/^too-fresh /gm)?.length);
  assert.match(stdout, /^tags .*[24] unchanged/m);
});

test("crossdock sync shows how many tags of the run are done, also while nothing is copied", async () => {
  const cli = fakeCli({
    files: { "crossdock.yaml": ONE_RULE },
    runner: {
      run({ name: rule }, { emit }): Promise<RuleReport> {
        emit?.({ type: "tags-selected", rule, repository: "a.io/b", count: 3 });
        emit?.({ type: "tag-ended", rule, tag: { ...tagReport(rule, "1"), result: "unchanged" } });
        cli.advance(5000);
        return Promise.resolve(ruleReport(rule, []));
      },
    },
  });
  const { stderr } = await cli.run("sync");
  assert.equal(stderr, "1 of 3 tags\n");
});

test("crossdock sync prints a hint after the result that it belongs to", async () => {
  const cli = fakeCli({
    files,
    runner: {
      run({ name: rule }, { emit }): Promise<RuleReport> {
        const tag = tagReport(rule, "1", {
          ...FAILED,
          error: { code: "registry", message: "get manifest: 503", hint: "do that" },
        });
        emit?.({ type: "tag-ended", rule, tag });
        return Promise.resolve(ruleReport(rule, [tag], { result: "all-failed" }));
      },
    },
  });
  const lines: string[] = [];
  const { stdout, stderr } = cli.environment;
  stdout.write = ((text: string, done?: () => void): boolean => {
    queueMicrotask(() => {
      lines.push(text);
      done?.();
    });
    return true;
  }) as typeof stdout.write;
  stderr.write = ((text: string): boolean => {
    lines.push(text);
    return true;
  }) as typeof stderr.write;
  await cli.run("sync", "--rule", "base");
  assert.match(lines[0] ?? "", /^rule .*\nfailed /s);
  assert.equal(lines[1], "hint: do that\n");
});

test("crossdock sync --progress json writes the events of the API, and nothing else, to stderr", async () => {
  const failed = tagReport("base", "1", FAILED);
  const cli = fakeCli({
    files,
    runner: {
      run({ name: rule }, { emit }): Promise<RuleReport> {
        emit?.({ type: "warning", rule, message: "mind the gap" });
        emit?.({ type: "tag-ended", rule, tag: failed });
        const report = ruleReport(rule, [failed], { result: "all-failed" });
        emit?.({ type: "rule-ended", report });
        return Promise.resolve(report);
      },
    },
  });
  const { exitCode, stdout, stderr } = await cli.run(
    "sync",
    "--rule",
    "base",
    "--progress",
    "json",
  );
  assert.equal(exitCode, 14);
  assert.match(stdout, /^failed /m);
  const events = stderr.trimEnd().split("\n")
    .map((line) => syncStreamEventSchema.parse(JSON.parse(line)));
  assert.deepEqual(events.map(({ type }) => type), [
    "warning",
    "tag-ended",
    "rule-ended",
    "report",
  ]);
});
