import type {
  CompletedCommand,
  CompletedOption,
  describeCommands,
  Values,
} from "./describe_commands.ts";

/** A script for fish. */
export function toFish({ options, commands }: ReturnType<typeof describeCommands>): string {
  return [
    "# fish completion of crossdock",
    "complete -c crossdock -f",
    ...options.map((option) => toLine("__fish_use_subcommand", option)),
    ...commands.map(({ name, description }) =>
      `complete -c crossdock -n __fish_use_subcommand -a ${name} -d ${quote(description)}`
    ),
    ...commands.flatMap(toLines),
    "",
  ].join("\n");
}

function toLines({ name, aliases, options, argument }: CompletedCommand): string[] {
  const condition = `'__fish_seen_subcommand_from ${[name, ...aliases].join(" ")}'`;
  return [
    ...(argument && argument.type !== "text"
      ? [`complete -c crossdock -n ${condition}${toArguments(argument)}`]
      : []),
    ...options.map((option) => toLine(condition, option)),
  ];
}

function toLine(condition: string, { names, description, values }: CompletedOption): string {
  const flags = names.map((name) =>
    name.startsWith("--") ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`
  );
  const value = values ? ` -r${toArguments(values)}` : "";
  return `complete -c crossdock -n ${condition}${flags.join("")}${value} -d ${quote(description)}`;
}

function toArguments(values: Values): string {
  switch (values.type) {
    case "words":
      return ` -f -a ${quote(values.words.join(" "))}`;
    case "file":
      return " -F";
    case "text":
      return " -f";
  }
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
