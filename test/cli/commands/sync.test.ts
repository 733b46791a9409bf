import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
/** `crossdock sync`: its options, what it prints, and what it ends with. */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { ReferrerState } from "../../../src/copy/model.ts";
import type { RuleReport, RuleStatus, SyncReport } from "../../../src/sync/model.ts";
import type { RuleRunner } from "../../../src/sync/run_rules.ts";
import { syncStreamEventSchema } from "../../../src/stream_events.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCliOptions, Run } from "../fake_cli.ts";
import { digest, report } from "../samples.ts";
import { FAILED, FILE, ruleReport, runnerOf, statusOf, tagReport } from "../sync_samples.ts";

const files = { "crossdock.yaml": FILE };

const BOTH = {
  base: ruleReport("base", [
    tagReport("base", "1"),
    tagReport("base", "2", { result: "unchanged" }),
  ], {
    pruned: [{ destination: "localhost:5001/base:0", result: "deleted" }],
  }),
  apps: ruleReport("apps", [tagReport("apps", "1")]),
};

function sync(options: FakeCliOptions, ...flags: string[]): Promise<Run> {
  return fakeCli({ files, ...options }).run("sync", ...flags);
}

test("crossdock sync prints a line for each tag by its rule, and the sums", async () => {
  const { exitCode, stdout, stderr } = await sync({ runner: runnerOf(BOTH) });
  assert.deepEqual(stdout.split("\n"), [
    "rule          base",
    "copied        localhost:5000/base:1 -> localhost:5001/base:1  sha256:aaaaaaaaaaaa",
    "unchanged     localhost:5000/base:2 -> localhost:5001/base:2  sha256:aaaaaaaaaaaa",
    "deleted       localhost:5001/base:0",
    "rule          apps",
    "copied        localhost:5000/apps:1 -> localhost:5001/apps:1  sha256:aaaaaaaaaaaa",
    "",
    "tags          2 copied, 1 unchanged, 1 deleted",
    "requests      4 to sources, 6 to targets",
    "time          0 ms",
    "",
  ]);
  assert.deepEqual([exitCode, stderr], [0, ""]);
});

test("crossdock sync --json prints one document, and nothing else on stdout", async () => {
  const { exitCode, stdout, stderr } = await sync({ runner: runnerOf(BOTH) }, "--json");
  const wanted: SyncReport = { result: "ok", rules: [BOTH.base, BOTH.apps], durationMs: 0 };
  assert.deepEqual(JSON.parse(stdout), wanted);
  assert.deepEqual([exitCode, stderr], [0, ""]);
});

test("crossdock sync marks the tags that were remembered, and counts them separately", async () => {
  const remembered = { result: "unchanged", remembered: true } as const;
  const { stdout } = await sync({
    runner: runnerOf({
      ...BOTH,
      base: ruleReport("base", [
        tagReport("base", "1", { result: "unchanged" }),
        tagReport("base", "2", remembered),
        tagReport("base", "3", remembered),
      ]),
    }),
  });
  assert.match(stdout, /^unchanged {5}\S+ -> \S+:1 {2}sha256:a{12}$/m);
  assert.match(stdout, /^unchanged {5}\S+ -> \S+:2 {2}sha256:a{12} {2}\(remembered\)$/m);
  assert.match(stdout, /^tags {10}1 unchanged, 2 unchanged \(remembered\), 1 copied$/m);
});

test("crossdock sync prints each warning and hint once, on stderr", async () => {
  const { stdout, stderr } = await sync({
    runner: runnerOf({
      base: ruleReport("base", [tagReport("base", "1", FAILED), tagReport("base", "2", FAILED)], {
        result: "all-failed",
        warnings: ["one", "one"],
      }),
      apps: BOTH.apps,
    }),
  });
  assert.equal(stderr, "warning: base: one\nhint: is it up\n");
  assert.match(
    stdout,
    /^failed {8}localhost:5000\/base:1 -> .*: source: connect: nobody listens$/m,
  );
  assert.match(stdout, /^failed {8}base$/m);
});

