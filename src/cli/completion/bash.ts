import type { CompletedCommand, CompletedOption, describeCommands } from "./describe_commands.ts";

/** A script for bash 4 and newer. It names everything that it completes, so that no program runs at a Tab. */
export function toBash({ options, commands }: ReturnType<typeof describeCommands>): string {
  const names = commands.map(({ name }) => name);
  return `# bash completion of crossdock
_crossdock() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command= words= i
  COMPREPLY=()
  # bash splits --option=value into three words.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} != -* ]]; then
      command=\${COMP_WORDS[i]}
      break
    fi
  done
  case $command in
${commands.map(toCase).join("\n")}
  '') words='${[...names, ...listNames(options)].join(" ")}' ;;
  esac
  if [[ $words == - ]]; then
    compopt +o default
  elif [[ $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}
complete -o default -F _crossdock crossdock
`;
}

/** Without words, bash completes files. With "-" it completes nothing. */
function toCase({ name, aliases, options, argument }: CompletedCommand): string {
  const values = options.flatMap((option) =>
    option.values ? [`    ${option.names.join(" | ")}) ${setWords(option.values)} ;;`] : []
  );
  return `  ${[name, ...aliases].join(" | ")})
    case $prev in
${values.join("\n")}${values.length > 0 ? "\n" : ""}    *)
      if [[ $cur == -* ]]; then
        words='${listNames(options).join(" ") || "-"}'
      else
        ${argument ? setWords(argument) : "words=-"}
      fi
      ;;
    esac
    ;;`;
}

function setWords(values: NonNullable<CompletedCommand["argument"]>): string {
  switch (values.type) {
    case "words":
      return `words='${values.words.join(" ")}'`;
    case "file":
      return "words=";
    case "text":
      return "words=-";
  }
}

function listNames(options: readonly CompletedOption[]): string[] {
  return options.flatMap(({ names }) => names.filter((name) => name.startsWith("--")));
}
