/** The program with `--via`: a process of its own, a server, and the registries that only the server speaks to. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { serveApp } from "../support/serve_app.ts";
import { TOKENS, variablesFor } from "../handler/setup.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import type { Run } from "../cli/fake_cli.ts";
import { runCrossdock, startCrossdock } from "../support/run_crossdock.ts";
import { until } from "../support/until.ts";

interface Dock extends AsyncDisposable {
  readonly a: RunningRegistry;
  readonly b: RunningRegistry;
  readonly url: string;
  /** Copies that the server has begun; each settles when it has ended. */
  readonly jobs: Promise<unknown>[];
}

async function startDock(options: RegistryOptions = {}): Promise<Dock> {
  await using started = new AsyncDisposableStack();
  const a = started.use(await startRegistry());
  const b = started.use(await startRegistry(options));
  const jobs: Promise<unknown>[] = [];
  const background = (job: Promise<unknown>): void => void jobs.push(job);
  const { url } = started.use(await serveApp(variablesFor(a, b), { background }));
  const kept = started.move();
  return { a, b, url, jobs, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const WITH_TOKEN = { env: { CROSSDOCK_TOKEN: TOKENS.copy } };

/** Runs a command at the server. */
function runVia({ url }: { url: string }, command: string, ...rest: string[]): Promise<Run> {
  return runCrossdock(WITH_TOKEN, command, "--via", url, ...rest);
}

/** Without what differs between two runs of the same: how long it took, and the order in which answers came. */
function steady({ exitCode, stdout, stderr }: Run): Run {
  const lines = stdout.replace(/^(time|requests) .*$/gm, "$1").replaceAll("/via/", "/here/");
  return { exitCode, stdout: lines.split("\n").sort().join("\n"), stderr };
}

test("crossdock --via plans, copies, verifies, inspects and lists with the same output as without", async () => {
  await using dock = await startDock();
  const { a, b } = dock;
  await putIndex(a, "app", { platforms: ["linux/amd64", "linux/arm64"], tag: "1" });
  const source = `${a.host}/app:1`;
  for (const command of ["plan", "verify", "copy", "copy", "verify"]) {
    const here = await runCrossdock(command, source, `${b.host}/here/app:1`);
    const via = await runVia(dock, command, source, `${b.host}/via/app:1`);
    assert.deepEqual(steady(via), steady(here));
  }
  assert.deepEqual(b.getManifest("via/app", "1"), a.getManifest("app", "1"));
  for (const [command, name] of [["inspect", source], ["tags", `${a.host}/app`]] as const) {
    assert.deepEqual(await runVia(dock, command, name), await runCrossdock(command, name));
  }
  const again = await runVia(dock, "copy", "--json", source, `${b.host}/via/app:1`);
  assert.equal(JSON.parse(again.stdout).result, "unchanged");
});

test("crossdock --via plans, copies and verifies referrers in repositories of their own", async () => {
  await using dock = await startDock();
  const { a, b } = dock;
  const { descriptor } = await putImage(a, "app", { tag: "1" });
  const options = { artifactType: "application/spdx+json", payload: "{}" };
  const referrer = await putReferrer(a, "signed", descriptor, options);
  const argsOf = (where: "here" | "via"): string[] => [
    ...["--referrer-source", `${a.host}/signed`],
    ...["--referrer-destination", `${b.host}/${where}/kept`],
    `${a.host}/app:1`,
    `${b.host}/${where}/app:1`,
  ];
  for (const command of ["plan", "verify", "copy", "verify"]) {
    const here = await runCrossdock(command, ...argsOf("here"));
    const via = await runVia(dock, command, ...argsOf("via"));
    assert.deepEqual(steady(via), steady(here));
  }
  assert.ok(b.getManifest("via/kept", referrer.descriptor.digest));
  const outside = ["--referrer-source", "quay.io/other/signed", ...argsOf("via").slice(2)];
  const refused = await runVia(dock, "verify", ...outside);
  assert.equal(refused.exitCode, 3);
  assert.match(
    refused.stderr,
    /^error: .*quay\.io\/other\/signed is not an allowed source or destination\n/,
  );
});

test("crossdock copy --via ends as it does without: not found, conflict, credentials of a registry", async () => {
  await using dock = await startDock({ auth: { type: "basic", users: { me: "s3cret" } } });
  await using open = await startDock();
  await putImage(dock.a, "app", { tag: "1" });
  await putImage(open.a, "app", { tag: "1" });
  await putImage(open.b, "app", { tag: "1", seed: 2 });
  const cases = [
    [open, ["copy", `${open.a.host}/none:1`, `${open.b.host}/app:1`], 4],
    [open, ["copy", "--if-exists", "fail", `${open.a.host}/app:1`, `${open.b.host}/app:1`], 5],
    [dock, ["copy", `${dock.a.host}/app:1`, `${dock.b.host}/app:1`], 3],
  ] as const;
  for (const [at, [command, ...rest], code] of cases) {
    const here = await runCrossdock(command, ...rest);
    const via = await runVia(at, command, ...rest);
    assert.equal(here.exitCode, code, here.stderr);
    assert.equal(via.exitCode, code, via.stderr);
    assert.equal(via.stdout, here.stdout);
    const [wanted] = here.stderr.split("\n");
    assert.equal(via.stderr.split("\n")[0], wanted);
  }
});

test("crossdock copy --via distinguishes the server's 401 from a registry's", async () => {
  await using dock = await startDock();
  const names = [`${dock.a.host}/app:1`, `${dock.b.host}/app:1`];
  const none = await runCrossdock("copy", "--via", dock.url, ...names);
  assert.deepEqual(none, {
    exitCode: 3,
    stdout: "",
    stderr: `error: ${dock.url}: the bearer token is missing\n` +
      "hint: set CROSSDOCK_TOKEN to one of the server's tokens\n",
  });
  const wrong = await runCrossdock(
    { input: "wr0ng-t0ken\n" },
    "copy",
    "--via",
    dock.url,
    "--via-token-fd",
    "0",
    ...names,
  );
  assert.equal(wrong.exitCode, 3);
  assert.match(wrong.stderr, /the bearer token is invalid\nhint: --via-token-fd 0 must be/);
  assert.doesNotMatch(wrong.stderr, /wr0ng/);
  assert.equal(dock.a.count() + dock.b.count(), 0);
});

test("crossdock copy --via names a server that does not answer, speaks no TLS, or is none", async () => {
  await using page = await serve(() => new Response("<html>", { status: 502 }));
  const gone = await serve(() => new Response());
  await gone.close();
  const cases = [
    [gone.url, 8, `error: ${gone.url} is unreachable: `, "connection refused"],
    [page.url.replace("http:", "https:"), 8, "error: https://", "the server does not use TLS"],
    [page.url, 11, `error: ${page.url} returned 502`, "expected a response of crossdock"],
  ] as const;
  for (const [url, code, start, rest] of cases) {
    const { exitCode, stderr } = await runVia({ url }, "copy", "a.io/app:1", "b.io/app:1");
    assert.equal(exitCode, code, stderr);
    assert.ok(stderr.startsWith(start) && stderr.includes(rest), stderr);
    assert.doesNotMatch(stderr, /--src-|--dest-/);
  }
});

test("crossdock copy --via stops the server's copy at Ctrl-C", async () => {
  await using dock = await startDock();
  const { a, b, url, jobs } = dock;
  const { layers } = await putImage(a, "app", { tag: "1", layerBytes: 3_000_000 });
  const path = `blobs/${layers[0]?.digest}`;
  a.fail({ path, action: { hangAfterBytes: 2_000_000 } });
  const names = [`${a.host}/app:1`, `${b.host}/app:1`];
  const running = startCrossdock(WITH_TOKEN, "copy", "--via", url, ...names);
  const isUploading = (): boolean =>
    b.requests.some(({ method, status, requestBytes }) =>
      method === "PUT" && status === 0 && requestBytes > 0
    );
  await until("the upload has begun", isUploading);
  running.send("SIGINT");
  const { exitCode, stdout, stderr } = await running.exit;
  assert.match(
    stderr,
    /^stopped: the destination tag was not moved when the server last reported\n$/,
  );
  assert.deepEqual([exitCode, stdout], [130, ""]);
  await Promise.all(jobs);
  assert.equal(jobs.length, 1);
  assert.equal(a.count({ path }), 1);
  assert.equal(b.hasBlob("app", layers[0]?.digest ?? ""), false);
  assert.deepEqual(b.tags("app"), []);
});

test("crossdock copy --via ends with 8 when the connection breaks mid-copy", async () => {
  await using broken = await serve(() =>
    new Response('{"type":"warning","message":"so far"}\n', {
      headers: { "content-type": "application/x-ndjson" },
    })
  );
  const { exitCode, stdout, stderr } = await runVia(broken, "copy", "a.io/app:1", "b.io/app:1");
  assert.deepEqual([exitCode, stdout], [8, ""]);
  assert.match(
    stderr,
    /^warning: so far\nerror: the connection was lost before the report\nhint: /,
  );
});
