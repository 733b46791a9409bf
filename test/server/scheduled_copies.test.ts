import assert from "node:assert/strict";
import { test } from "node:test";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import type { Engine } from "../../src/engine.ts";
import { CrossdockError } from "../../src/errors.ts";
import { parseConfig } from "../../src/server/config.ts";
import type { DurableCopies } from "../../src/server/durable_copies.ts";
import { runScheduledCopies } from "../../src/server/scheduled_copies.ts";

const COPIES = [
  { source: "r.example/one:1", destination: "m.example/one" },
  { source: "r.example/two:1", destination: "elsewhere.example/two" },
  { source: "r.example/three:1", destination: "m.example/three" },
  { source: "r.example/four:1", destination: "m.example/four", verify: "destination" },
];

const CONFIG = parseConfig({
  CROSSDOCK_COPIES: JSON.stringify(COPIES),
  CROSSDOCK_ALLOW_SOURCES: "r.example/*",
  CROSSDOCK_ALLOW_DESTINATIONS: "m.example/*",
  CROSSDOCK_VERIFY: "stream",
});

/** Copies all but `three`. */
function fakeEngine(): { engine: Engine; copied: CopyRequestInput[] } {
  const copied: CopyRequestInput[] = [];
  const engine = {
    resolve: (source: string) => Promise.resolve(`${source}@sha256:${"a".repeat(64)}`),
    copy: (request: CopyRequestInput) => {
      copied.push(request);
      return request.source.includes("three")
        ? Promise.reject(new CrossdockError("not_found", "no such image"))
        : Promise.resolve({ result: "copied" });
    },
  };
  return { engine: engine as unknown as Engine, copied };
}

interface Line {
  level: string;
  message: string;
  fields: Readonly<Record<string, unknown>>;
}

async function run(
  engine: Engine,
  durable?: DurableCopies,
): Promise<Line[]> {
  const lines: Line[] = [];
  await runScheduledCopies({
    config: CONFIG,
    openEngine: () => engine,
    log: (level, message, fields = {}) => void lines.push({ level, message, fields }),
    durable,
  });
  return lines;
}

test("runScheduledCopies() makes all copies that are allowed, with the configuration's defaults", async () => {
  const { engine, copied } = fakeEngine();
  await run(engine);
  assert.deepEqual(copied, [
    { ...COPIES[0], verify: "stream" },
    { ...COPIES[2], verify: "stream" },
    COPIES[3],
  ]);
});

test("runScheduledCopies() tells what became of each, and one that fails stops no other", async () => {
  const lines = await run(fakeEngine().engine);
  const told = lines
    .filter(({ message }) => message !== "copy started")
    .map(({ level, message, fields: { problem, result } }) =>
      `${level}: ${message}: ${(problem as { code: string } | undefined)?.code ?? result}`
    );
  assert.deepEqual(told, [
    "error: copy did not start: denied",
    "info: copy ended: copied",
    "warn: copy failed: not_found",
    "info: copy ended: copied",
  ]);
});

test("runScheduledCopies() starts durable copies of what the names mean now", async () => {
  const started: CopyRequestInput[] = [];
  const durable: DurableCopies = {
    start: (request) => {
      started.push(request);
      return Promise.resolve({ id: "1", state: "queued" });
    },
    get: () => Promise.resolve(undefined),
    cancel: () => Promise.resolve(undefined),
  };
  const { engine, copied } = fakeEngine();
  const lines = await run(engine, durable);
  assert.equal(started[0]?.source, `r.example/one:1@sha256:${"a".repeat(64)}`);
  assert.equal(started.length, 3);
  assert.equal(copied.length, 0);
  assert.equal(lines.filter(({ message }) => message === "durable copy started").length, 3);
});
