import assert from "node:assert/strict";
import { test } from "node:test";
import { CopyError } from "../src/copy/copy_error.ts";
import type { Step } from "../src/copy/step.ts";
import {
  CrossdockError,
  MissingContentError,
  NetworkError,
  ParseError,
  SilenceError,
} from "../src/errors.ts";
import type { ErrorCode } from "../src/errors.ts";
import { RequestError, toApiHint, toProblem } from "../src/problem.ts";
import { problemSchema } from "../src/problem_schema.ts";

const STATUSES: Readonly<Record<ErrorCode, number>> = {
  usage: 400,
  unauthorized: 502,
  denied: 403,
  not_found: 404,
  conflict: 409,
  unsupported: 422,
  rejected: 403,
  // With a time to retry, the process is at its limit.
  limit: 503,
  integrity: 502,
  network: 502,
  tls: 502,
  timeout: 504,
  rate_limited: 429,
  registry: 502,
  aborted: 503,
};

for (const [code, status] of Object.entries(STATUSES)) {
  test(`toProblem() gives ${code} the status ${status}`, () => {
    const error = new CrossdockError(code as ErrorCode, "what happened", {
      side: "source",
      hint: "do this",
      retryAfterMs: 1500,
    });
    const problem = toProblem(error);
    assert.deepEqual(problem, {
      type: `urn:crossdock:problem:${code}`,
      title: problem.title,
      status,
      detail: "what happened",
      code,
      side: "source",
      hint: "do this",
      retryAfterMs: 1500,
    });
    assert.ok(problem.title.length > 0);
    assert.deepEqual(problemSchema.parse(problem), problem);
  });
}

test("toProblem() points to the field that an error names", () => {
  const error = new CrossdockError("usage", "no such thing", { field: "destination" });
  assert.deepEqual(toProblem(error).errors, [
    { pointer: "#/destination", detail: "no such thing" },
  ]);
});

test("toProblem() contains the step that failed", () => {
  const step: Step = {
    type: "manifest",
    source: "a.io/x",
    destination: "b.io/y",
    descriptor: { mediaType: "x/y", digest: `sha256:${"0".repeat(64)}`, size: 1 },
  };
  const problem = toProblem(new CopyError(step, new NetworkError("reset", "cut")));
  assert.equal(problem.code, "network");
  assert.deepEqual(problem.step, step);
});

test("toProblem() tells the caller of a step what to send again, and the caller of a copy to recheck", () => {
  const missing = [`sha256:${"0".repeat(64)}`];
  const error = new MissingContentError("lacks a blob", missing, { hint: "use --recheck" });
  const problem = toProblem(error);
  assert.deepEqual(problem.missing, missing);
  assert.match(problem.hint ?? "", /"missing".*"resend": true/);
  const step: Step = {
    type: "manifest",
    source: "a.io/x",
    destination: "b.io/y",
    descriptor: { mediaType: "x/y", digest: `sha256:${"1".repeat(64)}`, size: 1 },
  };
  const failed = toProblem(new CopyError(step, error));
  assert.deepEqual(failed.missing, missing);
  assert.equal(failed.hint, 'use "recheck": true');
});

test("toProblem() names no missing content if the registry named none", () => {
  const problem = toProblem(new MissingContentError("lacks a blob", [], { hint: "look" }));
  assert.equal("missing" in problem, false);
  assert.equal(problem.hint, "look");
});

test("toProblem() maps a ParseError to an invalid request", () => {
  const { status, code, hint } = toProblem(new ParseError("no", { hint: "write it so" }));
  assert.deepEqual({ status, code, hint }, { status: 400, code: "usage", hint: "write it so" });
});

test("toProblem() reveals nothing about an unexpected error", () => {
  for (const error of [new TypeError("hunter2"), "hunter2", undefined]) {
    const problem = toProblem(error);
    assert.equal(problem.status, 500);
    assert.doesNotMatch(JSON.stringify(problem), /hunter2/);
  }
});

test("RequestError keeps its fields", () => {
  const error = new RequestError("limit", "too long", {
    status: 413,
    errors: [{ pointer: "#", detail: "too long" }],
    headers: { "retry-after": "1" },
  });
  assert.equal(toProblem(error), error.problem);
  assert.equal(error.problem.status, 413);
  assert.deepEqual(error.headers, { "retry-after": "1" });
});

test("toProblem() maps the abort of a disconnected client to aborted", () => {
  assert.equal(toProblem(new DOMException("gone", "AbortError")).code, "aborted");
});

const HINTS: { hint: string; said: string | undefined }[] = [
  { hint: "check the name", said: "check the name" },
  {
    hint: "the tag was not moved; use --if-exists overwrite to move it",
    said: 'the tag was not moved; use "ifExists": "overwrite" to move it',
  },
  {
    hint: "use --index rebuild to write a new index, or --index sparse to keep the index",
    said: 'use "index": "rebuild" to write a new index, or "index": "sparse" to keep the index',
  },
  {
    hint: "select platforms that exist with --platform",
    said: 'select platforms that exist with "platforms"',
  },
  {
    hint: "it seems to speak plain HTTP; use --src-tls off or --dest-tls off if that is meant",
    said: "it seems to speak plain HTTP; add the registry to CROSSDOCK_PLAIN_HTTP if that is meant",
  },
  { hint: "pass its CA with --src-ca or --dest-ca", said: undefined },
];

for (const { hint, said } of HINTS) {
  test(`toApiHint() of "${hint}"`, () => {
    assert.equal(toApiHint(hint), said);
  });
}

test("toApiHint() names the variable for a longer silence", () => {
  const { hint } = new SilenceError("wait", 1000);
  assert.match(String(toApiHint(hint)), /CROSSDOCK_TIMEOUT_MS$/);
});

test("toApiHint() of no hint is undefined", () => {
  assert.equal(toApiHint(undefined), undefined);
});

test("toProblem() gives 422 to a digest that the caller named, and 502 to one of a registry", () => {
  const named = new CrossdockError("integrity", "another digest", { field: "destination" });
  assert.equal(toProblem(named).status, 422);
  assert.equal(toProblem(new CrossdockError("integrity", "other bytes")).status, 502);
});

test("toProblem() gives a limit of the content the status 422", () => {
  assert.equal(toProblem(new CrossdockError("limit", "too large")).status, 422);
});
