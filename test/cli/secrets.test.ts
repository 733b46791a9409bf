import { test } from "node:test";
import assert from "node:assert/strict";
import { CrossdockError, NetworkError } from "../../src/errors.ts";
import { fakeCli } from "./fake_cli.ts";
import type { FakeCliOptions } from "./fake_cli.ts";
import { DESTINATION, report, SOURCE } from "./samples.ts";

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
