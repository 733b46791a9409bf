/** `--via`: the requests to a server, its token, and the flags that are rejected. */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { DurableCopy } from "../../../src/durable/durable_copies.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCliOptions } from "../fake_cli.ts";
import { DESTINATION, plan, report, SOURCE, verification } from "../samples.ts";

const VIA = ["--via", "https://a.example/dock"];
const ID = "0".repeat(64);

test("crossdock asks the server that --via names, and no registry", async () => {
  const asked: string[] = [];
  const note = <Value>(name: string, value: Value): Value => {
    asked.push(name);
    return value;
  };
  const cli = fakeCli({
    remoteEngine: {
      copy: () => note("copy", Promise.resolve(report)),
      plan: () => note("plan", Promise.resolve(plan)),
      tags: () => note("tags", ReadableStream.from([["1", "2"]])),
      verify: () => note("verify", Promise.resolve(verification)),
    },
  });
  for (
    const [command, ...names] of [
      ["copy", SOURCE, DESTINATION],
      ["plan", SOURCE, DESTINATION],
      ["copy", "--dry-run", SOURCE, DESTINATION],
      ["tags", "localhost:5000/app"],
      ["verify", SOURCE, DESTINATION],
    ] as const
  ) {
    const { exitCode, stdout, stderr } = await cli.run(command, ...VIA, ...names);
    assert.deepEqual([exitCode, stderr], [0, ""]);
    assert.notEqual(stdout, "");
  }
  assert.deepEqual(asked, ["copy", "plan", "plan", "tags", "verify"]);
  assert.equal(cli.engines.length, 0);
  assert.equal(cli.remoteEngines[0]?.url, "https://a.example/dock");
});

const tokens: [
  name: string,
  flags: string[],
  more: FakeCliOptions,
  token: string | undefined,
  from: string,
][] = [
  ["none", [], {}, undefined, "CROSSDOCK_TOKEN"],
  ["an empty variable", [], { env: { CROSSDOCK_TOKEN: "" } }, undefined, "CROSSDOCK_TOKEN"],
  ["the variable", [], { env: { CROSSDOCK_TOKEN: "one" } }, "one", "CROSSDOCK_TOKEN"],
  [
    "another variable",
    ["--via-token-env", "MINE"],
    { env: { CROSSDOCK_TOKEN: "one", MINE: "two" } },
    "two",
    "--via-token-env MINE",
  ],
  [
    "a descriptor",
    ["--via-token-fd", "0"],
    { env: { CROSSDOCK_TOKEN: "one" }, descriptors: { 0: "three\n" } },
    "three",
    "--via-token-fd 0",
  ],
];
for (const [name, flags, more, token, from] of tokens) {
  test(`crossdock --via takes its token from ${name}`, async () => {
    const cli = fakeCli({ remoteEngine: { copy: () => Promise.resolve(report) }, ...more });
    const { exitCode, stderr } = await cli.run("copy", ...VIA, ...flags, SOURCE, DESTINATION);
    assert.equal(exitCode, 0, stderr);
    assert.equal(cli.remoteEngines[0]?.token, token);
    assert.equal(cli.remoteEngines[0]?.tokenName, from);
  });
}

const refused: [flags: string[], message: RegExp][] = [
  [
    [...VIA, "--src-creds", "a:b", "--dest-tls", "off"],
    /^error: --src-creds, --dest-tls cannot be combined with --via: /,
  ],
  [[...VIA, "--src-ca", "a.pem"], /^error: --src-ca cannot be combined with --via: /],
  [[...VIA, "--dest-creds-env", "A"], /^error: --dest-creds-env cannot be combined with --via: /],
  [[...VIA, "--dest-creds-fd", "3"], /^error: --dest-creds-fd cannot be combined with --via: /],
  [[...VIA, "--authfile", "a.json"], /^error: --authfile cannot be combined with --via: /],
  [[...VIA, "--concurrency", "2"], /^error: --concurrency cannot be combined with --via: /],
  [[...VIA, "--retries", "0"], /^error: --retries cannot be combined with --via: /],
  [[...VIA, "--timeout", "5"], /^error: --timeout cannot be combined with --via: /],
  [["--via-token-env", "A"], /^error: --via-token-env requires --via\nhint: add --via /],
  [["--via-token-fd", "3"], /^error: --via-token-fd requires --via\nhint: add --via /],
  [["--detach"], /^error: --detach requires --via\nhint: add --via /],
  [[...VIA, "--detach", "--dry-run"], /^error: --detach and --dry-run cannot be combined/],
  [[...VIA, "--via-token-env", "A", "--via-token-fd", "3"], /cannot be combined/],
  [
    [...VIA, "--via-token-env", "A"],
    /^error: --via-token-env A: the variable is not set or empty\n/,
  ],
  [
    [...VIA, "--via-token-fd", "3"],
    /^error: --via-token-fd 3: the file descriptor cannot be read\n/,
  ],
  [
    [...VIA, "--via-token-fd", "1"],
    /--via-token-fd: expected 0 \(stdin\) or a file descriptor from 3/,
  ],
  [[...VIA, "--referrer-source", "a.io/b:1"], /^error: --referrer-source: .*it has a tag/],
  [[...VIA, "--no-referrers", "--referrer-source", "a.io/b"], /cannot be combined/],
];
for (const [flags, message] of refused) {
  test(`crossdock copy rejects ${flags.join(" ")}`, async () => {
    const cli = fakeCli();
    const { exitCode, stderr } = await cli.run("copy", ...flags, SOURCE, DESTINATION);
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, message);
    assert.equal(cli.engines.length + cli.remoteEngines.length, 0);
  });
}

