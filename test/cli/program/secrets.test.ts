import { test } from "node:test";
import assert from "node:assert/strict";
import { CrossdockError, NetworkError } from "../../../src/errors.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCliOptions } from "../fake_cli.ts";
import { DESTINATION, report, SOURCE } from "../samples.ts";

const SECRET = "hunter2";

/** Runs that have the secret on the command line or near it. */
const runs: [argv: string[], more?: FakeCliOptions][] = [
  [["--src-creds", `me:${SECRET}`]],
  [["--src-creds", SECRET]],
  [["--src-creds", `:${SECRET}`]],
  [[`--src-cred=me:${SECRET}`]],
  [[`--scr-creds=me:${SECRET}=x?`]],
  [["--src-creds-env", `me:${SECRET}`]],
  [["--src-creds-env", "CREDS"], { env: { CREDS: SECRET } }],
  [["--src-creds-fd", "3"], { descriptors: { 3: SECRET } }],
  [["--src-creds-fd", "3"], { descriptors: { 3: `me:${SECRET}` } }],
  [["--dest-creds", "me", SECRET]],
  [["--dest-creds", `me:${SECRET}`, "--dest-creds-env", "A"]],
  [["--src-registry-token", `${SECRET} x`]],
  [["--src-registry-token", SECRET, "--src-creds", `me:${SECRET}`]],
  [[`--src-registry-tokn=${SECRET}`]],
  [["--src-registry-token-env", `${SECRET}=`]],
  [["--src-registry-token-env", "TOKEN"], { env: { TOKEN: `${SECRET}\n${SECRET}` } }],
  [["--src-registry-token-fd", "3"], { descriptors: { 3: `Bearer ${SECRET}` } }],
  [["--authfile", "/a.json"], { files: { "/a.json": `{"auths":{"a.io":{"auth":"${SECRET}"` } }],
  [["--authfile", "/a.json"], {
    files: { "/a.json": `{"auths":{"localhost:5000":{"auth":"${SECRET}"}}}` },
  }],
];
/** The same about a server. */
const VIA = "https://a.example";
runs.push(
  [["--via", `https://me:${SECRET}@a.example`]],
  [["--via", `https://a.example/?token=${SECRET}`]],
  [["--via", `me:${SECRET}@a.example`]],
  [["--via", VIA], { env: { CROSSDOCK_TOKEN: SECRET } }],
  [["--via", VIA], { env: { CROSSDOCK_TOKEN: `${SECRET} ${SECRET}` } }],
  [["--via", "http://a.example"], { env: { CROSSDOCK_TOKEN: SECRET } }],
  [["--via", VIA, "--via-token-env", `${SECRET}=`]],
  [["--via", VIA, "--via-token-env", "TOKEN"], { env: { TOKEN: `${SECRET}\n${SECRET}` } }],
  [["--via", VIA, "--via-token-fd", "3"], { descriptors: { 3: SECRET } }],
  [["--via", VIA, "--via-token-fd", "3"], { descriptors: { 3: `${SECRET} \n` } }],
  [["--via", VIA, `--via-token=${SECRET}`]],
  [["--via", VIA, "--src-creds", `me:${SECRET}`]],
  [["--via-token-env", "TOKEN"], { env: { TOKEN: SECRET } }],
);
for (const [flags, more] of runs) {
  test(`crossdock copy ${flags.join(" ")} shows no secret`, async () => {
    const engine = { copy: () => Promise.resolve(report) };
    for (const debug of [[], ["--debug"]]) {
      const cli = fakeCli({ engine, remoteEngine: engine, ...more });
      const { stdout, stderr } = await cli.run("copy", ...debug, ...flags, SOURCE, DESTINATION);
      assert.ok(stdout + stderr !== "");
      assert.doesNotMatch(stdout + stderr, new RegExp(SECRET));
    }
  });
}

test("crossdock copy user:password@registry/… shows no secret", async () => {
  const { exitCode, stderr } = await fakeCli().run("copy", `me:${SECRET}@a.io/b:1`, DESTINATION);
  assert.equal(exitCode, 2);
  assert.doesNotMatch(stderr, new RegExp(SECRET));
});

