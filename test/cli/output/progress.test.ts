import { test } from "node:test";
import assert from "node:assert/strict";
import type { Emit, Report } from "../../../src/copy/model.ts";
import type { LocalEngine } from "../../../src/engine.ts";
import { CrossdockError } from "../../../src/errors.ts";
import type { BlobStep } from "../../../src/copy/step.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCli } from "../fake_cli.ts";
import { screenOf } from "../screen.ts";
import { blobStep, DESTINATION, plan, report, SOURCE, tagStep } from "../samples.ts";
import { FakeTimers } from "../../support/fake_timers.ts";

const MIB = 1024 * 1024;
const steps = [blobStep("a", 8 * MIB), blobStep("b", 2 * MIB), blobStep("c", 6 * MIB)];
const blobPlan = {
  ...plan,
  stages: [{ name: "blobs" as const, steps }, { name: "tag" as const, steps: [tagStep] }],
};

/** A copy that does what the script says, with the CLI that it runs in. */
function scripted(
  script: (emit: Emit, cli: FakeCli) => Promise<void> | void,
  options: { isTerminal?: boolean; env?: Record<string, string> } = {},
): FakeCli {
  const cli = fakeCli({
    ...options,
    engine: {
      async copy(_, { emit } = {}): Promise<Report> {
        await script(emit ?? ((): void => {}), cli);
        return report;
      },
    },
  });
  return cli;
}

function progress(emit: Emit, { descriptor }: BlobStep, bytes: number): void {
  emit({ type: "progress", digest: descriptor.digest, bytes, sizeBytes: descriptor.size });
}

function finish(emit: Emit, step: BlobStep, state: "streamed" | "present"): void {
  const bytes = state === "streamed" ? step.descriptor.size : 0;
  emit({ type: "step-finished", step, outcome: { type: "blob", state, bytes } });
}

test("crossdock copy shows a plain line every five seconds where stderr is no terminal", async () => {
  const [a, b, c] = steps as [BlobStep, BlobStep, BlobStep];
  const cli = scripted((emit, cli) => {
    cli.advance(6000);
    emit({ type: "plan", plan: blobPlan });
    finish(emit, b, "present");
    progress(emit, a, 1 * MIB);
    cli.advance(4000);
    progress(emit, a, 6 * MIB);
    // Begun again: its bytes go back.
    cli.advance(3000);
    progress(emit, a, 3 * MIB);
    cli.advance(2000);
    finish(emit, a, "streamed");
    finish(emit, c, "streamed");
    cli.advance(4900);
  });
  const { exitCode, stderr } = await cli.run("copy", SOURCE, DESTINATION);
  assert.equal(exitCode, 0);
  assert.equal(
    stderr,
    `\
3.0 MiB of 16.0 MiB, 1 of 3 blobs, 205 KiB/s
5.0 MiB of 16.0 MiB, 1 of 3 blobs, 410 KiB/s
`,
  );
  assert.equal(cli.timers, 0);
});

test("crossdock copy shows retries and warnings as lines, each warning once", async () => {
  const cli = fakeCli({
    engine: {
      copy(_, { emit } = {}): Promise<Report> {
        emit?.({ type: "warning", message: "one" });
        emit?.({ type: "warning", message: "one" });
        const event = { type: "retry", side: "source", attempt: 1, delayMs: 1200 } as const;
        emit?.({ ...event, what: "read blob x", reason: "read blob x: the connection broke" });
        emit?.({ ...event, what: "read blob x", reason: "cut" });
        return Promise.resolve({ ...report, warnings: ["one", "two"] });
      },
    },
  });
  const { stderr } = await cli.run("copy", SOURCE, DESTINATION);
  assert.equal(
    stderr,
    `\
warning: one
retry 1 in 1.2 s: source: read blob x: the connection broke
retry 1 in 1.2 s: source: read blob x: cut
warning: two
`,
  );
});

const modes: [flags: string[], isTerminal: boolean, env: Record<string, string>, wanted: string][] =
  [
    [[], false, {}, "plain"],
    [[], true, {}, "bar"],
    [[], true, { TERM: "dumb" }, "plain"],
    [["--json"], true, {}, "plain"],
    [["--json", "--progress", "bar"], true, {}, "bar"],
    [["--progress", "plain"], true, {}, "plain"],
    [["--progress", "bar"], false, {}, "plain"],
    [["--progress", "none"], true, {}, "none"],
    [["--quiet"], true, {}, "none"],
    [["--quiet", "--progress", "bar"], true, {}, "none"],
  ];
