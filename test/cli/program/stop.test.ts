import { test } from "node:test";
import assert from "node:assert/strict";
import type { Report } from "../../../src/copy/model.ts";
import { fakeCli } from "../fake_cli.ts";
import { Screen } from "../screen.ts";
import type { TextSink } from "../fake_cli.ts";
import { DESTINATION, plan, SOURCE, tagStep } from "../samples.ts";

for (
  const [when, wanted] of [
    ["waiting", "stopped: the destination tag was not moved"],
    ["root put by its digest", "stopped: the destination tag was not moved"],
    [
      "started",
      "stopped while the destination tag was being moved: it may point to the old or the new image",
    ],
    ["moved", "stopped: the destination tag was already moved"],
  ] as const
) {
  for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    test(`crossdock copy stopped by ${name} reports the state of the tag: ${when}`, async () => {
      const cli = fakeCli({
        engine: {
          copy(_, { emit, signal } = {}): Promise<Report> {
            emit?.({ type: "plan", plan });
            const { tag: __, ...byDigest } = tagStep;
            const outcome = { type: "manifest", state: "put" } as const;
            if (when === "root put by its digest") {
              emit?.({ type: "step-finished", step: byDigest, outcome });
            }
            if (when === "started" || when === "moved") {
              emit?.({ type: "step-started", step: structuredClone(tagStep) });
            }
            if (when === "moved") emit?.({ type: "step-finished", step: tagStep, outcome });
            cli.send(name);
            return Promise.reject(signal?.reason ?? new Error("not aborted"));
          },
        },
      });
      const run = await cli.run("copy", SOURCE, DESTINATION);
      assert.deepEqual(run, { exitCode: code, stdout: "", stderr: `${wanted}\n` });
      assert.deepEqual(cli.exits, []);
    });
  }
}

test("runCli() ends at once at the second signal", async () => {
  const cli = fakeCli({
    engine: {
      inspect(): Promise<never> {
        cli.send("SIGINT");
        assert.deepEqual(cli.exits, []);
        cli.send("SIGINT");
        return Promise.reject(new Error("an echo"));
      },
    },
  });
  const { exitCode, stderr } = await cli.run("inspect", SOURCE);
  assert.deepEqual([exitCode, stderr], [130, "stopped\n"]);
  assert.deepEqual(cli.exits, [130]);
  cli.send("SIGINT");
  assert.deepEqual(cli.exits, [130], "still listening");
});

test("runCli() leaves the cursor below the bars at the second signal, in an unchanged terminal", async () => {
  const cli = fakeCli({
    isTerminal: true,
    engine: {
      copy(_, { emit } = {}): Promise<never> {
        emit?.({ type: "plan", plan });
        cli.send("SIGINT");
        cli.send("SIGINT");
        const screen = new Screen((cli.environment.stderr as unknown as TextSink).text, 100);
        assert.match(screen.lines[0] ?? "", /^0\/3 blobs .* 0%/);
        assert.deepEqual([screen.lines.length, screen.row, screen.column], [1, 1, 0]);
        return Promise.reject(new Error("an echo"));
      },
    },
  });
  assert.equal((await cli.run("copy", SOURCE, DESTINATION)).exitCode, 130);
  assert.deepEqual(cli.exits, [130]);
});