test("crossdock copy takes user info and query off the URLs in a host's own errors", async () => {
  const cause = new Error(
    `fetch https://me:${SECRET}@a.io/v2/b/uploads/1?_state=${SECRET}#${SECRET} failed`,
  );
  const engine = {
    copy: () =>
      Promise.reject(new NetworkError("reset", "upload blob: the connection broke", { cause })),
  };
  for (const debug of [[], ["--debug"]]) {
    const { stderr } = await fakeCli({ engine }).run("copy", ...debug, SOURCE, DESTINATION);
    assert.match(stderr, /cause: fetch https:\/\/a\.io\/v2\/b\/uploads\/1 failed/);
    assert.doesNotMatch(stderr, new RegExp(SECRET));
  }
});

test("crossdock copy lets no text of a registry steer the terminal", async () => {
  const engine = {
    copy: () => Promise.reject(new CrossdockError("registry", "it said \x1b]0;x\x07 and \u202e")),
    tags: async function* (): AsyncGenerator<string[]> {
      yield await Promise.resolve(["1\x1b[2J"]);
    },
  };
  const { stderr } = await fakeCli({ engine }).run("copy", SOURCE, DESTINATION);
  assert.equal(stderr, "error: it said \\u{1b}]0;x\\u{7} and \\u{202e}\n");
  const { stdout } = await fakeCli({ engine }).run("tags", "localhost:5000/app");
  assert.equal(stdout, "1\\u{1b}[2J\n");
});

/** Files with secrets in them, right and wrong, as `crossdock.yaml`. */
const RULE =
  "sync:\n- { name: a, source: a.io/b:1, target: c.io/b:1, type: image, interval: 1h }\n";
const configs: [name: string, text: string][] = [
  ["a password", `creds: [{ registry: a.io, user: me, pass: ${SECRET} }]\n${RULE}`],
  ["a token", `creds: [{ registry: a.io, token: ${SECRET} }]\n${RULE}`],
  ["a password of no user", `creds: [{ registry: a.io, pass: ${SECRET} }]\n${RULE}`],
  [
    "a password that is a list",
    `creds: [{ registry: a.io, user: me, pass: [${SECRET}] }]\n${RULE}`,
  ],
  ["a password in a template", `creds: [{ registry: a.io, user: me, pass: '{{ "${SECRET}" }' }]\n`],
  ["a variable", `creds: [{ registry: a.io, user: me, pass: '{{ env "PASS" }}' }]\n${RULE}`],
  ["a password twice", `creds: [{ registry: a.io, user: me, pass: ${SECRET}, pass: ${SECRET} }]`],
  [
    "a secret of a hook",
    `webhooks: { out: [{ url: "https://me:${SECRET}@h.io/${SECRET}", secret: ${SECRET} }] }\n${RULE}`,
  ],
];
for (const [name, text] of configs) {
  for (const flags of [[], ["--status"], ["--json"], ["--debug"], ["--rule", "nobody"]]) {
    test(`crossdock sync ${flags.join(" ")} of a file with ${name} shows no secret`, async () => {
      const error = { code: "unauthorized", message: "no", side: "source" } as const;
      const names = { source: "a.io/b:1", destination: "c.io/b:1" };
      const requests = { source: 1, destination: 1 };
      const cli = fakeCli({
        files: { "crossdock.yaml": text },
        env: { PASS: SECRET },
        runner: {
          run: ({ name: rule }) =>
            Promise.resolve({
              rule,
              result: "all-failed",
              tags: [{ ...names, result: "failed", error }],
              pruned: [],
              requests,
              durationMs: 1,
              warnings: [],
            }),
          status: ({ name: rule }) =>
            Promise.resolve({
              rule,
              state: "error",
              tags: [{ ...names, state: "error", error }],
              requests,
            }),
        },
      });
      const { stdout, stderr } = await cli.run("sync", ...flags);
      assert.ok(stdout + stderr !== "");
      assert.doesNotMatch(stdout + stderr, new RegExp(SECRET));
    });
  }
}