test("crossdock sync warns once that webhooks.out is ignored", async () => {
  const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
  const out = (path: string): string =>
    `{url: "https://chat.example/${path}", secrets: [${secret}]}`;
  const options = {
    files: { "crossdock.yaml": `${FILE}\nwebhooks: {out: [${out("a")}, ${out("b")}]}\n` },
    runner: runnerOf(BOTH),
  };
  const { exitCode, stderr } = await sync(options);
  assert.deepEqual([exitCode, stderr], [
    0,
    "warning: crossdock.yaml: webhooks.out is ignored: only the server sends notifications\n",
  ]);
  assert.equal((await sync(options, "--quiet")).stderr, "");
});

test("crossdock sync --quiet prints nothing but errors", async () => {
  const fine = await sync({ runner: runnerOf(BOTH) }, "--quiet");
  assert.deepEqual(fine, { exitCode: 0, stdout: "", stderr: "" });
  const base = ruleReport("base", [tagReport("base", "1", FAILED)], { result: "all-failed" });
  const failed = await sync({ runner: runnerOf({ ...BOTH, base }) }, "--quiet");
  assert.deepEqual(failed, {
    exitCode: 13,
    stdout: "",
    stderr: "error: base: localhost:5000/base:1 -> localhost:5001/base:1: " +
      "source: connect: nobody listens\n",
  });
});

const results: [base: RuleReport["result"], apps: RuleReport["result"], exitCode: number][] = [
  ["ok", "ok", 0],
  ["ok", "postponed", 10],
  ["some-failed", "ok", 13],
  ["all-failed", "ok", 13],
  ["some-failed", "all-failed", 13],
  ["all-failed", "postponed", 13],
  ["all-failed", "all-failed", 14],
];
for (const [base, apps, wanted] of results) {
  test(`crossdock sync ends with ${wanted} where one rule is ${base} and the other ${apps}`, async () => {
    const reports = {
      base: ruleReport("base", [], { result: base }),
      apps: ruleReport("apps", [], { result: apps }),
    };
    assert.equal((await sync({ runner: runnerOf(reports) })).exitCode, wanted);
  });
}

test("crossdock sync shows until when a rule is postponed", async () => {
  const postponedUntil = Date.UTC(2026, 2, 7, 12);
  const base = ruleReport("base", [], { result: "postponed", postponedUntil });
  const { stdout } = await sync({ runner: runnerOf({ ...BOTH, base }) });
  assert.match(stdout, /^postponed {5}base until 2026-03-07T12:00:00\.000Z$/m);
});

test("crossdock sync hands --dry-run and --missing on, and runs the rules of --rule alone", async () => {
  const asked: unknown[] = [];
  const runner = {
    run: (
      { name }: { name: string },
      { dryRun, missing }: { dryRun?: boolean; missing?: boolean },
    ) => {
      asked.push([name, dryRun, missing]);
      return Promise.resolve(ruleReport(name, []));
    },
  } as FakeCliOptions["runner"] & object;
  await sync({ runner }, "--dry-run", "--rule", "apps");
  await sync({ runner }, "--missing", "--rule", "apps", "--rule", "base");
  assert.deepEqual(asked, [
    ["apps", true, undefined],
    ["base", undefined, true],
    ["apps", undefined, true],
  ]);
});

