/** Another program that copies images, run by a command with placeholders. */
import { spawn } from "node:child_process";
import process from "node:process";
import type { Ability, Attempt } from "./fault_case.ts";
import { writeDockerConfig } from "./run_case.ts";
import type { Ending, Tool } from "./run_case.ts";

/** Some tools wait longer before each retry. */
const TIMEOUT_MS = 120_000;

/** Commands of known programs, by name. */
export const KNOWN_COMMANDS: Readonly<Record<string, string>> = {
  skopeo: "skopeo copy --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false " +
    "docker://{source} docker://{destination}",
  crane: "crane copy --insecure {source} {destination}",
  regctl: "regctl --host reg={sourceHost},tls=disabled --host reg={destinationHost},tls=disabled " +
    "image copy --referrers --digest-tags {source} {destination}",
  oras: "oras copy --recursive --from-plain-http --to-plain-http {source} {destination}",
};

/** What these programs copy besides single images. */
const KNOWN_ABILITIES: Readonly<Record<string, readonly Ability[]>> = {
  skopeo: ["index"],
  crane: ["index"],
  regctl: ["index", "referrers", "digestTags"],
  oras: ["index", "referrers"],
};

/** Words are separated by spaces. There is no quoting. */
export function toTool(command: string): Tool {
  const words = command.split(/ +/).filter((word) => word !== "");
  const name = words[0]?.replace(/.*\//, "") ?? "";
  return {
    name,
    abilities: KNOWN_ABILITIES[name] ?? ["index", "referrers", "digestTags"],
    async run(attempt, scene): Promise<Ending> {
      const env = { ...await writeDockerConfig(attempt, scene), HOME: scene.folder };
      const [program = "", ...args] = words.map((word) => fillIn(word, attempt));
      return await runProgram(program, args, { ...env, ...attempt.env });
    },
  };
}

function fillIn(word: string, { source, destination }: Attempt): string {
  const values: Readonly<Record<string, string>> = {
    source,
    destination,
    sourceHost: source.split("/")[0] ?? "",
    destinationHost: destination.split("/")[0] ?? "",
  };
  return word.replace(/\{(\w+)\}/g, (text, key) => values[key] ?? text);
}

function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ending> {
  const child = spawn(program, args, {
    env: { PATH: process.env["PATH"], ...env },
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => output += text);
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on(
      "close",
      (code) => resolve({ exitCode: code ?? -1, output, isCrossdock: false }),
    );
  });
}
