import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessCheck } from "../../../src/registry/check_access.ts";
import { parseSyncConfig } from "../../../src/config/sync_config.ts";
import type { LocalEngine } from "../../../src/engine.ts";
import { CrossdockError } from "../../../src/errors.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCli, FakeCliOptions, Run } from "../fake_cli.ts";

const FLAGS = [
  "--source",
  "alpine",
  "--destination",
  "r.example/mirror/alpine",
  "--interval",
  "6h",
];

interface Started {
  readonly cli: FakeCli;
  readonly files: Record<string, string>;
  /** The names that were checked, with the place of the credential that was found. */
  readonly checked: string[];
  run(...argv: string[]): Promise<Run>;
}

/** A CLI whose engine finds credentials as the config says; a registry without one requires it, but Docker Hub. */
function start(options: FakeCliOptions = {}): Started {
  const checked: string[] = [];
  const files = options.files ?? {};
  const engine: Partial<LocalEngine> = {
    async checkAccess(name): Promise<AccessCheck> {
      const [registry = "", ...path] = name.split("/");
      const repository = path.join("/");
      const match = await cli.engines.at(-1)?.source?.credentials?.lookup(registry, repository);
      checked.push(`${name} ${match?.from ?? "nothing"}`);
      const sources = ["~/.docker/config.json: no hosts"];
      return {
        registry,
        repository,
        sources,
        ...(match ? { from: match.from } : {}),
        result: match ? "accepted" : registry === "docker.io" ? "anonymous" : "none",
      };
    },
  };
  const cli = fakeCli({ engine, ...options, files });
  return { cli, files, checked, run: (...argv) => cli.run("init", ...argv) };
}

const DOCKER = JSON.stringify({ auths: { "r.example": { username: "me", password: "s3cret" } } });
const withDocker = (): Record<string, string> => ({ "/home/me/.docker/config.json": DOCKER });

/** The rules of a file that was written, as `crossdock sync` reads them. */
function rulesOf(text: string, env: Record<string, string> = {}): unknown[] {
  const { config, warnings } = parseSyncConfig(text, { from: "crossdock.yaml", env, now: 0 });
  assert.deepEqual(warnings, []);
  return config.rules.map(({ type, source, targets, schedule }) => ({
    type,
    source,
    targets,
    isScheduled: schedule !== undefined,
  }));
}

test("crossdock init with flags asks nothing, checks both registries and writes a file that sync reads", async () => {
  const { run, files, checked, cli } = start({ files: withDocker() });
  const { exitCode, stdout, stderr } = await run(...FLAGS, "--tags", "3\\..*", "--tags", "latest");
  assert.equal(exitCode, 0, stderr);
  assert.equal(stderr, "");
  assert.deepEqual(checked, [
    "docker.io/library/alpine nothing",
    'r.example/mirror/alpine ~/.docker/config.json (auths "r.example")',
  ]);
  assert.match(stdout, /wrote {6}crossdock\.yaml\nnext {7}crossdock sync --dry-run\n$/);
  assert.equal(
    files["crossdock.yaml"],
    `# Written by crossdock init. Try it with: crossdock sync --dry-run
version: 1
defaults:
  interval: 6h
  referrers: true
  digestTags: true
sync:
  - source: alpine
    target: r.example/mirror/alpine
    type: repository
    tags:
      allow:
        - 3\\..*
        - latest
`,
  );
  assert.ok(!Object.values(cli.engines).some((engine) => "s3cret" in engine));
  assert.deepEqual(rulesOf(files["crossdock.yaml"] ?? ""), [{
    type: "repository",
    source: "docker.io/library/alpine",
    targets: ["r.example/mirror/alpine"],
    isScheduled: true,
  }]);
});

test("crossdock sync --dry-run accepts the file that crossdock init wrote", async () => {
  const { run, cli } = start({
    files: withDocker(),
    runner: {
      run: (rule) =>
        Promise.resolve({
          rule: rule.name,
          result: "ok",
          tags: [],
          pruned: [],
          requests: { source: 0, destination: 0 },
          durationMs: 0,
          warnings: [],
        }),
    },
  });
  assert.equal((await run(...FLAGS)).exitCode, 0);
  const { exitCode, stderr } = await cli.run("sync", "--dry-run");
  assert.equal(exitCode, 0, stderr);
});