test("crossdock sync --status prints each tag's state, and exits with 12 if one is behind", async () => {
  const names = { source: "localhost:5000/base:1", destination: "localhost:5001/base:1" };
  const inStep = { ...names, state: "in-step", digest: `sha256:${"a".repeat(64)}` } as const;
  const current = `sha256:${"b".repeat(64)}`;
  const cases = [
    [[inStep], 0],
    [[inStep, { ...inStep, state: "behind", current }], 12],
    [[inStep, { ...names, state: "error", error: FAILED.error }], 13],
    [[{ ...names, state: "error", error: FAILED.error }], 14],
  ] as const;
  for (const [tags, wanted] of cases) {
    const runner = statusOf({ base: tags as never });
    const { exitCode, stdout } = await sync({ runner }, "--status", "--rule", "base");
    assert.equal(exitCode, wanted, stdout);
  }
  const { stdout } = await sync({ runner: statusOf({ base: cases[1][0] as never }) }, "--status");
  assert.deepEqual(stdout.split("\n"), [
    "rule          base",
    "in-step       localhost:5000/base:1 -> localhost:5001/base:1  sha256:aaaaaaaaaaaa",
    "behind        localhost:5000/base:1 -> localhost:5001/base:1  sha256:aaaaaaaaaaaa, " +
    "has sha256:bbbbbbbbbbbb",
    "rule          apps",
    "",
    "no tags       apps",
    "tags          1 in-step, 1 behind",
    "",
  ]);
});

const refused: [flags: string[], wanted: RegExp][] = [
  [["--rule", "appss"], /^error: there is no rule "appss"\nhint: did you mean apps\n$/],
  [["-c", "none.yaml"], /^error: none\.yaml: file not found\nhint: /],
  [
    ["-c", "broken.yaml"],
    /^error: broken\.yaml:2:3: .*target: is missing\nerror: broken\.yaml:3:3: .*tragets.*\nerror: broken\.yaml:4:9: .*type/,
  ],
  [["-c", "empty.yaml"], /^error: empty\.yaml: no rules found/],
  [["--status", "--watch"], /^error: --status and --watch cannot be combined/],
  [["--status", "--state", "x"], /^error: --status and --state cannot be combined/],
  [
    ["--via", "http://localhost:1", "--state", "x"],
    /^error: --state cannot be combined with --via: .*\nhint: set CROSSDOCK_STATE on the server\n$/,
  ],
  [["--status", "--changes"], /^error: --status and --changes cannot be combined/],
  [["--dry-run", "--watch"], /^error: --watch and --dry-run cannot be combined/],
  [["--detach"], /^error: --detach requires --via\n/],
  [["--via-token-env", "A"], /^error: --via-token-env requires --via\n/],
  [
    ["--via", "https://a.example", "-c", "a.yaml"],
    /^error: --config cannot be combined with --via/,
  ],
  [
    ["--via", "https://a.example", "--retries", "1"],
    /^error: --retries cannot be combined with --via/,
  ],
  [["--progress", "bar"], /^error: --progress: expected plain, json or none/],
];
for (const [flags, wanted] of refused) {
  test(`crossdock sync ${flags.join(" ")} ends with 2 and runs nothing`, async () => {
    const broken = "sync:\n- source: a.io/b:1\n  tragets: [x]\n  type: what\n";
    const run = await sync(
      { files: { ...files, "broken.yaml": broken, "empty.yaml": "version: 1\n" } },
      ...flags,
    );
    assert.equal(run.exitCode, 2);
    assert.equal(run.stdout === "", !flags.includes("--json"));
    assert.match(run.stderr, wanted);
  });
}

test("crossdock sync reads the file from stdin for -", async () => {
  const cli = fakeCli({ descriptors: { 0: FILE }, runner: runnerOf(BOTH) });
  assert.equal((await cli.run("sync", "-c", "-", "--rule", "base")).exitCode, 0);
  const wrong = await fakeCli({ descriptors: { 0: "a: [" } }).run("sync", "-c", "-");
  assert.match(wrong.stderr, /^error: stdin:1:/);
});

