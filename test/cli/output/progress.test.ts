import { test } from "node:test";
import assert from "node:assert/strict";
import type { Emit, Report } from "../../../src/copy/model.ts";
import type { LocalEngine } from "../../../src/engine.ts";
import { CrossdockError } from "../../../src/errors.ts";
import type { BlobStep } from "../../../src/copy/step.ts";
import { streamEventSchema } from "../../../src/stream_events.ts";
import type { StreamEvent } from "../../../src/stream_events.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCli, TextSink } from "../fake_cli.ts";
import { Screen } from "../screen.ts";
import { blobStep, DESTINATION, plan, report, SOURCE, tagStep } from "../samples.ts";

const MIB = 1024 * 1024;
const steps = [blobStep("a", 8 * MIB), blobStep("b", 2 * MIB), blobStep("c", 6 * MIB)];
const blobPlan = {
  ...plan,
  stages: [{ name: "blobs" as const, steps }, { name: "tag" as const, steps: [tagStep] }],
};

/** A copy that does what the script says, with the CLI that it runs in. */
function scripted(
  script: (emit: Emit, cli: FakeCli) => Promise<void> | void,
  options: { isTerminal?: boolean; columns?: number; env?: Record<string, string> } = {},
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
3.0 MiB of 16.0 MiB, 1 of 3 blobs, 205 KiB/s, 1 min left
5.0 MiB of 16.0 MiB, 1 of 3 blobs, 307 KiB/s, 37 s left
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
    [["--progress", "json"], true, {}, "json"],
    [["--json", "--progress=json"], false, {}, "json"],
    [["--quiet", "--progress", "json"], false, {}, "none"],
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
    const shown = stderr.includes("\x1b[")
      ? "bar"
      : stderr === ""
      ? "none"
      : stderr.startsWith("{")
      ? "json"
      : "plain";
    assert.equal(shown, wanted, stderr);
  });
}

/** The events on stderr, in the shape of the API. */
function eventsOf(stderr: string): StreamEvent[] {
  return stderr.trimEnd().split("\n").map((line) => streamEventSchema.parse(JSON.parse(line)));
}

test("crossdock copy --progress json writes the events of the API, one per line, and nothing else", async () => {
  const cli = scripted((emit, cli) => {
    emit({ type: "plan", plan: blobPlan });
    emit({ type: "step-started", step: steps[0] as BlobStep });
    progress(emit, steps[0] as BlobStep, MIB);
    emit({ type: "warning", message: "mind \u009b the gap" });
    cli.advance(10_000);
    finish(emit, steps[0] as BlobStep, "streamed");
    emit({ type: "report", report });
  }, { isTerminal: true });
  const { exitCode, stdout, stderr } = await cli.run(
    "copy",
    "--progress",
    "json",
    SOURCE,
    DESTINATION,
  );
  assert.equal(exitCode, 0);
  assert.match(stdout, /^copied/);
  assert.ok(!stderr.includes("\u009b"));
  assert.deepEqual(eventsOf(stderr).map(({ type }) => type), [
    "plan",
    "step-started",
    "progress",
    "warning",
    "step-finished",
    "report",
  ]);
});

test("crossdock copy --progress json ends with the error as an event", async () => {
  const error = new CrossdockError("network", "connect to b: refused", { side: "destination" });
  for (const flags of [["--progress", "json"], ["--progress=json", "--json"]]) {
    const cli = scripted((emit) => {
      emit({ type: "plan", plan: blobPlan });
      throw error;
    });
    const { exitCode, stdout, stderr } = await cli.run("copy", ...flags, SOURCE, DESTINATION);
    assert.equal(exitCode, 8);
    const last = eventsOf(stderr).at(-1);
    assert.equal(last?.type === "error" && last.problem.code, "network");
    assert.equal(stdout !== "", flags.includes("--json"));
  }
});

/** A terminal on stderr, and what it shows at the end of each call. */
function textOf(cli: FakeCli): string {
  return (cli.environment.stderr as unknown as TextSink).text;
}

test("crossdock copy draws a bar for the total and for each blob, lines above them, and removes them", async () => {
  const [a, b, c] = steps as [BlobStep, BlobStep, BlobStep];
  const screens: string[][] = [];
  const cli = scripted((emit, cli) => {
    const look = (): void => {
      cli.advance(100);
      screens.push(new Screen(textOf(cli), 80).lines);
    };
    cli.advance(60_000);
    emit({ type: "plan", plan: blobPlan });
    progress(emit, a, 2 * MIB);
    progress(emit, c, 3 * MIB);
    finish(emit, b, "present");
    cli.advance(900);
    progress(emit, a, 4 * MIB);
    look();
    emit({ type: "warning", message: "mind the gap" });
    finish(emit, c, "streamed");
    look();
    // Nothing is sent for longer than the rate looks back.
    cli.advance(11_000);
    look();
  }, { isTerminal: true, columns: 80 });
  const { exitCode, stdout, stderr } = await cli.run("copy", SOURCE, DESTINATION);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^copied /);
  assert.deepEqual(screens[0], [
    "1/3 blobs     [=======      ]   56%   9.0 MiB/16.0 MiB   7.0 MiB/s  1 s left",
    "aaaaaaaaaaaa  [=======      ]   50%    4.0 MiB/8.0 MiB",
    "cccccccccccc  [=======      ]   50%    3.0 MiB/6.0 MiB",
  ]);
  assert.deepEqual(screens[1], [
    "warning: mind the gap",
    "2/3 blobs     [==========   ]   75%  12.0 MiB/16.0 MiB   9.1 MiB/s  1 s left",
    "aaaaaaaaaaaa  [=======      ]   50%    4.0 MiB/8.0 MiB",
  ]);
  assert.equal(
    screens[2]?.[1],
    "2/3 blobs     [==========   ]   75%  12.0 MiB/16.0 MiB       0 B/s",
  );
  assert.deepEqual(new Screen(stderr, 80).lines, ["warning: mind the gap"]);
  assert.equal(cli.timers, 0);
});

