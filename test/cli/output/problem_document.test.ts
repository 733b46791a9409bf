import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS } from "../../../src/cli/commands/commands.ts";
import { CopyError } from "../../../src/copy/copy_error.ts";
import type { ContentSource } from "../../../src/content.ts";
import { CrossdockError, ERROR_CODES, ParseError } from "../../../src/errors.ts";
import { PROBLEMS } from "../../../src/problem.ts";
import { problemSchema } from "../../../src/problem_schema.ts";
import type { Problem } from "../../../src/problem.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCliOptions, Run } from "../fake_cli.ts";
import { blobStep, DESTINATION, digest, SOURCE } from "../samples.ts";

/** A copy that fails with the error. */
function failWith(error: unknown, ...flags: string[]): Promise<Run> {
  return fakeCli({ engine: { copy: () => Promise.reject(error) } })
    .run("copy", "--json", ...flags, SOURCE, DESTINATION);
}

/** The one document on stdout, in the shape of the API's problems. */
function problemOf({ stdout }: Run): Problem {
  return problemSchema.parse(JSON.parse(stdout));
}

const EXIT_CODES: Readonly<Record<string, number>> = {
  usage: 2,
  unauthorized: 3,
  denied: 3,
  not_found: 4,
  conflict: 5,
  unsupported: 6,
  rejected: 15,
  limit: 6,
  integrity: 7,
  network: 8,
  tls: 8,
  timeout: 9,
  rate_limited: 10,
  registry: 11,
  aborted: 130,
};

for (const code of ERROR_CODES) {
  test(`crossdock copy --json prints a problem document for ${code}, beside the lines on stderr`, async () => {
    const error = new CrossdockError(code, "read it: no", {
      side: "source",
      hint: "use --src-tls off or --dest-tls off if that is meant",
      retryAfterMs: 5000,
    });
    const run = await failWith(error);
    assert.equal(run.exitCode, EXIT_CODES[code]);
    assert.equal(
      run.stderr,
      "error: source: read it: no\nhint: use --src-tls off if that is meant\n",
    );
    const { status, title } = PROBLEMS[code];
    assert.deepEqual(problemOf(run), {
      type: `urn:crossdock:problem:${code}`,
      title,
      status: code === "limit" ? 503 : status,
      code,
      detail: "read it: no",
      side: "source",
      hint: "use --src-tls off if that is meant",
      retryAfterMs: 5000,
    });
  });
}

test("crossdock copy --json names the failed step", async () => {
  const cause = new CrossdockError("network", "upload blob: refused", { side: "destination" });
  const problem = problemOf(await failWith(new CopyError(blobStep("a", 2048), cause)));
  assert.equal(problem.step?.type === "blob" && problem.step.descriptor.digest, digest("a"));
});

test("crossdock copy --json prints a document for a bug, with the message of stderr", async () => {
  const run = await failWith(new TypeError("x is undefined"));
  assert.equal(run.exitCode, 1);
  const { code, detail, hint } = problemOf(run);
  assert.deepEqual([code, detail], ["internal", "this is a bug in crossdock: x is undefined"]);
  assert.match(hint ?? "", /--debug/);
});

test("a problem document contains no credentials of URLs", async () => {
  const run = await failWith(
    new CrossdockError("network", "get https://me:s3cret@a.io/v2/?token=s3cret: refused"),
  );
  assert.ok(!run.stdout.includes("s3cret"), run.stdout);
});

test("crossdock copy --json prints a document after Ctrl-C", async () => {
  const cli = fakeCli({
    engine: {
      copy(): Promise<never> {
        cli.send("SIGTERM");
        return Promise.reject(new Error("aborted"));
      },
    },
  });
  const run = await cli.run("copy", "--json", SOURCE, DESTINATION);
  assert.equal(run.exitCode, 143);
  const { code, detail } = problemOf(run);
  assert.deepEqual([code, detail], ["aborted", "stopped: the destination tag was not moved"]);
});