for (const [flags, isTerminal, env, wanted] of modes) {
  const where = `${isTerminal ? "on a terminal" : "elsewhere"}${
    env["TERM"] ? " that is dumb" : ""
  }`;
  test(`crossdock copy ${flags.join(" ")} ${where} shows progress: ${wanted}`, async () => {
    const cli = scripted((emit, cli) => {
      emit({ type: "plan", plan: blobPlan });
      progress(emit, steps[0] as BlobStep, MIB);
      cli.advance(5000);
    }, { isTerminal, env });
    const { stderr } = await cli.run("copy", ...flags, SOURCE, DESTINATION);
    const shown = stderr.includes("\x1b[") ? "bar" : stderr === "" ? "none" : "plain";
    assert.equal(shown, wanted, stderr);
  });
}

test("crossdock copy draws a bar for each blob on its way and the total, lines above them, and takes them away", async () => {
  const [a, b, c] = steps as [BlobStep, BlobStep, BlobStep];
  const screens: string[][] = [];
  using timers = new FakeTimers();
  const cli = scripted((emit, cli) => {
    const look = (): void => {
      timers.advance(250);
      screens.push(screenOf((cli.environment.stderr as unknown as { text: string }).text));
    };
    emit({ type: "plan", plan: blobPlan });
    progress(emit, a, 2 * MIB);
    progress(emit, c, 3 * MIB);
    finish(emit, b, "present");
    cli.advance(1000);
    progress(emit, a, 4 * MIB);
    look();
    emit({ type: "warning", message: "mind the gap" });
    finish(emit, c, "streamed");
    look();
  }, { isTerminal: true });
  const { exitCode, stdout, stderr } = await cli.run("copy", SOURCE, DESTINATION);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^copied /);
  const bar = (filled: number): string => `[${"=".repeat(filled)}${" ".repeat(31 - filled)}]`;
  assert.deepEqual(screens[0], [
    `total               ${bar(17)}  56%  9.0 MiB of 16.0 MiB  1/3 blobs  7.0 MiB/s`,
    `sha256:aaaaaaaaaaaa ${bar(16)}  50%  4.0 MiB of 8.0 MiB`,
    `sha256:cccccccccccc ${bar(16)}  50%  3.0 MiB of 6.0 MiB`,
  ]);
  assert.deepEqual(screens[1]?.filter((line) => line !== ""), [
    "warning: mind the gap",
    `total               ${bar(23)}  75%  12.0 MiB of 16.0 MiB  2/3 blobs  10.0 MiB/s`,
    `sha256:aaaaaaaaaaaa ${bar(16)}  50%  4.0 MiB of 8.0 MiB`,
  ]);
  assert.deepEqual(screenOf(stderr).filter((line) => line !== ""), ["warning: mind the gap"]);
  // The cursor is shown again.
  assert.ok(stderr.lastIndexOf("\x1b[?25h") > stderr.lastIndexOf("\x1b[?25l"));
});

test("crossdock copy draws ten blobs at most", async () => {
  const many = Array.from({ length: 14 }, (_, i) => blobStep(i.toString(16), MIB));
  let screen: string[] = [];
  using timers = new FakeTimers();
  const cli = scripted((emit, cli) => {
    emit({ type: "plan", plan: { ...blobPlan, stages: [{ name: "blobs", steps: many }] } });
    for (const step of many) progress(emit, step, 1000);
    timers.advance(250);
    screen = screenOf((cli.environment.stderr as unknown as { text: string }).text);
  }, { isTerminal: true });
  await cli.run("copy", SOURCE, DESTINATION);
  assert.equal(screen.filter((line) => line.startsWith("sha256:")).length, 10);
});

test("crossdock copy takes the bars away when it fails", async () => {
  using timers = new FakeTimers();
  const cli = scripted((emit) => {
    emit({ type: "plan", plan: blobPlan });
    progress(emit, steps[0] as BlobStep, MIB);
    timers.advance(150);
    throw new Error("oops");
  }, { isTerminal: true });
  const { exitCode, stderr } = await cli.run("copy", SOURCE, DESTINATION);
  assert.equal(exitCode, 1);
  assert.match(screenOf(stderr).filter((line) => line !== "")[0] ?? "", /^error: .*oops$/);
});

test("crossdock tags, inspect and auth name their registry in retries, and no side", async () => {
  const retry = {
    type: "retry",
    side: "source",
    what: "get",
    attempt: 1,
    delayMs: 500,
    reason: "503",
  } as const;
  const fail = (emit: Emit | undefined): Promise<never> => {
    emit?.(retry);
    return Promise.reject(new CrossdockError("registry", "get: 503", { side: "source" }));
  };
  const engine: Partial<LocalEngine> = {
    tags: async function* (_, { emit } = {}): AsyncGenerator<string[]> {
      yield await fail(emit);
    },
    inspect: (_, { emit } = {}) => fail(emit),
    checkAccess: (_, { emit } = {}) => fail(emit),
  };
  for (const command of ["tags", "inspect", "auth"]) {
    const { stderr } = await fakeCli({ engine }).run(command, "r.example/app");
    assert.equal(stderr, "retry 1 in 500 ms: r.example: get: 503\nerror: get: 503\n");
  }
});