test("crossdock init asks for what no flag says, and asks again for what does not parse", async () => {
  const answers = [
    "https://alpine",
    "ghcr.io/acme/app",
    "",
    "r.example/app",
    "(",
    "1\\..* latest",
    "soon",
    "17 3 * * *",
  ];
  const { run, files } = start({
    files: {
      "/home/me/.docker/config.json": JSON.stringify({
        auths: {
          "r.example": { username: "me", password: "x" },
          "ghcr.io": { username: "me", password: "x" },
        },
      }),
    },
    answers,
  });
  const { exitCode, stderr } = await run();
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /a reference has no URL scheme/);
  assert.match(stderr, /a name is required/);
  assert.deepEqual(answers, []);
  const text = files["crossdock.yaml"] ?? "";
  assert.match(text, /schedule: 17 3 \* \* \*/);
  assert.match(text, /- 1\\\.\.\*\n {8}- latest/);
  assert.equal(rulesOf(text).length, 1);
});

test("crossdock init has defaults for tags and schedule, also with --yes", async () => {
  const asked = start({ files: withDocker(), answers: ["alpine", "r.example/alpine", "", ""] });
  assert.equal((await asked.run()).exitCode, 0);
  const given = start({ files: withDocker(), answers: [] });
  const flags = ["--yes", "--source", "alpine", "--destination", "r.example/alpine"];
  assert.equal((await given.run(...flags)).exitCode, 0);
  assert.match(asked.files["crossdock.yaml"] ?? "", /interval: 12h/);
  assert.equal(given.files["crossdock.yaml"], asked.files["crossdock.yaml"]);
});

test("crossdock init for one image keeps its tag at the destination", async () => {
  const { run, files } = start({ files: withDocker() });
  await run("--source", "alpine:3.22", "--destination", "r.example/alpine", "--interval", "1h");
  assert.deepEqual(rulesOf(files["crossdock.yaml"] ?? ""), [{
    type: "image",
    source: "docker.io/library/alpine:3.22",
    targets: ["r.example/alpine:3.22"],
    isScheduled: true,
  }]);
});

test("crossdock init writes variables in place of secrets, and checks them", async () => {
  const env = { R_EXAMPLE_USER: "me", R_EXAMPLE_PASS: "s3cret" };
  const { run, files, checked } = start({ env });
  const { exitCode, stdout, stderr } = await run(...FLAGS, "--login-env", "r.example");
  assert.equal(exitCode, 0, stderr);
  const text = files["crossdock.yaml"] ?? "";
  assert.match(text, /user: '?\{\{ env "R_EXAMPLE_USER" \}\}'?/);
  assert.ok(![text, stdout, stderr].some((shown) => shown.includes("s3cret")));
  assert.equal(checked[1], 'r.example/mirror/alpine crossdock.yaml (creds "r.example")');
  assert.equal(rulesOf(text, env).length, 1);
});

test("crossdock init offers variables for a registry that requires a credential", async () => {
  for (const env of [{ R_EXAMPLE_USER: "me", R_EXAMPLE_PASS: "s3cret" }, {}]) {
    const { run, files, checked } = start({ env, answers: ["y"] });
    const { exitCode, stderr } = await run(...FLAGS);
    assert.equal(exitCode, 0, stderr);
    assert.match(files["crossdock.yaml"] ?? "", /R_EXAMPLE_PASS/);
    const isSet = "R_EXAMPLE_USER" in env;
    assert.equal(checked.length, isSet ? 3 : 2);
    assert.equal(/^warning: .* are not set, so they were not checked$/m.test(stderr), !isSet);
  }
});

