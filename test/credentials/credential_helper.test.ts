import { test } from "node:test";
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { runCredentialHelper } from "../../src/credentials/credential_helper.ts";
import type { Credential } from "../../src/auth/credentials.ts";
import { until } from "../support/until.ts";

interface Helper extends AsyncDisposable {
  folder: string;
  ask(registry?: string, timeoutMs?: number): Promise<Credential | undefined>;
}

/** A credential helper `docker-credential-x` in a folder of its own, made of shell commands. */
async function makeHelper(script: string): Promise<Helper> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-helper-"));
  const program = join(folder, "docker-credential-x");
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  const env = { PATH: `${folder}:/usr/bin:/bin`, FOLDER: folder, UNSET: undefined };
  return {
    folder,
    ask: (registry = "ghcr.io", timeoutMs = 10_000) =>
      runCredentialHelper("x", registry, { env, timeoutMs }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** Checks that neither the error nor what is attached to it shows what the program printed. */
function isSilentError(want: { name: string; code: string; message: RegExp }): (
  error: Error & { code?: string; hint?: string },
) => boolean {
  return (error) => {
    assert.equal(error.name, want.name);
    assert.equal(error.code, want.code);
    assert.match(error.message, want.message);
    assert.doesNotMatch(`${error.stack} ${error.hint} ${error.cause}`, /s3cret/);
    return true;
  };
}

const answers: [behaviour: string, script: string, want: Credential | undefined][] = [
  [
    "gives a user and secret",
    `echo '{"ServerURL":"ghcr.io","Username":"me","Secret":"s3cret"}'`,
    { kind: "basic", username: "me", password: "s3cret" },
  ],
  [
    "gives an identity token for the user <token>",
    `echo '{"ServerURL":"ghcr.io","Username":"<token>","Secret":"s3cret"}'`,
    { kind: "identity_token", token: "s3cret" },
  ],
  [
    "takes a credential not found on stdout for none",
    "echo 'credentials not found in native keychain'; exit 1",
    undefined,
  ],
  [
    "takes a credential not found on stderr for none",
    "echo 'The specified item could not be found in the keychain.' >&2; exit 1",
    undefined,
  ],
  ["takes an empty secret for none", `echo '{"Username":"","Secret":""}'`, undefined],
  ["takes null for none", "echo null", undefined],
];

for (const [behaviour, script, want] of answers) {
  test(`runCredentialHelper() ${behaviour}`, async () => {
    await using helper = await makeHelper(script);
    assert.deepEqual(await helper.ask(), want);
  });
}

const servers: [registry: string, server: string][] = [
  ["ghcr.io", "ghcr.io"],
  ["localhost:5000", "localhost:5000"],
  ["docker.io", "https://index.docker.io/v1/"],
];

for (const [registry, server] of servers) {
  test(`runCredentialHelper() asks about ${server} for ${registry}`, async () => {
    await using helper = await makeHelper(
      `cat > "$FOLDER/stdin"; echo "$# $1 \${UNSET-unset}" > "$FOLDER/arguments"; echo '{}'`,
    );
    await helper.ask(registry);
    assert.equal(await readFile(join(helper.folder, "stdin"), "utf8"), server);
    assert.equal(await readFile(join(helper.folder, "arguments"), "utf8"), "1 get unset\n");
  });
}

const failures: [behaviour: string, script: string, message: RegExp][] = [
  [
    "hides the output of a program that fails",
    "echo s3cret; echo s3cret >&2; exit 3",
    /^run docker-credential-x get for ghcr\.io: failed with exit code 3$/,
  ],
  ["tells of a signal", "kill -9 $$", /: (ended by a signal|failed with exit code 137)$/],
  ["hides an answer that is not JSON", "echo 's3cret {'", /the output is not JSON$/],
  [
    "refuses members that are not strings",
    `echo '{"Username":"s3cret","Secret":{"s3cret":1}}'`,
    /expected Username and Secret to be strings$/,
  ],
  ["refuses more than 1 MiB", "head -c 3000000 /dev/zero", /the output exceeds 1048576 bytes$/],
];

for (const [behaviour, script, message] of failures) {
  test(`runCredentialHelper() ${behaviour}`, async () => {
    await using helper = await makeHelper(script);
    const want = { name: "CrossdockError", code: "unauthorized", message };
    await assert.rejects(helper.ask(), isSilentError(want));
  });
}

test("runCredentialHelper() stops a silent program", async () => {
  await using helper = await makeHelper(`echo s3cret; echo $$ > "$FOLDER/pid"; exec sleep 60`);
  const started = performance.now();
  await assert.rejects(
    helper.ask("ghcr.io", 300),
    isSilentError({
      name: "SilenceError",
      code: "timeout",
      message: /^docker-credential-x get: no data for 0\.3 s$/,
    }),
  );
  // On a slow machine it is stopped before it writes its number.
  const pid = Number(await readFile(join(helper.folder, "pid"), "utf8").catch(() => 0));
  if (pid > 0) await until("the program has ended", () => !isAlive(pid));
  assert.ok(performance.now() - started < 50_000, "waited for the program");
});

test("runCredentialHelper() has a hint for a missing program", async () => {
  await assert.rejects(
    runCredentialHelper("not-there", "ghcr.io", { env: { PATH: "/usr/bin:/bin" } }),
    {
      name: "CrossdockError",
      code: "usage",
      message: "run docker-credential-not-there: not found on PATH",
      hint: "install docker-credential-not-there, or remove it from credHelpers and credsStore",
    },
  );
});

for (const name of ["", "../x", "a/b", "a b", "x;id", "x\n", "$(id)", "ü"]) {
  test(`runCredentialHelper() rejects the name ${JSON.stringify(name)}`, async () => {
    await assert.rejects(runCredentialHelper(name, "ghcr.io", { env: {} }), { name: "ParseError" });
  });
}

const isDeno = "deno" in process.versions;

test("runCredentialHelper() names the flag that Deno requires", { skip: !isDeno }, async () => {
  await using helper = await makeHelper("echo null");
  const module = new URL("../../src/credentials/credential_helper.ts", import.meta.url).href;
  const script = join(helper.folder, "ask.ts");
  await writeFile(
    script,
    `import { runCredentialHelper } from ${JSON.stringify(module)};
    const env = { PATH: ${JSON.stringify(helper.folder)}, ...JSON.parse(Deno.args[0]) };
    await runCredentialHelper("x", "ghcr.io", { env }).catch((e) => console.log(e.code, e.hint));`,
  );
  const rows: [flags: string[], env: object, want: string][] = [
    [[], {}, "usage run Deno with --allow-env\n"],
    [["--allow-env"], {}, "usage run Deno with --allow-run=docker-credential-x\n"],
    [["--allow-env"], { LD_LIBRARY_PATH: "/x" }, "usage run Deno with --allow-run\n"],
  ];
  for (const [flags, env, want] of rows) {
    const output = await runDeno([...flags, script, JSON.stringify(env)]);
    assert.equal(output, want, flags.join());
  }
});

/** What a Deno without permissions prints. Named by a variable, because Deno adds `-A` to a Deno in the arguments. */
async function runDeno(args: string[]): Promise<string> {
  const command = 'exec "$DENO" run --no-prompt --no-config "$@"';
  const child = spawn("/bin/sh", ["-c", command, "sh", ...args], {
    env: { ...process.env, DENO: process.execPath },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  await new Promise((resolve) => child.on("close", resolve));
  return output;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