test("crossdock sync uses the file's credentials first, then those of the machine unless skipDockerConfig is set", async () => {
  const creds = "creds:\n- { registry: localhost:5000, user: me, pass: one, tls: insecure }\n";
  const home = {
    "/home/me/.docker/config.json": '{"auths":{"localhost:5001":{"auth":"bWU6dHdv"}}}',
  };
  for (const skip of [false, true]) {
    const defaults = `defaults: { interval: 1h, skipDockerConfig: ${skip} }`;
    const text = creds + FILE.replace(/^defaults.*$/m, defaults);
    const cli = fakeCli({ files: { ...home, "crossdock.yaml": text }, runner: runnerOf(BOTH) });
    assert.equal((await cli.run("sync")).exitCode, 0);
    const { source, destination, pace } = cli.engines[0] ?? {};
    assert.equal(source, destination);
    assert.ok(pace);
    const find = async (registry: string): Promise<unknown> =>
      (await source?.credentials?.lookup(registry, "app"))?.credential;
    assert.deepEqual(await find("localhost:5000"), {
      kind: "basic",
      username: "me",
      password: "one",
    });
    const found = skip ? undefined : { kind: "basic", username: "me", password: "two" };
    assert.deepEqual(await find("localhost:5001"), found);
    assert.ok(typeof source?.tls === "function");
    assert.deepEqual(
      [source.tls("localhost:5000"), source.tls("localhost:5001")],
      ["unverified", undefined],
    );
  }
});