test("crossdock copy --json writes the document to stderr if an archive goes to stdout", async () => {
  const run = await fakeCli({
    engine: { copy: () => Promise.reject(new CrossdockError("not_found", "no")) },
  }).run("copy", "--json", SOURCE, "oci-archive:-");
  assert.deepEqual([run.exitCode, run.stdout], [4, ""]);
  assert.match(run.stderr, /^error: no\n\{\n/);
});

const usage: readonly string[][] = [
  ["copy", "--json"],
  ["copy", "--json", "a"],
  ["copy", "--json", "a", "b", "c"],
  ["copy", "--json", "--no-such-flag", "a", "b"],
  ["copy", "--json", "--timeout", "soon", "a", "b"],
  ["copy", "--json", "--timeout"],
  ["copy", "a:b:c", "b", "--json"],
  ["cpoy", "--json"],
  ["--json"],
  ["sync", "--json", "--watch", "--dry-run"],
  ["sync", "--json", "--config", "/none.yaml"],
  ["check", "--json", "/none.yaml"],
  ["status", "--json", "1"],
  ["auth", "--json", "no registry"],
];
for (const argv of usage) {
  test(`crossdock ${argv.join(" ")} prints a problem document and exits with 2`, async () => {
    const run = await fakeCli().run(...argv);
    assert.equal(run.exitCode, 2, run.stderr);
    const { code, detail, hint } = problemOf(run);
    assert.equal(code, "usage");
    const lines = [`error: ${detail}`, ...(hint === undefined ? [] : [`hint: ${hint}`])];
    const shown = run.stderr.trimEnd().split("\n").filter((line) => !line.startsWith("usage: "));
    assert.deepEqual(shown, lines);
  });
}

test("crossdock sync --json lists the mistakes of a config", async () => {
  const files = { "crossdock.yaml": "version: 1\nsync:\n  - sauce: a\n    target: 1\n" };
  const run = await fakeCli({ files }).run("sync", "--json");
  assert.equal(run.exitCode, 2);
  const { errors = [] } = problemOf(run);
  assert.ok(errors.length >= 2, run.stdout);
  for (const { detail } of errors) {
    assert.match(run.stderr, new RegExp(`^error: ${detail.slice(0, 20)}`, "m"));
  }
});

/** Command lines that reach an engine, which fails. */
const failing: Readonly<Record<string, readonly string[]>> = {
  copy: [SOURCE, DESTINATION],
  plan: [SOURCE, DESTINATION],
  verify: [SOURCE, DESTINATION],
  receipts: [SOURCE],
  "verify-signature": ["--issuer", "https://a.example", "--identity", "b", SOURCE],
  inspect: [SOURCE],
  tags: ["localhost:5000/app"],
  auth: ["localhost:5000"],
  status: ["--via", "https://server.example", "1"],
  cancel: ["--via", "https://server.example", "1"],
  sync: ["--via", "https://server.example"],
};

test("each command with --json prints a problem document", async () => {
  const error = new CrossdockError("rate_limited", "get it: 429");
  const fail = (): Promise<never> => Promise.reject(error);
  const tags = async function* (): AsyncGenerator<string[]> {
    yield await fail();
  };
  const engine = {
    copy: fail,
    plan: fail,
    verify: fail,
    inspect: fail,
    tags,
    checkAccess: fail,
    admit: fail,
    openSource: () => ({ resolveManifest: fail, fetchManifest: fail }) as unknown as ContentSource,
  };
  const options: FakeCliOptions = {
    engine,
    remoteEngine: { getCopy: fail, cancelCopy: fail, sync: fail },
  };
  for (const { name } of COMMANDS) {
    const { stdout: help } = await fakeCli().run(name, "--help");
    // `check` asks no engine.
    if (!help.includes("--json ") || name === "check") continue;
    const run = await fakeCli(options).run(name, "--json", ...(failing[name] ?? []));
    assert.equal(run.exitCode, 10, `${name}: ${run.stderr}`);
    assert.equal(problemOf(run).code, "rate_limited");
    const lines = await fakeCli(options).run(name, ...(failing[name] ?? []));
    assert.deepEqual([lines.stdout, lines.stderr], ["", run.stderr]);
  }
});

test("a failure without --json prints no document, also if --json follows --", async () => {
  assert.equal((await fakeCli().run("copy", "--", "--json")).stdout, "");
  const error = new ParseError("parse it: no");
  const cli = fakeCli({ engine: { copy: () => Promise.reject(error) } });
  assert.equal((await cli.run("copy", SOURCE, DESTINATION)).stdout, "");
});
