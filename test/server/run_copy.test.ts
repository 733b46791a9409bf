import assert from "node:assert/strict";
import { test } from "node:test";
import { CopyError } from "../../src/copy/copy_error.ts";
import { parseCopyRequest } from "../../src/copy/request.ts";
import type { Step } from "../../src/copy/step.ts";
import type { Engine } from "../../src/engine.ts";
import { CrossdockError } from "../../src/errors.ts";
import { MIRROR } from "../../build/api/examples.ts";
import { runCopy } from "../../src/server/run_copy.ts";
import { putIndex } from "../support/image.ts";
import { startDocumentedApp, TOKEN } from "./documented_app.ts";

const DIGEST = `sha256:${"a".repeat(64)}` as const;
const DESCRIPTOR = { mediaType: "application/json", digest: DIGEST, size: 9 };
const MANIFEST: Step = {
  type: "manifest",
  source: "r.example/app",
  destination: "m.example/app",
  descriptor: DESCRIPTOR,
  tag: "1",
};

/** What is logged of a copy that fails at a step. */
async function logOf(step: Step): Promise<{ step?: Step; detail?: string }> {
  const error = new CopyError(step, new CrossdockError("denied", "no"));
  const engine = { copy: () => Promise.reject(error) } as Partial<Engine> as Engine;
  const lines: [string, string, { problem?: object }?][] = [];
  const log = (...line: (typeof lines)[number]): void => void lines.push(line);
  await assert.rejects(
    runCopy(parseCopyRequest(MIRROR), { engine, log }),
    (thrown) => thrown === error,
  );
  const [level, message, fields] = lines.at(-1) ?? [];
  assert.deepEqual([level, message], ["warn", "copy failed"]);
  return fields?.problem ?? {};
}

test("runCopy() logs the step that failed without a manifest's content", async () => {
  const { step } = await logOf({ ...MANIFEST, content: "x".repeat(1_000_000) });
  assert.deepEqual(step, MANIFEST);
});

test("runCopy() logs no step that is longer than a line should be", async () => {
  const referrers = Array(1000).fill(DESCRIPTOR);
  const destination = "m.example/app";
  const problem = await logOf({ type: "referrers", destination, subject: DIGEST, referrers });
  assert.equal(problem.step, undefined);
  assert.equal(problem.detail, "no");
});

test("POST /v1/copies sends a rebuilt index once, in the plan, and never logs it", async () => {
  const lines: string[] = [];
  const host = { write: (line: string): void => void lines.push(line) };
  await using documented = await startDocumentedApp({ host });
  const { app, source, destination } = documented;
  const annotations = { note: "y".repeat(10_000) };
  const platforms = ["linux/amd64", "linux/arm64"];
  await putIndex(source, "library/alpine", { tag: "2", platforms, annotations });
  const action = { status: 400 };
  destination.fail({ method: "PUT", path: /manifests\/2$/, times: 9, action });
  const response = await app.request("/v1/copies", {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({
      source: `${source.host}/library/alpine:2`,
      destination: `${destination.host}/mirror/alpine:2`,
      platforms: ["linux/amd64"],
      index: "rebuild",
    }),
  });
  const told = (await response.text()).trim().split("\n");
  const events = told.filter((line) => JSON.parse(line).type !== "plan");
  assert.equal(told.length, events.length + 1);
  assert.ok(told.some((line) => line.includes('"content":"{')));
  const { type, problem } = JSON.parse(events.at(-1) ?? "");
  assert.deepEqual([type, problem.step.type, problem.step.tag], ["error", "manifest", "2"]);
  assert.ok(events.some((line) => line.includes('"step-started"')));
  assert.ok(lines.some((line) => line.includes('"copy failed"') && line.includes('"tag":"2"')));
  for (const line of [...events, ...lines]) assert.ok(!line.includes('"content":'), line);
});
