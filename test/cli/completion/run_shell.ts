/** Completes words in real shells. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { fakeCli } from "../fake_cli.ts";

export type Shell = "bash" | "zsh" | "fish";

export function isInstalled(shell: Shell): boolean {
  return ["/bin", "/usr/bin"].some((folder) => existsSync(join(folder, shell)));
}

/** bash would complete files itself if the function allows it. */
const BASH = `
source "$SCRIPT"
compopt() { echo "compopt $*"; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_crossdock
printf '%s\\n' "\${COMPREPLY[@]}"
`;

const FISH = `
source $SCRIPT
complete -C "$argv[1]" | string replace -r '\\t.*' ''
`;

/** What a shell offers for the last of the words of a command line. */
export async function complete(shell: "bash" | "fish", ...words: string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-completion-"));
  try {
    const script = join(folder, "script");
    const runner = join(folder, "runner");
    const { stdout: text } = await fakeCli().run("completion", shell);
    await writeFile(script, text);
    await writeFile(runner, shell === "bash" ? BASH : FISH);
    const args = shell === "bash" ? [runner, ...words] : ["--no-config", runner, words.join(" ")];
    const { stdout, stderr } = await promisify(execFile)(shell, args, {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, SCRIPT: script },
    });
    assert.equal(stderr, "");
    return stdout.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  } finally {
    await rm(folder, { recursive: true });
  }
}
