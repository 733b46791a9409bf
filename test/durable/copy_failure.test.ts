import assert from "node:assert/strict";
import { test } from "node:test";
import type { Step } from "../../src/copy/step.ts";
import { CopyFailure, isPermanent } from "../../src/durable/copy_failure.ts";
import { readCopyFailure } from "../../src/durable/read_copy_failure.ts";
import { RequestError } from "../../src/problem.ts";
import type { ProblemCode } from "../../src/problem.ts";

const DIGEST = `sha256:${"a".repeat(64)}` as const;
const { problem } = new RequestError("denied", "a {strange}\ndetail", { hint: "ask the owner" });
const MANIFEST: Step = {
  type: "manifest",
  source: "r.example/app",
  destination: "m.example/app",
  descriptor: { mediaType: "application/json", digest: DIGEST, size: 9 },
  tag: "1",
};

test("readCopyFailure() returns the problem of a CopyFailure", () => {
  const failed = { ...problem, step: MANIFEST };
  assert.deepEqual(readCopyFailure(new CopyFailure(failed).message), failed);
});

test("readCopyFailure() does not mind a name in front", () => {
  const { message } = new CopyFailure(problem);
  assert.deepEqual(readCopyFailure(`NonRetryableError: ${message}`), problem);
});

for (
  const message of ["", "Worker exceeded CPU time limit.", '{"code":"denied"}', "x\n{", "x\n[]"]
) {
  test(`readCopyFailure() finds nothing in ${JSON.stringify(message)}`, () => {
    assert.equal(readCopyFailure(message), undefined);
  });
}

test("the message of CopyFailure starts with the cause in plain text", () => {
  assert.ok(new CopyFailure(problem).message.startsWith(problem.detail));
});

test("CopyFailure leaves a manifest's content out", () => {
  const step = { ...MANIFEST, content: "x".repeat(1_000_000) };
  const failure = new CopyFailure({ ...problem, step });
  assert.deepEqual(failure.problem.step, MANIFEST);
  assert.ok(failure.message.length < 1000);
});

test("CopyFailure leaves out a step that is too long for a message", () => {
  const referrer = { mediaType: "application/json", digest: DIGEST, size: 9 };
  const step: Step = {
    type: "referrers",
    destination: "m.example/app",
    subject: DIGEST,
    referrers: Array(1000).fill(referrer),
  };
  const failure = new CopyFailure({ ...problem, step });
  assert.equal(failure.problem.step, undefined);
  assert.equal(failure.problem.detail, problem.detail);
});

const permanent: Readonly<Record<ProblemCode, boolean>> = {
  usage: true,
  unauthorized: true,
  denied: true,
  not_found: true,
  conflict: true,
  unsupported: true,
  rejected: true,
  limit: true,
  integrity: false,
  network: false,
  tls: true,
  timeout: false,
  rate_limited: false,
  registry: false,
  aborted: false,
  internal: false,
};

for (const [code, expected] of Object.entries(permanent)) {
  test(`isPermanent() is ${expected} for ${code}`, () => {
    assert.equal(isPermanent(new RequestError(code as ProblemCode, "x").problem), expected);
  });
}
