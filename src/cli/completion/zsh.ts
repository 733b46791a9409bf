import type {
  CompletedCommand,
  CompletedOption,
  describeCommands,
  Values,
} from "./describe_commands.ts";

/** A script for zsh, to be sourced or put into a folder of `fpath` as `_crossdock`. */
export function toZsh({ options, commands }: ReturnType<typeof describeCommands>): string {
  return `#compdef crossdock
_crossdock() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C${toSpecs(options)} \\
    '1:command:->command' \\
    '*::argument:->argument'
  case $state in
  command)
    local -a commands=(
${commands.map(({ name, description }) => `      ${quote(`${name}:${description}`)}`).join("\n")}
    )
    _describe command commands
    ;;
  argument)
    case $line[1] in
${commands.map(toCase).join("\n")}
    esac
    ;;
  esac
}
if [[ $funcstack[1] == _crossdock ]]; then
  _crossdock "$@"
else
  compdef _crossdock crossdock
fi
`;
}

function toCase({ name, aliases, options, argument }: CompletedCommand): string {
  const rest = argument ? ` \\\n    ${quote(`*:argument:${toAction(argument)}`)}` : "";
  return `    ${[name, ...aliases].join(" | ")}) _arguments -s${toSpecs(options)}${rest} ;;`;
}

/** `'*--tls=[TLS to the registry]:value:(on off)'`, one in each line. An option may be repeated. */
function toSpecs(options: readonly CompletedOption[]): string {
  return options.flatMap(({ names, description, values }) =>
    names.map((name) => {
      const more = values ? (name.startsWith("--") ? "=" : "+") : "";
      const value = values ? `:value:${toAction(values)}` : "";
      return ` \\\n    ${quote(`*${name}${more}[${escape(description)}]${value}`)}`;
    })
  ).join("");
}

function toAction(values: Values): string {
  switch (values.type) {
    case "words":
      return `(${values.words.join(" ")})`;
    case "file":
      return "_files";
    case "text":
      return " ";
  }
}

/** Escapes the characters that end a description. */
function escape(text: string): string {
  return text.replace(/[[\]\\:]/g, "\\$&");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