test("crossdock inspect and tags refuse flags about a registry with --via", async () => {
  for (const command of ["inspect", "tags"]) {
    const { exitCode, stderr } = await fakeCli().run(command, ...VIA, "--tls", "off", "a.io/b");
    assert.equal(exitCode, 2);
    assert.match(stderr, /^error: --tls cannot be combined with --via: /);
  }
});

test("crossdock auth has no --via: a server's credentials are its own", async () => {
  const { exitCode, stderr } = await fakeCli().run("auth", ...VIA, "a.io");
  assert.equal(exitCode, 2);
  assert.match(stderr, /unknown option '--via'/);
});

test("crossdock takes no server from the environment", async () => {
  const cli = fakeCli({
    engine: { copy: () => Promise.resolve(report) },
    env: { CROSSDOCK_VIA: "https://a.example", CROSSDOCK_TOKEN: "one" },
  });
  assert.equal((await cli.run("copy", SOURCE, DESTINATION)).exitCode, 0);
  assert.deepEqual([cli.engines.length, cli.remoteEngines.length], [1, 0]);
});

const RUNNING: DurableCopy = { id: ID, state: "running" };

test("crossdock copy --detach prints the URL of the copy", async () => {
  const url = `https://a.example/dock/v1/copies/${ID}`;
  const cli = fakeCli({ remoteEngine: { detach: () => Promise.resolve({ copy: RUNNING, url }) } });
  const text = await cli.run("copy", ...VIA, "--detach", SOURCE, DESTINATION);
  assert.deepEqual(text, {
    exitCode: 0,
    stdout: `running    ${ID}\nat         ${url}\n`,
    stderr: "",
  });
  const json = await cli.run("copy", ...VIA, "--detach", "--json", SOURCE, DESTINATION);
  assert.deepEqual(JSON.parse(json.stdout), RUNNING);
});

test("crossdock copy --detach prints the report if the server has no durable copies", async () => {
  const cli = fakeCli({ remoteEngine: { detach: () => Promise.resolve({ report }) } });
  const { exitCode, stdout } = await cli.run("copy", ...VIA, "--detach", SOURCE, DESTINATION);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^copied {5}localhost:5000/);
});

const problem = {
  type: "urn:crossdock:problem:conflict",
  title: "x",
  status: 409,
  detail: "the tag is taken",
  code: "conflict",
  side: "destination",
} as const;
const states: [copy: DurableCopy, exitCode: number, stdout: RegExp, stderr: RegExp][] = [
  [RUNNING, 0, new RegExp(`^running    ${ID}\n$`), /^$/],
  [{ ...RUNNING, state: "cancelled" }, 0, new RegExp(`^cancelled  ${ID}\n$`), /^$/],
  [{ ...RUNNING, state: "complete", report }, 0, new RegExp(`^complete   ${ID}\ncopied `), /^$/],
  [
    { ...RUNNING, state: "failed", problem },
    5,
    new RegExp(`^failed     ${ID}\n$`),
    /^error: destination: the tag is taken\n$/,
  ],
  [
    { ...RUNNING, state: "failed" },
    11,
    new RegExp(`^failed     ${ID}\n$`),
    /^error: the copy failed, and the server returned no reason\n$/,
  ],
];
for (const command of ["status", "cancel"] as const) {
  for (const [copy, wanted, out, err] of states) {
    test(`crossdock ${command} ends with ${wanted} for a copy that is ${copy.state}`, async () => {
      const ids: string[] = [];
      const answer = (id: string): Promise<DurableCopy> => {
        ids.push(id);
        return Promise.resolve(copy);
      };
      const cli = fakeCli({
        remoteEngine: command === "status" ? { getCopy: answer } : { cancelCopy: answer },
      });
      const { exitCode, stdout, stderr } = await cli.run(command, ...VIA, ID);
      assert.equal(exitCode, wanted);
      assert.match(stdout, out);
      assert.match(stderr, err);
      const json = await cli.run(command, ...VIA, "--json", ID);
      assert.deepEqual([json.exitCode, json.stderr], [wanted, ""]);
      assert.deepEqual(JSON.parse(json.stdout), copy);
      assert.deepEqual(ids, [ID, ID]);
    });
  }

  test(`crossdock ${command} requires --via`, async () => {
    const { exitCode, stderr } = await fakeCli().run(command, ID);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^error: required option '--via <url>' not specified\n/);
  });
}
