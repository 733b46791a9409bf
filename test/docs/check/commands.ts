/** Checks command lines: crossdock's own by its parser, and whether other programs are known. */
import { existsSync, readFileSync } from "node:fs";
import { EXIT_DONE } from "../../../src/cli/output/exit_codes.ts";
import type { CliEnvironment } from "../../../src/cli/environment.ts";
import { runCli } from "../../../src/cli/program.ts";
import { TextSink } from "../../cli/fake_cli.ts";
import type { Command } from "./shell.ts";

/** Programs that a reader has, or that the document says how to get. */
const PROGRAMS = [
  ...["apk", "apt-get", "aws", "az", "base64", "brew", "bun", "bunx", "cat", "cd", "chmod", "cp"],
  ...["cosign", "crane", "cron", "crontab", "curl", "cut", "date", "deno", "deployctl", "docker"],
  ...["docker-compose", "echo", "eval", "exit", "export", "gcloud", "gh", "git", "go", "grep"],
  ...["head", "helm", "install", "jq", "kill", "kubectl", "ls", "mkdir", "mktemp", "mv", "node"],
  ...["npm", "npx", "openssl", "oras", "podman", "printf", "pnpm", "podman-compose", "read"],
  ...["regctl", "regsync", "rm", "sam", "sed", "set", "sha256sum", "skopeo", "sleep", "sort"],
  ...["source", "ssh", "sudo", "systemctl", "tail", "tar", "tee", "test", "touch", "trap", "true"],
  ...["unset", "update-ca-certificates", "vercel", "wait", "wget", "wrangler", "xargs", "yarn"],
  ...["zip", "unzip", "umask", "useradd", "mount", "rsync", "scp", "image-syncer", "dregsy"],
];

const { tasks }: { tasks: Record<string, string> } = JSON.parse(
  readFileSync(new URL("../../../deno.json", import.meta.url), "utf8"),
);

/** Programs that run the command after their own flags. */
const WRAPPERS: Readonly<Record<string, readonly string[]>> = {
  sudo: ["-u"],
  exec: [],
  env: ["-u"],
  nohup: [],
  timeout: ["-s", "-k"],
};

/** Flags with a value of programs that run a package or an image. */
const RUN_FLAGS = ["-p", "--package", "-e", "--env", "-v", "--volume", "--name", "--network", "-u"];
const MORE_RUN_FLAGS = ["--user", "--env-file", "--entrypoint", "-w", "--mount", "--restart", "-n"];

export async function checkCommand(command: Command): Promise<string | undefined> {
  const words = unwrap(command.words);
  const [program = ""] = words;
  const own = toCrossdock(words);
  if (own) return await parseOwn(own, command.variables);
  if (program === "crossdock-server") {
    const other = words.slice(1).find((word) => !["--help", "--version"].includes(word));
    return other === undefined ? undefined : `crossdock-server has no ${other}`;
  }
  if (program === "deno" && words[1] === "task") {
    const name = words.slice(2).find((word) => !word.startsWith("-")) ?? "";
    return Object.hasOwn(tasks, name) ? undefined : `deno.json has no task ${name}`;
  }
  if (PROGRAMS.includes(program)) return undefined;
  if (/^\.{0,2}\//.test(program) || existsSync(program)) return undefined;
  return `unknown program ${program}: correct it, or add it to PROGRAMS of test/docs/check/commands.ts`;
}

function unwrap(words: readonly string[]): readonly string[] {
  const flags = WRAPPERS[words[0] ?? ""];
  if (!flags) return words;
  let index = 1;
  for (; index < words.length; index++) {
    const word = words[index] ?? "";
    if (flags.includes(word)) index++;
    else if (!word.startsWith("-") && !/^\w+=|^\d+[smh]?$/.test(word)) break;
  }
  return unwrap(words.slice(index));
}

/** The arguments of crossdock, if the command line runs it. */
function toCrossdock(words: readonly string[]): readonly string[] | undefined {
  const [program = "", ...rest] = words;
  if (/^(?:\S*\/)?crossdock$/.test(program)) return rest;
  if (["npx", "bunx"].includes(program)) return after(rest, /^(?:npm:)?crossdock(?:@.*)?$/);
  if (program === "xargs") return after(rest, /^crossdock$/);
  if (program === "node" || program === "bun") {
    return after(rest, /^\S*\/(?:crossdock\.js|cli\/main\.ts)$/);
  }
  if (program === "deno" && rest[0] === "task") return after(rest.slice(1), /^crossdock$/);
  if (program === "deno" && ["run", "x"].includes(rest[0] ?? "")) {
    return after(
      rest.slice(1),
      /^(?:npm:crossdock(?:@\S*)?|jsr:@crossdock\/\S+|\S*src\/cli\/main\.ts)$/,
    );
  }
  if (["docker", "podman"].includes(program) && rest[0] === "run") {
    if (rest.includes("--entrypoint")) return undefined;
    const own = after(rest.slice(1), /^(?:\S+\/)?crossdock(?:[:@]\S+)?$/);
    return own?.length === 0 ? ["serve"] : own;
  }
  if (program === "docker" && rest[0] === "compose" && ["run", "exec"].includes(rest[1] ?? "")) {
    return after(rest.slice(2), /^crossdock$/);
  }
  return undefined;
}

/** The words after the first operand, if that is a name of crossdock. */
function after(words: readonly string[], name: RegExp): readonly string[] | undefined {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (RUN_FLAGS.includes(word) || MORE_RUN_FLAGS.includes(word)) index++;
    else if (!word.startsWith("-")) return name.test(word) ? words.slice(index + 1) : undefined;
  }
  return undefined;
}

/** Runs the command up to the point where it needs a file, a registry or a server. */
async function parseOwn(
  words: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  let reached = false;
  const reach = (): never => {
    reached = true;
    throw new Error("the command line is valid");
  };
  const stderr = new TextSink();
  const environment: CliEnvironment = {
    env: { HOME: "/home/me", ...secretsOf(words), ...variables },
    stdout: new TextSink(),
    stderr,
    readTextFile: () => Promise.resolve().then(reach),
    listFolder: () => Promise.resolve().then(reach),
    readTextFileSync: reach,
    writeTextFile: () => Promise.resolve().then(reach),
    openPrompt: () => Promise.resolve().then(reach),
    readDescriptor: () => Promise.resolve().then(reach),
    onSignal: () => () => {},
    exit: reach,
    now: () => 0,
    every: () => () => {},
    createRuntime: () => Promise.resolve().then(reach),
    createEngine: () => Promise.resolve().then(reach),
    createRemoteEngine: () => Promise.resolve().then(reach),
    openLayouts: () => Promise.resolve().then(reach),
    openState: () => Promise.resolve().then(reach),
    createRuleRunner: () => Promise.resolve().then(reach),
    serve: () => Promise.resolve().then(reach),
  };
  const exitCode = await runCli(words, environment);
  if (reached || exitCode === EXIT_DONE) return undefined;
  return `crossdock ${words.join(" ")}: ${stderr.text.trim().split("\n").join("; ")}`;
}

/** Variables that flags name, with a value for each. */
function secretsOf(words: readonly string[]): Record<string, string> {
  const names = words.flatMap((word, index) => {
    if (/^--[a-z-]+-env$/.test(word)) return [words[index + 1] ?? ""];
    return /^--[a-z-]+-env=(.+)$/.exec(word)?.slice(1) ?? [];
  });
  return Object.fromEntries(names.map((name) => [name, "user:password"]));
}