test("crossdock sync runs the credential helper that the file names", async () => {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-helper-"));
  try {
    const program = join(folder, "docker-credential-x");
    await writeFile(
      program,
      '#!/bin/sh\nread server\necho "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"s3cret\\"}"\n',
    );
    await chmod(program, 0o755);
    const creds = "creds:\n- { registry: localhost:5000, credHelper: docker-credential-x }\n";
    const cli = fakeCli({
      files: { "crossdock.yaml": creds + FILE },
      env: { PATH: `${folder}:/usr/bin:/bin` },
      runner: runnerOf(BOTH),
    });
    const { exitCode, stderr } = await cli.run("sync");
    assert.equal(exitCode, 0, stderr);
    const found = await cli.engines[0]?.source?.credentials?.lookup("localhost:5000", "app");
    assert.deepEqual(found?.credential, {
      kind: "basic",
      username: "localhost:5000",
      password: "s3cret",
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("crossdock sync fills templates in from variables and files", async () => {
  const text = `
creds:
- { registry: localhost:5000, user: '{{ env "ME" }}', pass: '{{ file "/run/secret" }}' }
sync:
- { name: base, source: localhost:5000/base, target: localhost:5001/base, type: repository }
`;
  const cli = fakeCli({
    files: { "crossdock.yaml": text, "/run/secret": "s3cret\n" },
    env: { ME: "me" },
    runner: runnerOf(BOTH),
  });
  const { exitCode, stderr } = await cli.run("sync");
  assert.deepEqual([exitCode, stderr], [0, ""]);
  const found = await cli.engines[0]?.source?.credentials?.lookup("localhost:5000", "base");
  assert.deepEqual(found?.credential, { kind: "basic", username: "me", password: "s3cret" });
  const without = await fakeCli({ files: { "crossdock.yaml": text } }).run("sync");
  assert.equal(without.exitCode, 2);
  assert.match(without.stderr, /^error: crossdock\.yaml:3:.*ME is not set\nerror: .*\/run\/secret/);
});

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

test("crossdock sync continues when stdout is closed", async () => {
  const cli = fakeCli({
    files,
    runner: runnerOf({
      ...BOTH,
      base: ruleReport("base", [tagReport("base", "1", FAILED)], { result: "all-failed" }),
    }),
  });
  const { stdout } = cli.environment;
  stdout.write = ((_: string, done: (error: Error) => void) => {
    done(Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" }));
    return false;
  }) as typeof stdout.write;
  assert.equal((await cli.run("sync")).exitCode, 13);
});

for (const json of [false, true]) {
  test(`crossdock sync stopped by Ctrl-C prints the results so far${json ? " as JSON" : ""}`, async () => {
    const cli = fakeCli({
      files,
      runner: {
        run({ name: rule }, { emit, signal }): Promise<RuleReport> {
          emit?.({ type: "rule-started", rule });
          emit?.({ type: "tag-ended", rule, tag: tagReport(rule, "1") });
          if (rule === "base") {
            emit?.({ type: "rule-ended", report: ruleReport(rule, [tagReport(rule, "1")]) });
            return Promise.resolve(ruleReport(rule, [tagReport(rule, "1")]));
          }
          cli.send("SIGINT");
          return Promise.reject(signal?.reason ?? new Error("not aborted"));
        },
      },
    });
    const { exitCode, stdout, stderr } = await cli.run("sync", ...(json ? ["--json"] : []));
    assert.equal(exitCode, 130);
    assert.equal(stderr, "stopped: 2 copied; run the same command again to continue\n");
    if (json) {
      const rest = { rule: "apps", result: "stopped", tags: [tagReport("apps", "1")], pruned: [] };
      assert.deepEqual(JSON.parse(stdout), {
        result: "stopped",
        rules: [ruleReport("base", [tagReport("base", "1")]), rest],
      });
    } else {
      assert.match(stdout, /^rule {10}base\ncopied .*\nrule {10}apps\ncopied .*\n$/);
    }
    assert.equal(cli.timers, 0);
  });
}

test("crossdock sync --via has the server run its own rules", async () => {
  const asked: unknown[] = [];
  const done: SyncReport = { result: "some-failed", rules: [BOTH.base], durationMs: 7 };
  const cli = fakeCli({
    remoteEngine: {
      sync(request, { emit } = {}): Promise<SyncReport> {
        asked.push(request);
        for (const tag of BOTH.base.tags) emit?.({ type: "tag-ended", rule: "base", tag });
        return Promise.resolve(done);
      },
      detachSync: (request) => {
        asked.push(request);
        return Promise.resolve({ started: { rules: [{ rule: "base", id: "run-1" }] } });
      },
      syncStatus: (rules) => {
        asked.push(rules);
        return Promise.resolve({ state: "in-step", rules: [] });
      },
    },
  });
  const via = ["sync", "--via", "https://a.example"];
  const { exitCode, stdout } = await cli.run(...via, "--rule", "base", "--missing");
  assert.equal(exitCode, 13);
  assert.match(stdout, /^rule {10}base\ncopied .*\nunchanged .*\n\ntags {10}/);
  assert.equal((await cli.run(...via, "--status", "--rule", "base")).exitCode, 0);
  const started = await cli.run(...via, "--detach");
  assert.deepEqual([started.exitCode, started.stdout], [0, "started       base  run-1\n"]);
  assert.deepEqual(asked, [{ rules: ["base"], missing: true }, ["base"], {}]);
  assert.equal(cli.engines.length, 0);
});

const HELD_BACK = {
  pruned: [{ destination: "localhost:5001/base:0", result: "held-back" as const }],
};
const MISSING = tagReport("base", "9", { result: "missing" });

const LACKING: ReferrerState = {
  kinds: [{ kind: "signature", expected: 3, missing: 1, unavailable: 1 }],
};
const LACKS =
  /^error: base: localhost:5001\/base:1: lacks 1 of 3 signatures \(1 not found at the source\)$/m;

const strict: [name: string, base: RuleReport, exitCode: number, error: RegExp | undefined][] = [
  [
    "a named tag is missing",
    ruleReport("base", [MISSING]),
    4,
    /^error: base: the source does not have localhost:5000\/base:9$/m,
  ],
  [
    "a rule matches nothing",
    ruleReport("base", []),
    4,
    /^error: base: no tag of its source matches$/m,
  ],
  [
    "prune.maxShare holds back",
    ruleReport("base", [tagReport("base", "1")], HELD_BACK),
    6,
    /^error: base: prune\.maxShare held back localhost:5001\/base:0$/m,
  ],
  ["both", ruleReport("base", [MISSING], HELD_BACK), 4, /held back/],
  [
    "a signature of an unchanged image did not arrive",
    ruleReport("base", [tagReport("base", "1", { result: "unchanged", referrerState: LACKING })]),
    12,
    LACKS,
  ],
  [
    "a signature of a copied image did not arrive",
    ruleReport("base", [
      tagReport("base", "1", { report: { ...report, referrerState: LACKING } }),
    ]),
    12,
    LACKS,
  ],
  [
    "the source did not list all referrers",
    ruleReport("base", [
      tagReport("base", "1", { referrerState: { kinds: [], isPartial: true } }),
    ]),
    12,
    /^error: base: localhost:5001\/base:1: the source did not list all referrers$/m,
  ],
  [
    "a tag failed as well",
    ruleReport("base", [MISSING, tagReport("base", "1", FAILED)], { result: "some-failed" }),
    13,
    /does not have/,
  ],
  ["nothing is wrong", ruleReport("base", [tagReport("base", "1")]), 0, undefined],
];
for (const [name, base, exitCode, error] of strict) {
  test(`crossdock sync --strict ends with ${exitCode} if ${name}`, async () => {
    const runner = runnerOf({ ...BOTH, base });
    const run = await sync({ runner }, "--strict");
    assert.equal(run.exitCode, exitCode);
    if (error) assert.match(run.stderr, error);
    else assert.equal(run.stderr, "");
    const lenient = await sync({ runner });
    assert.equal(lenient.exitCode, exitCode === 13 ? 13 : 0);
    assert.doesNotMatch(lenient.stderr, /^error: /m);
  });
}

test("crossdock sync names the rules that select nothing, and the tags that prune holds back", async () => {
  const base = ruleReport("base", [], HELD_BACK);
  const { stdout } = await sync({ runner: runnerOf({ ...BOTH, base }) });
  assert.match(stdout, /^held-back {5}localhost:5001\/base:0$/m);
  assert.match(stdout, /^no tags {7}base$/m);
  assert.match(stdout, /1 held-back$/m);
});

test("crossdock sync --status shows the referrers that an image lacks", async () => {
  const tag = { source: "localhost:5000/base:1", destination: "localhost:5001/base:1" };
  const runner = statusOf({
    base: [{ ...tag, state: "incomplete", digest: digest("a"), referrerState: LACKING }],
  });
  const shown = await sync({ runner }, "--status");
  assert.equal(shown.exitCode, 12);
  assert.match(
    shown.stdout,
    /^incomplete {4}localhost:5000\/base:1 -> localhost:5001\/base:1 {2}sha256:a{12}, lacks 1 of 3 signatures \(/m,
  );
  assert.match(shown.stdout, /^tags {10}1 incomplete$/m);
  const strictly = await sync({ runner }, "--status", "--strict");
  assert.match(strictly.stderr, LACKS);
});

test("crossdock sync --status --strict ends with 4 or 6, and shows surplus tags", async () => {
  const tag = { source: "a/b:1", destination: "c/d:1" };
  const statusWith = (more: Partial<RuleStatus>): Pick<RuleRunner, "status"> => ({
    status: ({ name }) =>
      Promise.resolve({
        rule: name,
        state: "in-step",
        tags: [{ ...tag, state: "in-step" }],
        requests: { source: 1, destination: 1 },
        ...more,
      }),
  });
  const held = { runner: statusWith(HELD_BACK) };
  const shown = await sync(held, "--status");
  assert.equal(shown.exitCode, 0);
  assert.match(shown.stdout, /^held-back {5}localhost:5001\/base:0$/m);
  assert.match(shown.stdout, /^tags {10}2 in-step, 2 held-back$/m);
  assert.equal((await sync(held, "--status", "--strict")).exitCode, 6);
  const missing = { runner: statusWith({ tags: [{ ...tag, state: "not-found" }] }) };
  assert.equal((await sync(missing, "--status", "--strict")).exitCode, 4);
  assert.equal((await sync(missing, "--status")).exitCode, 0);
});
