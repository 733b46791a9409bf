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
or true
`;

/** zsh completes only on a terminal, so this one starts another one there. Its compadd prints what it would add. */
const ZSH = `
zmodload zsh/zpty
zpty shell SCRIPT=$SCRIPT zsh -f -i
zpty -w shell "stty -echo; source $FOLDER/inner"
zpty -r -m shell text '*READY*'
zpty -w -n shell "$1"$'\\t'
zpty -r -m shell text '*END*'
print -r -- $text | tr -d '\\r' | sed -n 's/.*HIT //p'
`;

const ZSH_INNER = `
PROMPT=
autoload -Uz compinit
compinit -u -D
source $SCRIPT
zstyle ':completion:*' completer _complete
compadd() {
  if [[ " \${(j: :)@[1,(i)(-|--)]} " == *" -"[ADO]" "* ]]; then
    builtin compadd "$@"
    return
  fi
  local -a hits
  builtin compadd -A hits "$@"
  local hit
  for hit in $hits; do print -r -- "HIT $hit"; done
}
finish() { print END; exit }
comppostfuncs=(finish)
bindkey '^I' complete-word
print READY
`;

/** What a shell offers for the last of the words of a command line. */
export async function complete(shell: Shell, ...words: string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-completion-"));
  try {
    const script = join(folder, "script");
    const runner = join(folder, "runner");
    const { stdout: text } = await fakeCli().run("completion", shell);
    await writeFile(script, text);
    await writeFile(runner, { bash: BASH, fish: FISH, zsh: ZSH }[shell]);
    await writeFile(join(folder, "inner"), ZSH_INNER);
    const line = words.join(" ");
    const args = {
      bash: [runner, ...words],
      fish: ["--no-config", runner, line],
      zsh: ["-f", runner, line],
    };
    const { stdout, stderr } = await promisify(execFile)(shell, args[shell], {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, SCRIPT: script, FOLDER: folder },
    });
    assert.equal(stderr, "");
    const found = stdout.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    return [...new Set(found)];
  } finally {
    await rm(folder, { recursive: true });
  }
}