test("crossdock init writes nothing if a registry accepts no credential", async () => {
  for (const answers of [undefined, ["n"]]) {
    const { run, files } = start(answers ? { answers } : {});
    const { exitCode, stderr } = await run(...FLAGS);
    assert.equal(exitCode, 3);
    assert.match(
      stderr,
      /error: crossdock\.yaml was not written\nhint: run docker login r\.example, or pass --login-env r\.example or --no-check\n$/,
    );
    assert.equal(files["crossdock.yaml"], undefined);
  }
  const unchecked = start();
  assert.equal(
    (await unchecked.run(...FLAGS, "--no-check", "--login-env", "r.example")).exitCode,
    0,
  );
  assert.deepEqual(unchecked.checked, []);
  assert.match(unchecked.files["crossdock.yaml"] ?? "", /R_EXAMPLE_PASS/);
});

test("crossdock init passes on the error of a registry that does not answer", async () => {
  const error = new CrossdockError("network", "connect to r.example: connection refused");
  const { run, files } = start({ engine: { checkAccess: () => Promise.reject(error) } });
  assert.equal((await run(...FLAGS)).exitCode, 8);
  assert.equal(files["crossdock.yaml"], undefined);
});

test("crossdock init uses plain HTTP where --tls-off says so, and its hint names that flag", async () => {
  const error = new CrossdockError("tls", "connect to r.example: the server does not use TLS", {
    side: "source",
    hint: "the registry seems to use plain HTTP; use --src-tls off or --dest-tls off to allow that",
  });
  const failing = start({ engine: { checkAccess: () => Promise.reject(error) } });
  const { exitCode, stderr } = await failing.run(...FLAGS);
  assert.equal(exitCode, 8);
  assert.match(stderr, /^hint: .*; use --tls-off and the registry to allow that$/m);
  const { run, files, cli } = start({ files: withDocker() });
  assert.equal((await run(...FLAGS, "--tls-off", "r.example")).exitCode, 0);
  assert.match(
    files["crossdock.yaml"] ?? "",
    /creds:\n {2}- registry: r\.example\n {4}tls: disabled\n/,
  );
  const { tls } = cli.engines[0]?.source ?? {};
  assert.equal(typeof tls === "function" && tls("r.example"), "off");
});

test("crossdock init replaces a file only with --force", async () => {
  const { run, files, checked } = start({ files: { ...withDocker(), "crossdock.yaml": "mine" } });
  const { exitCode, stderr } = await run(...FLAGS);
  assert.deepEqual([exitCode, files["crossdock.yaml"], checked], [2, "mine", []]);
  assert.equal(
    stderr,
    "error: crossdock.yaml exists\nhint: name another file with --config, or replace it with --force\n",
  );
  assert.equal((await run(...FLAGS, "--config", "other.yaml")).exitCode, 0);
  assert.equal((await run(...FLAGS, "--force")).exitCode, 0);
  assert.equal(files["crossdock.yaml"], files["other.yaml"]);
});

const mistakes: [argv: string[], error: RegExp][] = [
  [
    [],
    /^error: missing --source, --destination, --interval or --schedule, and there is no terminal/,
  ],
  [["--yes"], /^error: missing --source, --destination\nhint: pass --source, --destination\n$/],
  [["--source", "a", "--destination", "r.example/a"], /^error: missing --interval or --schedule,/],
  [[...FLAGS, "--schedule", "@daily"], /^error: --interval and --schedule cannot be combined/],
  [[...FLAGS.slice(0, -1), "soon"], /^error: --interval: /],
  [[...FLAGS.slice(0, -2), "--schedule", "whenever"], /^error: --schedule: /],
  [[...FLAGS, "--tags", "("], /^error: --tags: "\(" is not a valid pattern/],
  [["--source", "https://a", ...FLAGS.slice(2)], /^error: .*has no URL scheme/],
  [[...FLAGS, "--login-env", "r.example"], /^error: --login-env: .*R_EXAMPLE_USER is not set/],
];
for (const [argv, error] of mistakes) {
  test(`crossdock init ${argv.join(" ")} names the mistake and writes nothing`, async () => {
    const { run, files } = start();
    const { exitCode, stderr } = await run(...argv);
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, error);
    assert.deepEqual(files, {});
  });
}
