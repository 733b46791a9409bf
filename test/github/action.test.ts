/** Runs the step of action.yml as the runner of GitHub does: its script, with the inputs in its environment. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import npm from "../../package.json" with { type: "json" };
import type { TempFolder } from "../registries/run_program.ts";
import { createTempFolder } from "../registries/run_program.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const action: Action = parse(readFileSync(join(ROOT, "action.yml"), "utf8"));

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly steps: readonly {
      readonly id: string;
      readonly run: string;
      readonly env: Readonly<Record<string, string>>;
    }[];
  };
}

interface StepResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** The arguments of npx. */
  readonly command: readonly string[];
}

const [step] = action.runs.steps;
assert.ok(step);

/** The runner replaces `${{ inputs.NAME }}`, and puts the result into the environment of the step. */
function toEnvironment(inputs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(step?.env ?? {}).map(([variable, expression]) => {
      const [, name = ""] = /^\$\{\{ inputs\.([a-z-]+) \}\}$/.exec(expression) ?? [];
      return [variable, inputs[name] ?? action.inputs[name]?.default ?? ""];
    }),
  );
}

/** `npx` runs the sources, and `node` is this runtime, so that the test needs nothing else. */
function installPrograms(folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const deno = JSON.stringify(process.execPath);
  const programs = {
    node:
      `[ "$1" = -p ] && exec ${deno} eval --print "$2"\nexec ${deno} run --quiet --allow-all "$@"`,
    npx: `printf '%s\\0' "$@" > "$RUNNER_TEMP/command"\nshift 4\n` +
      `cd "$OLDPWD" && exec ${deno} run --quiet --allow-all --config ${
        JSON.stringify(join(ROOT, "deno.json"))
      } ${JSON.stringify(join(ROOT, "src/cli/main.ts"))} "$@"`,
  };
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/bash\nOLDPWD=$PWD\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

async function runStep(
  inputs: Readonly<Record<string, string>>,
  { folder, env = {} }: { folder: TempFolder; env?: Record<string, string> },
): Promise<StepResult> {
  const path = (name: string): string => join(folder.path, name);
  for (const name of ["output", "summary", "command"]) writeFileSync(path(name), "");
  const bin = existsSync(path("bin")) ? path("bin") : installPrograms(folder.path);
  const options = {
    cwd: folder.path,
    env: {
      PATH: `${bin}:/usr/bin:/bin`,
      HOME: folder.path,
      ...(process.env["DENO_DIR"] ? { DENO_DIR: process.env["DENO_DIR"] } : {}),
      RUNNER_TEMP: folder.path,
      GITHUB_ACTION_PATH: ROOT,
      GITHUB_OUTPUT: path("output"),
      GITHUB_STEP_SUMMARY: path("summary"),
      ...toEnvironment(inputs),
      ...env,
    },
  };
  const shell = ["--noprofile", "--norc", "-eo", "pipefail", "-c", step?.run ?? ""];
  const ended = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile("/bin/bash", shell, options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
  const lines = readFileSync(path("output"), "utf8").trim().split("\n");
  return {
    ...ended,
    outputs: Object.fromEntries(
      lines.filter(Boolean).map((line) => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    ),
    summary: readFileSync(path("summary"), "utf8"),
    command: readFileSync(path("command"), "utf8").split("\0").slice(0, -1),
  };
}

test("action.yml passes each input by the environment, and none in a script", () => {
  const names = Object.values(step.env).map((text) => /inputs\.([a-z-]+)/.exec(text)?.[1] ?? "");
  assert.deepEqual(names.sort(), Object.keys(action.inputs).sort());
  assert.equal(action.runs.steps.length, 1);
  assert.ok(!step.run.includes("${{"));
  assert.equal(step.id, "run");
  for (const [name, { value }] of Object.entries(action.outputs)) {
    assert.equal(value, `\${{ steps.run.outputs.${name} }}`);
  }
});

test("the Action copies an image, and gives its digest, result and report", async () => {
  await using folder = await createTempFolder("action");
  await using source = await startRegistry();
  await using destination = await startRegistry();
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const inputs = { source: `${source.host}/app:1`, destination: `${destination.host}/mirror` };
  const { code, stderr, outputs, summary, command } = await runStep(inputs, { folder });
  assert.equal(code, 0, stderr);
  assert.equal(destination.getManifest("mirror", "1")?.digest, descriptor.digest);
  assert.deepEqual(Object.keys(outputs), ["digest", "result", "report"]);
  assert.deepEqual([outputs["digest"], outputs["result"]], [descriptor.digest, "copied"]);
  const report = JSON.parse(readFileSync(outputs["report"] ?? "", "utf8"));
  assert.equal(report.digest, descriptor.digest);
  assert.match(
    summary,
    /^### crossdock: copied\n\n\| source \| destination \|\n\| --- \| --- \|\n/,
  );
  assert.ok(summary.includes(`${destination.host}/mirror:1@${descriptor.digest}`), summary);
  assert.deepEqual(command.slice(0, 4), [
    "--yes",
    `--package=crossdock@${npm.version}`,
    "--",
    "crossdock",
  ]);
});

test("the Action takes credentials, more options and a version", async () => {
  await using folder = await createTempFolder("action");
  await using source = await startRegistry();
  await using destination = await startRegistry({
    auth: { type: "basic", users: { robot: "p$(id)" } },
  });
  await putImage(source, "app", { tag: "1" });
  const inputs = {
    source: `${source.host}/app:1`,
    destination: `${destination.host}/app:2`,
    "destination-credentials": "robot:p$(id)",
    options: "--no-referrers\n\n--additional-tag=3\r\n",
    version: "1.2.3-rc.1",
  };
  const { code, stdout, stderr, command } = await runStep(inputs, { folder });
  assert.equal(code, 0, stderr);
  assert.ok(destination.getManifest("app", "3"));
  assert.equal(command[1], "--package=crossdock@1.2.3-rc.1");
  assert.ok(!command.join(" ").includes("p$(id)"));
  assert.ok(!`${stdout}${stderr}`.includes("p$(id)"));
});

test("the Action runs rules, and lists changed tags in the summary", async () => {
  await using folder = await createTempFolder("action");
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await putImage(source, "app", { tag: "1" });
  await putImage(source, "other", { tag: "1" });
  const rules = ["app", "other"].map((name) => ({
    name: `rule-${name}`,
    source: `${source.host}/${name}`,
    target: `${destination.host}/${name}`,
    type: "repository",
  }));
  writeFileSync(join(folder.path, "mirrors.yaml"), JSON.stringify({ sync: rules }));
  const inputs = { config: "mirrors.yaml", rules: "rule-app\n" };
  const dry = await runStep({ ...inputs, "dry-run": "true" }, { folder });
  assert.equal(dry.code, 0, dry.stderr);
  assert.equal(destination.getManifest("app", "1"), undefined);
  assert.match(dry.summary, /^1 would-copy$/m);
  const { code, outputs, summary } = await runStep(inputs, { folder });
  assert.equal(code, 0);
  assert.deepEqual([outputs["digest"], outputs["result"]], ["", "ok"]);
  assert.ok(destination.getManifest("app", "1"));
  assert.equal(destination.getManifest("other", "1"), undefined);
  assert.match(summary, /^1 copied$/m);
  assert.ok(summary.includes(`| copied | ${source.host}/app:1 | ${destination.host}/app:1 |  |`));
  const again = await runStep(inputs, { folder });
  assert.match(again.summary, /^1 unchanged$/m);
  assert.ok(!again.summary.includes("|"));
});

test("the Action fails with the exit code of crossdock, and the summary has the message", async () => {
  await using folder = await createTempFolder("action");
  await using registry = await startRegistry();
  await putImage(registry, "app", { tag: "1" });
  const inputs = { source: `${registry.host}/app:9`, destination: `${registry.host}/copy` };
  const { code, outputs, summary, stdout } = await runStep(inputs, { folder });
  assert.equal(code, 4);
  assert.deepEqual([outputs["digest"], outputs["result"]], ["", "not_found"]);
  assert.match(summary, /^### crossdock: not_found\n\n- source: .*app:9 not found\n- hint: /);
  // The runner reads no commands between these lines.
  const [, token] = /^::stop-commands::([0-9a-f-]{36})\n/.exec(stdout) ?? [];
  assert.ok(token);
  assert.ok(stdout.endsWith(`::${token}::\n`), stdout);
});

const HOSTILE = [
  "$(touch hacked)",
  "`touch hacked`",
  "'; touch hacked; '",
  '"; touch hacked; "',
  "a\n::error::hacked\nresult=hacked\n$(touch hacked)",
  "| <img src=x onerror=alert(1)> **bold** [link](https://example.com) |",
  "--help",
  "-q",
  "--dest-tls=off",
];

for (const value of HOSTILE) {
  test(`the Action passes ${JSON.stringify(value)} as one argument`, async () => {
    await using folder = await createTempFolder("action");
    await using registry = await startRegistry();
    const names = { source: value, destination: `${registry.host}/copy` };
    const { code, command, outputs, summary } = await runStep(names, { folder });
    assert.equal(code, 2);
    assert.deepEqual(command.slice(-3), ["--", value, names.destination]);
    assert.deepEqual(Object.keys(outputs), ["digest", "result", "report"]);
    assert.equal(outputs["result"], "usage");
    assert.ok(!/[<>*`[\]]|\| .* \|/.test(summary), summary);
    assert.equal(registry.requests.length, 0);
    const rules = await runStep({ config: value, rules: value }, { folder });
    assert.notEqual(rules.code, 0);
    assert.ok(rules.command.includes(`--config=${value}`));
    assert.ok(!existsSync(join(folder.path, "hacked")));
  });
}

const WRONG: readonly [inputs: Record<string, string>, message: string][] = [
  [{}, "expected source and destination, or config"],
  [{ source: "a.io/b" }, "expected source and destination, or config"],
  [{ source: "a.io/b", config: "c" }, "config: expected no source and destination beside it"],
  [
    { config: "c", "source-credentials": "a:b" },
    "config: expected credentials in its key creds, or from docker/login-action",
  ],
  [{ source: "a.io/b", destination: "c.io/d", rules: "e" }, "rules: expected config beside it"],
  [
    { source: "a.io/b", destination: "c.io/d", "dry-run": "yes" },
    "dry-run: expected true or false, found 'yes'",
  ],
  [
    { source: "a.io/b", destination: "c.io/d", version: "1 --registry=x" },
    "version: expected a version such as 0.2.0, found '1 --registry=x'",
  ],
];

test("the Action rejects inputs that exclude each other, before it runs anything", async () => {
  await using folder = await createTempFolder("action");
  for (const [inputs, message] of WRONG) {
    const { code, stderr, command } = await runStep(inputs, { folder });
    assert.deepEqual([code, stderr, command], [2, `crossdock action: ${message}\n`, []]);
  }
});
