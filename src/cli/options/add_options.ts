import type { Command, InferOptions, Option, OptionValues } from "@commander-js/extra-typings";

/** The values of options, by name, as commander infers them from flags and parsers. */
export type ValuesOf<Options extends readonly unknown[], Values = Record<never, never>> =
  Options extends readonly [
    Option<
      infer Usage,
      infer Preset,
      infer Default,
      infer Coerced,
      infer Mandatory,
      infer Choices
    >,
    ...infer Rest,
  ] ? ValuesOf<
      Rest,
      InferOptions<Values, Usage, Default, Coerced, Mandatory, Preset, Choices>
    >
    : Values;

// deno-lint-ignore no-explicit-any -- as in commander's own types
type AnyOption = Option<string, any, any, any, boolean, any>;

/** Adds options to a command that has none yet. Its action receives them with their inferred types. */
export function addOptions<
  Args extends unknown[],
  Global extends OptionValues,
  const Options extends readonly AnyOption[],
>(
  command: Command<Args, Record<never, never>, Global>,
  ...options: Options
): Command<Args, Extract<ValuesOf<Options>, OptionValues>, Global> {
  for (const option of options) command.addOption(option);
  return command as Command<Args, Extract<ValuesOf<Options>, OptionValues>, Global>;
}