test("crossdock copy fits its bars to every width, with rate and percentage", async () => {
  const step = blobStep("a", 1000 * MIB);
  for (let columns = 20; columns <= 200; columns++) {
    let screen = new Screen("", columns);
    const cli = scripted((emit, cli) => {
      emit({ type: "plan", plan: { ...blobPlan, stages: [{ name: "blobs", steps: [step] }] } });
      progress(emit, step, 100 * MIB);
      cli.advance(100);
      screen = new Screen(textOf(cli), columns);
    }, { isTerminal: true, columns });
    await cli.run("copy", SOURCE, DESTINATION);
    assert.equal(screen.wraps, 0, `${columns} columns`);
    const [total = "", blob] = screen.lines;
    const label = columns >= 44 ? String.raw`0/1 blobs +` : "";
    const bar = columns >= 56 ? String.raw`\[=+ +\] +` : "";
    const sizes = columns >= 75 ? "100 MiB/1000 MiB +" : "";
    const left = columns >= 30 ? " +1 s left" : "";
    assert.match(total, new RegExp(`^ *${label}${bar}10% +${sizes}1000 MiB/s${left}$`));
    assert.equal(blob !== undefined, columns >= 44);
    if (blob) {
      assert.match(
        blob,
        new RegExp(`^aaaaaaaaaaaa +${bar}10% *${sizes.trimEnd()}$`.replace(" +$", "$")),
      );
    }
  }
});

test("crossdock copy draws no text of a server that is no digest", async () => {
  const digest = `sha256:${"\u6f22".repeat(30)}\x1b[2J`;
  const cli = scripted((emit, cli) => {
    emit({ type: "plan", plan: blobPlan });
    emit({ type: "progress", digest, bytes: 1, sizeBytes: 2 });
    cli.advance(100);
    assert.match(new Screen(textOf(cli), 50).lines[1] ?? "", /^\?{12} /);
  }, { isTerminal: true, columns: 50 });
  assert.equal((await cli.run("copy", SOURCE, DESTINATION)).exitCode, 0);
});

test("crossdock copy follows a terminal that changes its width", async () => {
  const cli = scripted((emit, cli) => {
    emit({ type: "plan", plan: blobPlan });
    progress(emit, steps[0] as BlobStep, MIB);
    cli.advance(100);
    (cli.environment.stderr as unknown as TextSink).columns = 40;
    const before = textOf(cli).length;
    cli.advance(100);
    assert.equal(new Screen(textOf(cli).slice(before), 40).wraps, 0);
  }, { isTerminal: true, columns: 120 });
  assert.equal((await cli.run("copy", SOURCE, DESTINATION)).exitCode, 0);
});

test("crossdock copy prints wide characters and long lines above the bars", async () => {
  const message = `${"\u6f22\u0301".repeat(30)} ${"x".repeat(150)}`;
  const cli = scripted((emit, cli) => {
    emit({ type: "plan", plan: blobPlan });
    progress(emit, steps[0] as BlobStep, MIB);
    cli.advance(100);
    emit({ type: "warning", message });
    cli.advance(100);
  }, { isTerminal: true, columns: 60 });
  const { stderr } = await cli.run("copy", SOURCE, DESTINATION);
  // The line starts where the bars were removed, and only the terminal wraps it.
  assert.ok(
    stderr.includes(`\x1b[2A\x1b[J\x1b[1m\x1b[33mwarning:\x1b[39m\x1b[22m ${message}\n0/3 blobs`),
    stderr,
  );
});

test("crossdock copy draws ten blobs at most, and no more than fit the terminal", async () => {
  const many = Array.from({ length: 14 }, (_, i) => blobStep(i.toString(16), MIB));
  for (const [rows, wanted] of [[50, 10], [6, 4], [2, 0]] as const) {
    let lines: string[] = [];
    const cli = scripted((emit, cli) => {
      (cli.environment.stderr as unknown as TextSink).rows = rows;
      emit({ type: "plan", plan: { ...blobPlan, stages: [{ name: "blobs", steps: many }] } });
      for (const step of many) progress(emit, step, 1000);
      cli.advance(100);
      lines = new Screen(textOf(cli), 100).lines;
    }, { isTerminal: true });
    await cli.run("copy", SOURCE, DESTINATION);
    assert.equal(lines.length, wanted + 1);
  }
});

test("crossdock copy removes the bars when it fails or is stopped, and changes no mode of the terminal", async () => {
  for (const isStopped of [false, true]) {
    const cli = scripted((emit, cli) => {
      emit({ type: "plan", plan: blobPlan });
      progress(emit, steps[0] as BlobStep, MIB);
      cli.advance(100);
      if (isStopped) cli.send("SIGINT");
      throw new Error("oops");
    }, { isTerminal: true });
    const { stderr } = await cli.run("copy", SOURCE, DESTINATION);
    const [first = ""] = new Screen(stderr, 200).lines;
    assert.match(first, isStopped ? /^stopped: / : /^error: .*oops$/);
    assert.ok(!stderr.includes("\x1b[?"));
    assert.equal(cli.timers, 0);
  }
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
